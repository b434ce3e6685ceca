import { expect, test } from 'vitest';
import { agentText } from '../../../src/report/kinds/agent.ts';
import { calibrateText } from '../../../src/report/kinds/calibrate.ts';
import { driftText } from '../../../src/report/kinds/drift.ts';
import { hostText } from '../../../src/report/kinds/host.ts';
import { kvmText } from '../../../src/report/kinds/kvm.ts';
import { runsText } from '../../../src/report/kinds/runs.ts';
import { stopText } from '../../../src/report/kinds/stop.ts';
import { timerText } from '../../../src/report/kinds/timer.ts';
import { mapParts, measureText } from '../../../src/report/parts.ts';
import { fixtureParts } from '../fixture.ts';

const parts = fixtureParts();

// The same tables make the page, so that they are asserted whole, once. Read the difference before an update (-u).
test.each([
  ['host', () => hostText(parts.host)],
  ['calibrate', () => calibrateText(parts.calibrate)],
  ['timer', () => timerText(parts.timer)],
  ['drift', () => driftText(parts.drift)],
  ['stop', () => stopText(parts.stop)],
  ['kvm', () => kvmText(parts.kvm)],
  ['measure', () => measureText({ quick: false, ...parts, skipped: [{ part: 'kvm', reason: 'it cannot' }] })],
  [
    'verdicts',
    () =>
      mapParts(parts, (kind, result) => kind.verdict(result))
        .map(({ level, about, text }) => `${level}\n${about}\n${text}\n`)
        .join('\n'),
  ],
])('what is said of %s', async (name, text) => {
  await expect(`${text()}\n`).toMatchFileSnapshot(`${name}.txt`);
});

test('what forced delays of a guest showed', () => {
  const stall = {
    tried: 3,
    grid: { old: 0, new: 2, unclear: 1 },
    periodNs: 1e6,
    latenessNs: { max: 31e6, p50: 30e6 },
    verdict: 'clamps',
    explanation: 'After each of them a new grid began.',
  } as const;
  expect(kvmText({ ...parts.kvm, stall, fix: 'clamps' })).toContain(
    [
      'Forced delay: clamps',
      'delays  late p50    max  new grid after it  old grid  unclear',
      '     3     30 ms  31 ms                  2         0        1',
      'After each of them a new grid began.',
    ].join('\n'),
  );
});

test('an agent tells its settings, or what it did', () => {
  const settings = { db: { value: 'a.db', origin: '--db' }, token: { value: null, origin: 'default' } };
  const result = { file: null, settings, plan: ['samples every 10 s'], ran: null };
  expect(agentText(result as unknown as Parameters<typeof agentText>[0])).toBe(
    'No configuration file.\n\nsetting  value  from\ndb       a.db   --db\ntoken    off    default\n\nsamples every 10 s',
  );
});

test('runs: the newest first, those still open, and what was moved', () => {
  const run = {
    run: 'a1',
    host: 'h',
    command: 'drift',
    startedAt: '2026-01-31T23:59:59.123Z',
    endedAt: null,
    lastSampleAt: '2026-02-01T00:00:01.000Z',
    pairs: 3,
    samples: 1234,
    events: 0,
    document: false,
  };
  const result = {
    db: 'a.db',
    runs: [run, { ...run, endedAt: '2026-02-01T00:00:02.000Z' }, { ...run, lastSampleAt: null }],
    imported: { file: 'in', newRows: 0 },
    exported: { file: 'out', rows: 2000 },
  };
  expect(runsText(result as unknown as Parameters<typeof runsText>[0])).toBe(
    [
      '0 new rows from in.',
      '',
      'run  host  command  started (UTC)        ended                      pairs  samples  events',
      'a1   h     drift    2026-01-31 23:59:59  open; 2026-02-01 00:00:01      3    1,234       0',
      'a1   h     drift    2026-01-31 23:59:59  2026-02-01 00:00:02            3    1,234       0',
      'a1   h     drift    2026-01-31 23:59:59  open                           3    1,234       0',
      '',
      'open: it still runs, or was cut off after the sample named.',
      '',
      '2,000 rows written to out.',
    ].join('\n'),
  );
});

import { expect, test } from 'vitest';
import { agentText } from '../../../src/report/kinds/agent.ts';
import { calibrate } from '../../../src/report/kinds/calibrate.ts';
import { drift } from '../../../src/report/kinds/drift.ts';
import { host, hostLine } from '../../../src/report/kinds/host.ts';
import { kvm } from '../../../src/report/kinds/kvm.ts';
import { runsText } from '../../../src/report/kinds/runs.ts';
import { stop } from '../../../src/report/kinds/stop.ts';
import { timerText } from '../../../src/report/kinds/timer.ts';
import { mapParts, measureText } from '../../../src/report/parts.ts';
import { resultText } from '../../../src/report/text.ts';
import { fixture, fixtureParts } from '../fixture.ts';

const parts = fixtureParts();

// The same tables make the page, so that they are asserted whole, once. Read the difference before an update (-u).
test.each([
  ['host', () => resultText(host, parts.host)],
  ['calibrate', () => resultText(calibrate, parts.calibrate)],
  ['timer', () => timerText(parts.timer)],
  ['drift', () => resultText(drift, parts.drift)],
  ['stop', () => resultText(stop, parts.stop)],
  ['kvm', () => resultText(kvm, parts.kvm)],
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

test('percentiles of lateness have their intervals, and a throttled run says so', () => {
  const latenessIntervals = {
    correlation: 0.1,
    p50: { low: 30_100, high: 30_800 },
    p90: { low: 41_000, high: 42_000 },
    p99: { low: 48_000, high: 52_000 },
    p999: null,
    maxReason: 'it rests on one tick',
  };
  const text = timerText({
    ...parts.timer,
    latenessIntervals,
    throttled: { times: 2, ns: 31e6 },
  } as typeof parts.timer);
  expect(text).toContain("0 missed. The control group's CPU quota stopped it 2 times, for 31 ms in all.");
  const lines = text.split('\n').map((line) => line.split(/ {2,}/));
  expect(lines.find(([name]) => name === 'tscope')).toEqual([
    'tscope',
    '2,999',
    '0',
    '12 us',
    '32 us',
    '30.45 us',
    '41.6 us',
    '49.6 us',
    '200 us',
    '590 us',
  ]);
  expect(lines.find(([name]) => name === '95 % interval')).toEqual([
    '95 % interval',
    '-',
    '-',
    '30.10 to 30.80 us',
    '41.0 to 42.0 us',
    '48.0 to 52.0 us',
    '-',
    '-',
  ]);
  expect(text).toContain(
    "\nmax has no interval: it rests on one tick; neither has min, for the same reason, nor the mean, which a few late ticks decide. No interval of p99.9: too few ticks are later (neighbours that are late together count as fewer) to bound the next run's.\n",
  );
  const whole = { ...latenessIntervals, p999: { low: 100_000, high: 500_000 } };
  expect(timerText({ ...parts.timer, latenessIntervals: whole } as typeof parts.timer)).not.toContain(
    'No interval of',
  );
});

test('a drift too short for its noise says why its deviations have no interval; an older document says nothing', () => {
  const [pair] = parts.drift.pairs;
  const reason = 'No interval: it takes 30 samples that vary to tell the noise.';
  const withRows = (rows: object) =>
    resultText(drift, {
      ...parts.drift,
      pairs: [{ ...pair, stability: pair?.stability.map((row) => ({ ...row, ...rows })) }],
    } as typeof parts.drift);
  expect(withRows({ oadevLow: null, oadevHigh: null })).toContain(reason);
  expect(withRows({ oadevLow: 1e-9, oadevHigh: 2e-9 })).not.toContain(reason);
  expect(resultText(drift, parts.drift)).not.toContain(reason);
});

test('CPUs are told as ranges', () => {
  const cpus = (...value: number[]) => {
    const affinity = { value, source: 'sched_getaffinity' };
    const scheduling = { ...parts.host.scheduling, affinity };
    return resultText(host, { ...parts.host, scheduling }).match(/CPUs allowed +(.*?) +\(/)?.[1];
  };
  expect(cpus(0)).toBe('0');
  expect(cpus(0, 1, 2, 3, 8, 10, 11)).toBe('0-3, 8, 10-11');
  expect(cpus()).toBe('');
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
  expect(resultText(kvm, { ...parts.kvm, stall, fix: 'clamps' })).toContain(
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

test('one of a thing is said in the singular', () => {
  const ran = { address: '127.0.0.1:9797', durationNs: 1e9, samples: 1, events: 1, notStored: 0 };
  expect(agentText({ file: null, settings: {}, plan: [], ran })).toBe(
    'Ran for 1.0 s at http://127.0.0.1:9797/: 1 sample, 1 event.',
  );
  const moved = {
    db: 'a.db',
    runs: [],
    imported: { file: 'in', newRows: 1 },
    exported: { file: 'out', rows: 1 },
  };
  const text = runsText(moved as unknown as Parameters<typeof runsText>[0]);
  expect(text).toContain('1 new row from in.');
  expect(text).toContain('1 row written to out.');
  expect(hostLine({ ...fixture().host, cpus: 1 })).toContain(', 1 CPU, ');
});

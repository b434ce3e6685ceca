import { expect, test } from 'vitest';
import { quietControl } from '../../../src/clock/control.ts';
import { stop, stopText } from '../../../src/report/kinds/stop.ts';
import { type StopOptions, stopDefaults } from '../../../src/tasks/stop/options.ts';
import { simulateStop } from '../../../src/tasks/stop/stop.ts';
import { fixtureParts } from '../fixture.ts';

const S = 1_000_000_000n;
const simulation = { callbackNs: 79n, exitNs: 1000n };
const simulated = (changes: Partial<StopOptions>, costs = simulation) =>
  simulateStop({ ...stopDefaults, repeat: 3, simulate: costs, ...changes }, costs, quietControl);

test('a lockup says so, how far behind it still was, and marks what is projected', async () => {
  const result = simulated({
    policies: ['catch-up', 'clamp', 'skip', 'reinject'],
    periodsNs: [200_000n],
    stopsNs: [S, 60n * S],
    watchdogNs: 5_000_000n,
  });
  await expect(`${stopText(result)}\n`).toMatchFileSnapshot('stop-simulated.txt');
  expect(stop.verdict(result)).toEqual({
    level: 'note',
    about: 'Long stops',
    text: 'In virtual time. Under catch-up (Linux 4.18 to 6.18, on the preemption timer) a stop of 13 s at a period of 200 us takes as long as the watchdog allows (5 ms): a hard lockup. With clamp, the fix, 1 min take 2.0 us to recover from.',
  });
});

test('a recovery that never ends is called that', async () => {
  const never = { callbackNs: 300_000n, exitNs: 1000n };
  const result = simulated(
    { policies: ['catch-up'], periodsNs: [200_000n], stopsNs: [S], watchdogNs: 50_000_000n },
    never,
  );
  expect(stopText(result)).toMatch(/^catch-up +1 s +never +no end .* LOCKUP, still \d/m);
});

test('what was cut by the budget is a lockup only where it would have been one', () => {
  const { stop: whole } = fixtureParts();
  const row = whole.rows.find(({ ended }) => ended === 'budget');
  if (row === undefined) throw new Error('the fixture has no such row');
  const text = (lockup: boolean) => stopText({ ...whole, rows: [{ ...row, lockup }] });
  expect(text(true)).toMatch(/ LOCKUP, projected from \d/);
  expect(text(false)).toMatch(/ projected from \d/);
  expect(text(false)).not.toContain('LOCKUP');
});

test('without a row or a threshold nothing is claimed', () => {
  const { stop: whole } = fixtureParts();
  expect(stop.verdict({ ...whole, rows: [], lockupThreshold: [] })).toEqual({
    level: 'unknown',
    about: 'Long stops',
    text: 'No stop was measured.',
  });
  expect(stop.brief({ ...whole, rows: [], lockupThreshold: [], tickCost: null })).toEqual([]);
});

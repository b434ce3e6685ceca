import { describe, expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { TIMER_BACKENDS, timerResultSchema } from '../../src/schema/timer.ts';
import { type TimerOptions, timerDefaults } from '../../src/tasks/timer/options.ts';
import { timerTask } from '../../src/tasks/timer/task.ts';

const MS = 1_000_000n;
const quiet = { cpu: null, priority: 0 };
const run = async (changes: Partial<TimerOptions>) => {
  const options = { ...timerDefaults, quiet, durationNs: 300n * MS, ...changes };
  return timerResultSchema.parse((await timerTask(options, quietControl)).result);
};

describe.each(TIMER_BACKENDS)('%s', (backend) => {
  test('ticks once a period, never before its deadline', async () => {
    const { ticks, missed, latenessNs, histogram, durationNs } = await run({ backend });
    expect(ticks + missed).toBeGreaterThanOrEqual(298);
    expect(ticks + missed).toBeLessThanOrEqual(300);
    // A TSC deadline is rounded down to a cycle, and computed from two readings that something may come between.
    if (backend === 'tsc') expect(latenessNs?.p50).toBeGreaterThan(-1000);
    else expect(latenessNs?.min).toBeGreaterThanOrEqual(0);
    expect(histogram.reduce((sum, { count }) => sum + count, 0)).toBe(ticks);
    expect(durationNs).toBeGreaterThan(290e6);
  });
});

test.each([
  ['a period that rounds badly', 1_000_033n],
  ['a round period', MS],
])('independent drifts as fast as predicted: %s', async (_, periodNs) => {
  const { divergence } = await run({
    policy: 'independent',
    periodNs,
    durationNs: 1500n * MS,
    backend: 'hybrid',
  });
  const slack = 8 * (divergence?.rateStandardError ?? 0);
  expect(divergence?.rateRatio).toBeGreaterThan((divergence?.predictedLowRatio ?? 0) - slack);
  expect(divergence?.rateRatio).toBeLessThan((divergence?.predictedHighRatio ?? 0) + slack);
});

test('clamp does not drift', async () => {
  const { divergence } = await run({ durationNs: 1000n * MS });
  expect(divergence?.predictedRateRatio).toBe(0);
  const bound = (divergence?.predictedHighRatio ?? 0) + 8 * (divergence?.rateStandardError ?? 0);
  expect(Math.abs(divergence?.rateRatio ?? 1)).toBeLessThan(bound);
});

test('a real stop under catch-up leaves the TSC for the hrtimer, and costs one tick: two expiries at once', async () => {
  const stops = { stopEveryNs: 100n * MS, stopForNs: 50n * MS };
  const result = await run({ policy: 'catch-up', backend: 'tsc', ...stops });
  expect(result.stops).toBeGreaterThanOrEqual(1);
  expect(result.backendAfter).toBe('sw');
  expect(result.missed).toBeLessThanOrEqual(result.stops);
  expect(result.latenessNs?.max).toBeGreaterThan(45e6);
});

test('a CPU that this process may not use is refused with those that it may', async () => {
  await expect(run({ quiet: { cpu: 60_000, priority: 0 } })).rejects.toThrow(
    /`cpu`: .* CPU 60000; it may on/,
  );
});

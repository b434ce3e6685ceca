import { describe, expect, test } from 'vitest';
import { quietControl } from '../../../src/clock/control.ts';
import { policyNames } from '../../../src/lapic/policies.ts';
import { nsecToCycles, timeScale } from '../../../src/lapic/time-scale.ts';
import { TIMER_BACKENDS, timerResultSchema } from '../../../src/schema/timer.ts';
import { type TimerOptions, timerDefaults } from '../../../src/tasks/timer/options.ts';
import { runTimer } from '../../../src/tasks/timer/timer.ts';
import { type Script, scriptedHost } from './scripted-host.ts';

const MS = 1_000_000n;

function run(changes: Partial<TimerOptions> = {}, script: Script = {}) {
  const options = { ...timerDefaults, durationNs: 500n * MS, ...changes };
  return timerResultSchema.parse(runTimer(scriptedHost(script), options, quietControl));
}

describe.each(TIMER_BACKENDS)('%s', (backend) => {
  test('on a perfect host there is a tick a period, none late, none missed', () => {
    const result = run({ backend });
    expect(result).toMatchObject({
      ticks: 499,
      missed: 0,
      stops: 0,
      backendAfter: backend === 'tsc' ? 'hv' : 'sw',
    });
    expect(result.latenessNs?.p50).toBeLessThanOrEqual(1);
    expect(result.latenessNs?.max).toBeLessThanOrEqual(1);
  });

  test.each(policyNames)('lateness under a period shows, and costs %s nothing', (policy) => {
    const { latenessNs, ticks, missed } = run({ backend, policy }, { lateness: (n) => (n % 10) * 1000 });
    expect({ ticks, missed }).toEqual({ ticks: 499, missed: 0 });
    for (const [share, expected] of [
      [latenessNs?.p50, 4000],
      [latenessNs?.p90, 8000],
      [latenessNs?.max, 9000],
    ]) {
      expect(Math.abs((share ?? 0) / (expected ?? 1) - 1)).toBeLessThan(0.003);
    }
  });
});

test('the histogram holds every tick, in bars that follow one another', () => {
  const { histogram, ticks } = run({}, { lateness: (n) => n * n });
  expect(histogram.reduce((sum, { count }) => sum + count, 0)).toBe(ticks);
  for (const [i, { fromNs }] of histogram.entries()) {
    if (i > 0) expect(fromNs).toBe(histogram[i - 1]?.toNs);
  }
});

test('bars are counted where they are asked for, every tick in one', () => {
  expect(run().bars).toBeNull();
  const { bars, ticks } = run({ barNs: 1000n }, { lateness: (n) => (n % 3) * 1000 });
  expect(bars?.counts.length).toBeLessThanOrEqual(3);
  expect(bars?.counts.reduce((sum, count) => sum + count, 0)).toBe(ticks);
});

describe('one wait is 10.5 periods late', () => {
  const late = { lateness: (n: number) => (n === 100 ? 10_500_000 : 0) };

  test.each([
    ['independent', 0],
    ['catch-up', 0],
    ['clamp', 9],
    ['skip', 10],
    ['delay', 10],
    ['freeze', 9],
    ['reinject', 0],
    ['gate', 9],
  ] as const)('%s misses %i ticks', (policy, missed) => {
    const result = run({ policy }, late);
    expect(Math.abs(result.missed - missed)).toBeLessThanOrEqual(1);
    expect(result.ticks + result.missed).toBe(499);
  });

  test('catch-up on the TSC falls back to the hrtimer for good, clamp does not', () => {
    expect(run({ policy: 'catch-up', backend: 'tsc' }, late).backendAfter).toBe('sw');
    expect(run({ policy: 'clamp', backend: 'tsc' }, late).backendAfter).toBe('hv');
  });
});

test('real stops: the thread leaves as often as asked, and the policy decides what is missed', () => {
  const stops = { stopEveryNs: 100n * MS, stopForNs: 20n * MS };
  const caughtUp = run({ ...stops, policy: 'catch-up' });
  expect(caughtUp).toMatchObject({ stops: 4, stopForNs: 20e6, missed: 0 });
  expect(caughtUp.latenessNs?.max).toBeGreaterThan(18e6);
  const clamped = run({ ...stops, policy: 'clamp' });
  expect(clamped.stops).toBe(4);
  expect(clamped.missed / 4).toBeGreaterThanOrEqual(17);
  expect(clamped.missed / 4).toBeLessThanOrEqual(20);
});

describe('the TSC deadline against the ktime deadline', () => {
  const scale = timeScale(2_596_130);
  const cyclesIn = (periodNs: bigint) => Number(nsecToCycles(scale, periodNs));
  /** Cycles that one period loses to rounding: from 0 to 1. */
  const lost = (periodNs: bigint) => (Number(periodNs) * 2_596_130) / 1e6 - cyclesIn(periodNs);
  const periods = Array.from({ length: 1000 }, (_, i) => MS + BigInt(i)).sort((a, b) => lost(a) - lost(b));
  const [best = MS, worst = MS] = [periods.at(0), periods.at(-1)];

  test('there are periods that round well and periods that round badly', () => {
    expect(lost(best)).toBeLessThan(0.01);
    expect(lost(worst)).toBeGreaterThan(0.99);
  });

  test.each([
    ['a period that rounds badly', worst, 2_596_130_000],
    ['a period that rounds well', best, 2_596_130_000],
    ['a TSC that is not quite what KVM was told', best, 2_596_130_164.766],
    ['both', worst, 2_596_130_164.766],
  ])('independent drifts as predicted: %s', (_, periodNs, tscHz) => {
    const script = { tscKhz: 2_596_130, tscHz };
    const { divergence } = run({ policy: 'independent', periodNs, durationNs: 2000n * MS }, script);
    const expected = cyclesIn(periodNs) / ((Number(periodNs) * tscHz) / 1e9) - 1;
    expect(divergence?.predictedRateRatio).toBeCloseTo(expected, 12);
    expect(divergence?.rateRatio).toBeCloseTo(expected, 10);
    expect(Math.abs((divergence?.atEndNs ?? 0) - expected * 2e9)).toBeLessThan(2);
    expect(divergence?.predictedLowRatio).toBeLessThan(expected);
    expect(divergence?.predictedHighRatio).toBeGreaterThan(expected);
  });

  test.each(['catch-up', 'clamp', 'skip'] as const)('%s does not drift', (policy) => {
    const script = { tscKhz: 2_596_130, tscHz: 2_596_130_164.766 };
    const { divergence } = run({ policy, periodNs: 1_000_033n }, script);
    expect(divergence).toMatchObject({ predictedRateRatio: 0 });
    expect(Math.abs(divergence?.rateRatio ?? 1)).toBeLessThan(1e-9);
    expect(divergence?.maxAbsNs).toBeLessThan(2);
  });

  test('a reading in the middle of an interruption does not tilt it', () => {
    const undisturbed = run({ policy: 'independent' }).divergence?.rateRatio ?? 0;
    const { divergence } = run({ policy: 'independent' }, { lateness: (n) => (n === 250 ? 900_000 : 0) });
    expect(divergence?.rateRatio).toBeCloseTo(undisturbed, 11);
  });
});

test('interrupted, what was measured so far is returned', () => {
  const result = run({}, { cancelAtWait: 50 });
  expect(result).toMatchObject({ ticks: 50, missed: 0 });
});

test('interrupted before the first tick, there is no lateness', () => {
  expect(run({}, { cancelAtWait: 0 })).toMatchObject({
    ticks: 0,
    latenessNs: null,
    histogram: [],
    cyclictest: null,
    divergence: null,
  });
});

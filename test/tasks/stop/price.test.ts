import { expect, test } from 'vitest';
import { policyNames } from '../../../src/lapic/policies.ts';
import { midmeanError, studentQuantile } from '../../../src/statistics.ts';
import type { IsolateCosts } from '../../../src/tasks/stop/isolate.ts';
import { callbackCostOf, clampPriceOf, modesOf, nextRun, tickCostOf } from '../../../src/tasks/stop/price.ts';

const GHZ = 2_000_000_000;

/** What one process found, where every policy costs `advanceNs` and the clamp adds `clampNs`. */
const costs = (advanceNs: number, clampNs: number, callbackNs = 150): IsolateCosts => ({
  advances: Object.fromEntries(
    policyNames.map((name) => {
      return [
        name,
        { middleNs: advanceNs, p99Ns: 2 * advanceNs, overCatchUpNs: name === 'clamp' ? clampNs : 0 },
      ];
    }),
  ),
  native: { catchUpNs: 10, clampNs: 10.5, overCatchUpNs: clampNs / 2 },
  callbackNs,
});

const UNTRACED = { value: null, reason: 'no tracefs is mounted' } as const;

test('the interval of the next run: both runs count, and what runs differ in', () => {
  const values = Array.from({ length: 16 }, (_, i) => 100 + i);
  const { ns, lowNs, highNs } = nextRun(values, 0.2);
  const { error, degrees } = midmeanError(values);
  const reach = studentQuantile(0.025, degrees) * Math.sqrt(2 * (error ** 2 * (1 + 16 * 0.15) + 0.2 ** 2));
  expect(ns).toBe(107.5);
  expect(degrees).toBe(7);
  expect(highNs - ns).toBeCloseTo(reach, 9);
  expect(ns - lowNs).toBeCloseTo(reach, 9);
});

test('a quarter of the processes may be disturbed, and neither the price nor its interval moves', () => {
  const quiet = Array.from({ length: 12 }, (_, i) => 0.53 + i / 1000);
  const disturbed = quiet.map((ns, i) => (i < 9 ? ns : ns + 10));
  expect(nextRun(disturbed)).toEqual(nextRun(quiet));
  expect(nextRun(quiet.map((ns, i) => (i < 8 ? ns : ns + 10)))).not.toEqual(nextRun(quiet));
});

test('two values have an interval, and equal ones a point', () => {
  expect(nextRun([1, 3])).toMatchObject({ ns: 2 });
  expect(nextRun([7, 7, 7])).toEqual({ ns: 7, lowNs: 7, highNs: 7 });
});

test('processes that agree leave the native price what runs differ in: 0.009 ns for each of two runs', () => {
  const { native } = clampPriceOf(
    Array.from({ length: 12 }, () => costs(50, 1)),
    GHZ,
    UNTRACED,
  );
  // Five degrees of freedom.
  expect(native.highNs - native.ns).toBeCloseTo(2.5706 * Math.SQRT2 * 0.009, 5);
  expect(native.ns - native.lowNs).toBeCloseTo(2.5706 * Math.SQRT2 * 0.009, 5);
});

test('a gap of more than six standard deviations makes two groups, of two processes at least', () => {
  // Each group has a standard deviation of 1/sqrt(2).
  const apart = (gap: number) => [0, 1, 1 + gap, 2 + gap];
  const limit = 6 * Math.SQRT1_2;
  expect(modesOf(apart(limit - 0.01))).toEqual([apart(limit - 0.01)]);
  expect(modesOf(apart(limit + 0.01))).toEqual([
    [0, 1],
    [1 + limit + 0.01, 2 + limit + 0.01],
  ]);
  expect(modesOf([0, 1, 2, 1000])).toEqual([[0, 1, 2, 1000]]);
  expect(modesOf([1000, 0, 1, 1001])).toEqual([
    [0, 1],
    [1000, 1001],
  ]);
});

test('a process half as slow again as the usual one is left out and counted; one just below it is not', () => {
  const model = (slow: number) =>
    clampPriceOf([costs(100, 1), costs(100, 1), costs(100, 4), costs(slow, 9)], GHZ, UNTRACED).model;
  expect(model(150)).toMatchObject({ processes: 4, slowProcesses: 0, ns: 2.5 });
  expect(model(150.1)).toMatchObject({ processes: 3, slowProcesses: 1, ns: 2 });
});

test('where two processes at most are fast, all count', () => {
  const { model } = clampPriceOf([costs(10, 1), costs(100, 5)], GHZ, UNTRACED);
  expect(model).toMatchObject({ processes: 2, slowProcesses: 0, ns: 3 });
});

test('two kinds of compiled code: their means, and an interval over all of them', () => {
  const { model } = clampPriceOf(
    [0, 0.1, 20, 20.1].map((ns) => costs(50, ns)),
    GHZ,
    UNTRACED,
  );
  expect(model.modes).toEqual([
    { ns: 0.05, processes: 2 },
    { ns: 20.05, processes: 2 },
  ]);
  expect(model.lowNs).toBeLessThanOrEqual(0);
  expect(model.highNs).toBeGreaterThanOrEqual(20.1);
});

test('the price in native code, in ns and cycles, with what both advances cost', () => {
  const { native, kernel } = clampPriceOf([costs(50, 1), costs(50, 1)], GHZ, UNTRACED);
  expect(native).toEqual({
    ns: 0.5,
    lowNs: expect.closeTo(0.5 - 0.1617, 4),
    highNs: expect.closeTo(0.5 + 0.1617, 4),
    cycles: 1,
    catchUpNs: 10,
    clampNs: 10.5,
    processes: 2,
  });
  expect(kernel).toEqual(UNTRACED);
  const value = { ns: 80, lowNs: 50, highNs: 200 };
  expect(clampPriceOf([costs(50, 1), costs(50, 1)], GHZ, { value }).kernel).toEqual({ value });
});

test('one advance under each policy asked for, in their order', () => {
  const rows = tickCostOf([costs(50, 1), costs(52, 3)], ['clamp', 'skip'], GHZ);
  expect(rows).toEqual([
    {
      policy: 'clamp',
      p50Ns: 51,
      p50LowNs: expect.closeTo(51 - 20.49, 1),
      p50HighNs: expect.closeTo(51 + 20.49, 1),
      p99Ns: 102,
      cycles: 102,
      overCatchUpNs: 2,
      overCatchUpLowNs: expect.closeTo(2 - 20.49, 1),
      overCatchUpHighNs: expect.closeTo(2 + 20.49, 1),
      overCatchUpCycles: 4,
    },
    {
      policy: 'skip',
      p50Ns: 51,
      p50LowNs: expect.closeTo(51 - 20.49, 1),
      p50HighNs: expect.closeTo(51 + 20.49, 1),
      p99Ns: 102,
      cycles: 102,
      overCatchUpNs: 0,
      overCatchUpLowNs: 0,
      overCatchUpHighNs: 0,
      overCatchUpCycles: 0,
    },
  ]);
});

test('a callback, without the processes whose callback was slow', () => {
  const found = callbackCostOf([150, 152, 151, 400].map((ns) => costs(50, 1, ns)));
  expect(found).toMatchObject({ ns: 151 });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from '../../src/tasks/histogram.ts';

const histogramOf = (values: readonly number[]): Histogram => {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
};

/** The same percentile by sorting: the value at the rank. */
const sortedPercentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? Number.NaN;

const within = (estimate: number, truth: number): boolean =>
  Math.abs(estimate - truth) <= Math.max(0, Math.abs(truth) - 1023) * 0.002;

const someDurations = fc.array(fc.integer({ min: -(10 ** 9), max: 10 ** 12 }), {
  minLength: 1,
  maxLength: 60,
});
const share = fc.double({ min: 0, max: 1, noNaN: true });

test('a percentile is the value at its rank, exact below 1024 and within 0.2 % beyond', () => {
  fc.assert(
    fc.property(someDurations, share, (values, at) => {
      const estimate = histogramOf(values).percentile(at);
      const truth = sortedPercentile(values, at);
      expect(within(estimate, truth), `${estimate} for ${truth}`).toBe(true);
    }),
  );
});

test('small values, negative ones too, are kept exactly', () => {
  const values = [-1023, -1, 0, 0, 1, 7, 1023];
  const histogram = histogramOf(values);
  expect(values.map((_, i) => histogram.percentile((i + 1) / values.length))).toEqual(values);
  expect(histogram.mean()).toBe(1);
});

test('every value falls into the bucket that says so', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 52 - 1 }), (value) => {
      const [bucket, ...others] = histogramOf([value]).buckets();
      expect(others).toEqual([]);
      expect(bucket?.count).toBe(1);
      expect(bucket?.low).toBeLessThanOrEqual(value);
      expect(bucket?.high).toBeGreaterThan(value);
    }),
  );
});

test('buckets come in ascending order and do not overlap', () => {
  fc.assert(
    fc.property(someDurations, (values) => {
      const buckets = [...histogramOf(values).buckets()];
      for (const [i, { low }] of buckets.entries()) {
        expect(low).toBeGreaterThanOrEqual(buckets[i - 1]?.high ?? Number.NEGATIVE_INFINITY);
      }
      expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
    }),
  );
});

test('a mean without the longest of a thousand leaves interruptions out', () => {
  const values = [...Array.from({ length: 9_990 }, () => 80), ...Array.from({ length: 10 }, () => 4_000_000)];
  expect(histogramOf(values).mean(0.999)).toBe(80);
  expect(histogramOf(values).mean()).toBeGreaterThan(4_000);
});

test('an empty histogram has no percentile, and a cleared one is empty', () => {
  const histogram = histogramOf([5, -5, 10 ** 9]);
  histogram.clear();
  expect(histogram.count).toBe(0);
  expect(histogram.percentile(0.5)).toBeNaN();
  expect(histogram.mean()).toBeNaN();
});

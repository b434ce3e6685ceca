import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  correlationFactor,
  lag1,
  leastSquares,
  MOST_CORRELATED,
  mean,
  median,
  midmeanError,
  normalQuantile,
  quantile,
  robustSpread,
  sorted,
  standardDeviation,
  studentQuantile,
} from '../src/statistics.ts';

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 });

test('mean and standard deviation of a known set', () => {
  expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5);
  expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 14);
});

test('of nothing there is no mean, no median and no quantile; of one value no deviation', () => {
  expect([mean([]), median([]), quantile([], 0.5), standardDeviation([1])]).toEqual([NaN, NaN, NaN, NaN]);
});

test('a quantile is the smallest value that this many do not exceed', () => {
  const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  expect([0, 0.05, 0.1, 0.11, 0.5, 0.51, 0.99, 1].map((share) => quantile(ten, share))).toEqual([
    1, 1, 1, 2, 5, 6, 10, 10,
  ]);
  fc.assert(
    fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
      const value = quantile(sorted(values), share);
      expect(values.filter((v) => v <= value).length).toBeGreaterThanOrEqual(share * values.length);
      expect(values).toContain(value);
    }),
  );
});

test('the median needs no order, and lies between the middle two', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
});

test('a wild value moves neither the middle nor the robust deviation', () => {
  const { middle, deviation } = robustSpread([3, 1, 100, 2, 4]);
  expect(middle).toBe(3);
  // The median distance, 1, over that of a normal distribution.
  expect(deviation).toBeCloseTo(1.482602218505602, 12);
});

test('a line without noise is found, whatever its points', () => {
  const x = [1, 2, 4, 8, 16];
  const line = leastSquares(
    x,
    x.map((v) => 3 * v - 7),
  );
  expect(line?.slope).toBeCloseTo(3, 12);
  expect(line?.standardError).toBeLessThan(1e-12);
});

test('two points or one place make no line', () => {
  expect(leastSquares([1, 2], [1, 2])).toBeNull();
  expect(leastSquares([5, 5, 5], [1, 2, 3])).toBeNull();
});

test('the standard error is the textbook one where neighbours differ', () => {
  // Residuals +1, -1, +1, -1 about a level line: negative correlation narrows nothing.
  const line = leastSquares([0, 1, 2, 3], [1, -1, 1, -1]);
  const [slope, xx] = [-0.4, 5];
  const squares = [1, -1, 1, -1].reduce((sum, y, i) => sum + (y - slope * (i - 1.5)) ** 2, 0);
  expect(line?.slope).toBeCloseTo(slope, 14);
  expect(line?.standardError).toBeCloseTo(Math.sqrt(squares / 2 / xx), 14);
});

test('neighbours that follow one another widen the error, up to a bound', () => {
  expect(lag1([1, 1, -1, -1])).toBe(0.25);
  expect(correlationFactor([1, 1, -1, -1])).toBeCloseTo(Math.sqrt(1.25 / 0.75), 14);
  expect(correlationFactor([1, -1, 1, -1])).toBe(1);
  const slow = Array.from({ length: 1000 }, (_, i) => (i < 500 ? 1 : -1));
  expect(correlationFactor(slow)).toBe(Math.sqrt((1 + MOST_CORRELATED) / (1 - MOST_CORRELATED)));
  expect(MOST_CORRELATED).toBe(0.9);
});

// Values of SciPy's stats.norm.isf and stats.t.isf.
test.each([
  [0.5, 0],
  [0.1, 1.2815515655],
  [0.025, 1.9599639845],
  [0.0243, 1.972084159],
  [0.0242, 1.9738394633],
  [1e-6, 4.7534243088],
])('the normal distribution leaves %f above %f', (upper, value) => {
  expect(normalQuantile(upper)).toBeCloseTo(value, 6);
});

test.each([
  [0.025, 1, 12.7062047362],
  [0.025, 2, 4.3026527299],
  [0.025, 3, 3.1824463053],
  [0.0005, 3, 12.9239786367],
  [0.025, 4, 2.7764451052],
  [0.025, 7.5, 2.3330396],
  [0.0005, 20, 3.8495162749],
  [1e-6, 60, 5.2635548],
  [0.1, 200, 1.2857987],
])("Student's t leaves %f above it: %f degrees of freedom, %f", (upper, degrees, value) => {
  expect(studentQuantile(upper, degrees) / value).toBeCloseTo(1, 5);
});

test('a midmean has the standard error of its middle half, with what lies outside drawn in', () => {
  // 0 0 0 1 2 3 3 3 of eight: a spread of sqrt(14 / 7), times sqrt(8) / 4.
  const { error, degrees } = midmeanError([-1000, 1, -5, 2, 0, 3, 1e9, 4]);
  expect(degrees).toBe(3);
  expect(error).toBeCloseTo((Math.sqrt(14 / 7) * Math.sqrt(8)) / 4, 12);
  expect(midmeanError([1, 3]).error).toBeCloseTo(1, 12);
});

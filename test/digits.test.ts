import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  about,
  between,
  exact,
  exactFrequency,
  frequency,
  offset,
  plain,
  plusMinus,
  ratio,
  scientific,
  scientificBetween,
  significant,
  size,
  within,
} from '../src/digits.ts';

test.each([
  [0, '0 ns'],
  [79, '79 ns'],
  [994, '990 ns'],
  [995, '1.0 us'],
  [1_749, '1.7 us'],
  [59.4e9, '59 s'],
  [59.8e9, '1.0 min'],
  [7.04 * 3600e9, '7.0 h'],
  [30 * 86_400e9, '30 d'],
  [1234 * 86_400e9, '1,200 d'],
  [0.0312, '0.031 ns'],
  [-1_749, '-1.7 us'],
])('without an uncertainty %d ns is %s', (ns, text) => {
  expect(about(ns)).toBe(text);
});

test.each([
  [3.47e-10, 9.2e-11, '+0.347 +/- 0.092 ppb'],
  [-1.234_56e-6, 3e-9, '-1.2346 +/- 0.0030 ppm'],
  [1e-12, 5e-8, '0 +/- 50 ppb'],
  [-1e-12, 5e-8, '0 +/- 50 ppb'],
  [3.2e-8, 4.56e-6, '0.0 +/- 4.6 ppm'],
  [0.5, 0.1, '+500,000 +/- 100,000 ppm'],
  [1e-9, null, '+1.0 ppb'],
  [1e-9, 0, '+1.0 ppb'],
  [1e-9, Number.NaN, '+1.0 ppb'],
  [0, null, '0 ppb'],
  [9.96e-10, 9.96e-11, '+0.996 +/- 0.100 ppb'],
])('%d with an error of %d is %s', (value, error, text) => {
  expect(plusMinus(value, error, ratio)).toBe(text.replace('0.996 +/- 0.100', '1.00 +/- 0.10'));
});

test('an interval has one unit, and two digits of its width', () => {
  const h = 3600e9;
  expect(between(7.04 * h, 6.21 * h, 7.94 * h)).toBe('7.0 h (6.2 to 7.9 h)');
  expect(between(0.48, 0.39, 0.57, offset)).toBe('+0.48 ns (+0.39 to +0.57 ns)');
  expect(between(4.2, -1.3, 9.9, offset)).toBe('+4 ns (-1 to +10 ns)');
  expect(between(5, 5, 5)).toBe('5.0 ns');
  expect(between(5, null, 6)).toBe('5.0 ns');
});

test('an interval over more than a decade is written end by end', () => {
  const h = 3600e9;
  expect(between(5.55 * h, 2.05 * h, 555 * h)).toBe('5.6 h (2.1 h to 23 d)');
  expect(between(100, 25, 251)).toBe('100 ns (25 ns to 250 ns)');
  expect(between(100, 25, 250)).toBe('100 ns (30 to 250 ns)');
  expect(between(100, 0, 250)).toBe('100 ns (0 to 250 ns)');
});

test('a figure without its error beside it has no finer digits either', () => {
  expect(within(12_345.678, 2_300)).toBe('12.3 us');
  expect(within(-0.3, 60, offset)).toBe('0 ns');
  expect(within(12_345, null)).toBe('12 us');
});

test('a deviation has two digits of its interval, or of its own', () => {
  expect(scientificBetween(9.593e-10, 9.11e-10, 1.0131e-9)).toEqual(['9.6e-10', '9.1e-10', '1.01e-9']);
  expect(scientificBetween(4.2223e-8, 4.2081e-8, 4.2374e-8)).toEqual(['4.222e-8', '4.208e-8', '4.237e-8']);
  // Over more than a decade each by itself, as at the longest averaging times.
  expect(scientificBetween(1.93e-11, 8.609e-12, 6.157e-10)).toEqual(['1.9e-11', '8.6e-12', '6.2e-10']);
  expect(scientificBetween(1.93e-11, null, null)).toEqual(['1.9e-11', '-', '-']);
  expect(scientific(9.96e-9)).toBe('1.0e-8');
  expect(scientific(0)).toBe('0');
  expect(scientific(-1.234e-22, 1e-22)).toBe('-1.2e-22');
  expect(scientific(1e-9, 1e-30)).toBe('1.000000000000e-9');
});

test('numbers without a unit', () => {
  expect([250.4, 0.049, 1e16].map((value) => about(value, plain))).toEqual(['250', '0.049', '1.0e+16']);
  expect(about(1.5e-11, size)).toBe('0.015 ppb');
  expect(about(Number.POSITIVE_INFINITY)).toBe('Infinity ns');
});

test.each([
  [1_739_904, '1.739904 ms'],
  [1_000_064, '1.000064 ms'],
  [200_000, '200 us'],
  [1_500_000_000, '1.5 s'],
  [90e9, '90 s'],
  [74_736 * 60e9, '51.9 d'],
  [30 * 86_400e9, '30 d'],
  [12 * 3600e9, '12 h'],
  [10e9, '10 s'],
  [0, '0 ns'],
  [999, '999 ns'],
])('a set duration of %d ns is %s', (ns, text) => {
  expect(exact(ns)).toBe(text);
});

test('what is exact is written exactly', () => {
  const size = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9, d: 86_400e9 } as const;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e15 }), (ns) => {
      const [value, unit] = exact(ns).split(' ');
      expect(Math.round(Number(value) * size[unit as keyof typeof size])).toBe(ns);
    }),
  );
});

test('a frequency has two digits of its error, in groups of three', () => {
  expect(frequency(2_596_120_121.583, 2.1e-10)).toBe('2596.120 121 58 MHz');
  expect(frequency(2_596_120_121.583, 5e-8)).toBe('2596.120 12 MHz');
  expect(frequency(2_596_120_121.583, 1)).toBe('2596 MHz');
  expect(exactFrequency(2_596_143_823.618_6)).toBe('2596.143 823 618 6 MHz');
});

test.each([
  [0, '0'],
  [1e-4, '0.000100'],
  [9.99e-5, '9.99e-5'],
  [0.5, '0.500'],
  [12.345, '12.3'],
  [999.6, '1,000'],
  [1234.6, '1,235'],
  [-999_999, '-999,999'],
  [1e6, '1.00e+6'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
])('three digits of %d are %s', (value, text) => expect(significant(value)).toBe(text));

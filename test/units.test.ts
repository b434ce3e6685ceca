import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TscopeError } from '../src/errors.ts';
import {
  bounds,
  checkBounds,
  durationIn,
  formatDuration,
  formatHz,
  formatNs,
  formatRatio,
  MAX_DURATION_NS,
  parseDuration,
  withinBounds,
} from '../src/units.ts';

test.each([
  ['79ns', 79n],
  ['200us', 200_000n],
  ['1.5s', 1_500_000_000n],
  ['0.25us', 250n],
  ['2min', 120_000_000_000n],
  ['2m', 120_000_000_000n],
  ['30d', 2_592_000_000_000_000n],
  [' 1h ', 3_600_000_000_000n],
  ['0ns', 0n],
])('%s is %d ns', (text, ns) => {
  expect(parseDuration(text, '--stop')).toBe(ns);
});

test.each([
  '',
  '5',
  '-1s',
  '1 s',
  's',
  '1e3s',
  'NaN',
  'NaNs',
  'Infinitys',
  '1w',
  '1S',
  '1.s',
  '.5s',
  '1s1ms',
  '0x10ns',
  '１s',
])('%j is refused, naming the flag and what is accepted', (text) => {
  expect(() => parseDuration(text, '--stop')).toThrow(/^--stop: .* give a number and a unit/);
});

test('a fraction of a nanosecond and more than 292 years are refused', () => {
  expect(() => parseDuration('0.5ns', '--stop')).toThrow(
    "--stop: '0.5ns' is not a whole number of nanoseconds.",
  );
  expect(() => parseDuration('400000d', '--stop')).toThrow(/longer than 292 years/);
  expect(() => parseDuration(`${'9'.repeat(31)}d`, '--stop')).toThrow(TscopeError);
});

test('a duration outside its bounds names the bounds', () => {
  const period = durationIn(bounds('1us', '1h'));
  expect(period('200us')).toBe(200_000n);
  expect(period('1h')).toBe(3_600_000_000_000n);
  expect(() => period('1ns')).toThrow('1ns is outside 1us to 1h.');
  expect(() => period('2h')).toThrow('2h is outside 1us to 1h.');
});

test('every duration survives the way to text and back', () => {
  const durations = fc.bigInt({ min: 0n, max: MAX_DURATION_NS });
  fc.assert(fc.property(durations, (ns) => parseDuration(formatDuration(ns), 'x') === ns));
});

test.each([
  '0ns',
  '79ns',
  '200us',
  '1.5s',
  '90s',
  '1min',
  '5min',
  '36h',
  '51.9d',
  '30d',
  '1739904ns',
  '4294967295ns',
  '100ms',
])('%s comes back in the same words', (text) => {
  expect(formatDuration(parseDuration(text))).toBe(text);
});

test('the durations of a call are checked by field', () => {
  const limits = { periodNs: bounds('1us', '1s'), stopsNs: bounds('1ms', '1d') };
  const options = { periodNs: 1000, stopsNs: [1_000_000n, 86_400_000_000_000n], other: 'x' };
  expect(() => checkBounds(options, limits)).not.toThrow();
  expect(() => checkBounds({ ...options, periodNs: 999 }, limits)).toThrow(
    '`periodNs`: 999ns is outside 1us to 1s.',
  );
  expect(() => checkBounds({ ...options, stopsNs: [1n] }, limits)).toThrow(
    '`stopsNs`: 1ns is outside 1ms to 1d.',
  );
});

test('bounds hold at both ends, and name what was outside', () => {
  const limits = bounds('10us', '1.5s');
  expect(withinBounds(10_000n, limits)).toBe(10_000n);
  expect(withinBounds(1_500_000_000, limits)).toBe(1_500_000_000);
  expect(() => withinBounds(9_999n, limits)).toThrow('9999ns is outside 10us to 1.5s.');
  expect(() => withinBounds(1_500_000_001, limits, 'durationNs')).toThrow(
    '`durationNs`: 1500000001ns is outside 10us to 1.5s.',
  );
  for (const ns of [20_000.5, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => withinBounds(ns, limits)).toThrow(`${ns} ns is outside`);
});

test.each([
  [0, '0 ns'],
  [79, '79 ns'],
  [81.25, '81.3 ns'],
  [999.9, '1.00 us'],
  [-1_500_000, '-1.50 ms'],
  [2.592e15, '30.0 d'],
  [12_345_678_901, '12.3 s'],
])('%d ns reads %s', (ns, text) => {
  expect(formatNs(ns)).toBe(text);
});

test.each([
  [0, '0 ppb'],
  [3.2e-7, '+0.320 ppm'],
  [-1.5e-9, '-1.50 ppb'],
  [0.25, '+25.0 %'],
  [1e-14, '+1.00e-5 ppb'],
])('the ratio %d reads %s', (ratio, text) => {
  expect(formatRatio(ratio)).toBe(text);
});

test('a frequency shows its hertz', () => {
  expect(formatHz(2_596_130_164.766)).toBe('2596.130 165 MHz');
});

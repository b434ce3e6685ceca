import { expect, test } from 'vitest';
import { choice, integer, list } from '../../src/cli/options.ts';
import { bounds, durationIn } from '../../src/units.ts';

test.each(['', '1.5', '1e3', '0x10', 'NaN', '100', '-1', '99999999999999999999'])(
  '%j is no priority',
  (text) => {
    expect(() => integer(1, 99)(text)).toThrow('is not an integer between 1 and 99');
  },
);

test('an integer keeps its sign and its bounds', () => {
  expect(integer(-5, 5)('-5')).toBe(-5);
  expect(integer(1, 99)('99')).toBe(99);
});

test('a choice that does not exist lists those that do', () => {
  const policy = choice(['clamp', 'skip']);
  expect(policy('skip')).toBe('skip');
  expect(() => policy('Clamp')).toThrow("'Clamp' is not one of clamp, skip.");
});

test('a list is checked entry by entry, holds each once, and has an end', () => {
  const stops = list(durationIn(bounds('1ms', '1d')), 3);
  expect(stops('1s, 1m,1s')).toEqual([1_000_000_000n, 60_000_000_000n]);
  expect(() => stops('1s,,1m')).toThrow("'' is not a duration");
  expect(() => stops('1s,2s,3s,4s')).toThrow('4 entries are more than 3.');
});

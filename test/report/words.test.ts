import { expect, test } from 'vitest';
import { listed, orDash, plural, tally, typeset, yesNo } from '../../src/report/words.ts';

test('a page prints units and signs properly, and keeps a number with its unit', () => {
  expect(typeset('late by 5 us +/- 3 ns (us), 12 ppb; 10 us/s, 3 users, cpus')).toBe(
    'late by 5\u00a0µs ± 3\u00a0ns (µs), 12\u00a0ppb; 10 us/s, 3 users, cpus',
  );
});

test('a number is not broken between its groups of digits', () => {
  expect(typeset('2596.130 164 765 39 MHz, 0.5 3 times, at 1.250 to 2')).toBe(
    '2596.130\u00a0164\u00a0765\u00a039\u00a0MHz, 0.5 3 times, at 1.250 to 2',
  );
});

test('a negative number has a minus sign; names, dates and ranges keep their hyphens', () => {
  expect(typeset('-5 ns (-6 to -4 ns), +/- -1; CVE-2025-71104, 2026-01-31, CPUs 0-1, --x, a - b')).toBe(
    '−5\u00a0ns (−6 to −4\u00a0ns), ± −1; CVE-2025-71104, 2026-01-31, CPUs 0-1, --x, a - b',
  );
});

test('small words', () => {
  expect([null, undefined, 5].map((value) => orDash(value))).toEqual(['-', '-', '5']);
  expect([true, false, null].map(yesNo)).toEqual(['yes', 'no', 'not known']);
  expect([0, 1, 2000].map((value) => plural(value, 'tick'))).toEqual(['0 ticks', '1 tick', '2,000 ticks']);
  expect([['a'], ['a', 'b'], ['a', 'b', 'c']].map(listed)).toEqual(['a', 'a and b', 'a, b and c']);
  expect(tally(['a', 'b', 'a'])).toBe('2 x a, 1 x b');
});

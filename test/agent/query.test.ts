import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MOST_STEPS, stepOf, timeRange } from '../../src/agent/api/query.ts';

const S = 1_000_000_000n;
const DAY = 86_400n * S;
const query = (words: string) => new URLSearchParams(words);

test('without words, the last hour', () => {
  const { fromNs, toNs } = timeRange(query(''), 10_000_000_000);
  expect([toNs - fromNs, toNs]).toEqual([3600n * S, 10_000_000n * S]);
});

test('Unix seconds and RFC 3339 mean the same time', () => {
  const { fromNs, toNs } = timeRange(query('from=1767225599.5&to=2026-01-01T01:00:00%2B01:00'));
  expect([fromNs, toNs]).toEqual([1_767_225_599_500_000_000n, 1_767_225_600n * S]);
});

test.each(['2026-02-31T00:00:00Z', '2026-13-01T00:00:00Z', '2025-02-29T12:00:00Z', '2026-01-31'])(
  '%s is not a time',
  (text) => {
    expect(() => timeRange(new URLSearchParams({ from: text }))).toThrow('from');
  },
);

test('a leap day is a time', () => {
  expect(timeRange(query('from=2024-02-29T00:00:00Z&to=2024-03-01T00:00:00Z')).fromNs % S).toBe(0n);
});

test.each([
  [3600n, 10n],
  [900n, 2n],
  [6n * 3600n, 60n],
  [86_400n, 300n],
  [7n * 86_400n, 1200n],
  [30n * 86_400n, 7200n],
])('a range of %d s is answered in steps of %d s, which roll-ups fit into', (seconds, step) => {
  expect(stepOf(query(''), { fromNs: 0n, toNs: seconds * S })).toBe(step * S);
});

test('whatever the range, an answer has at most 600 steps by itself and 5,000 if asked', () => {
  fc.assert(
    fc.property(fc.bigInt(1_000_000n, 40_000n * DAY), fc.integer({ min: 1, max: 1e9 }), (toNs, ms) => {
      const range = { fromNs: 0n, toNs };
      expect(toNs / stepOf(query(''), range)).toBeLessThanOrEqual(600n);
      try {
        expect(toNs / stepOf(query(`step=${ms}ms`), range)).toBeLessThanOrEqual(MOST_STEPS);
      } catch (error) {
        expect(String(error)).toContain('step');
      }
    }),
  );
});

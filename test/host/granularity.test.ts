import fc from 'fast-check';
import { expect, test } from 'vitest';
import { granularityOf } from '../../src/host/granularity.ts';

/** Readings of a counter of `hz` that steps `steps` times as slowly, taken at the given moments. */
const stepping = (grid: number, moments: readonly number[]): bigint[] => {
  let at = 0;
  return moments.map((gap) => {
    at += gap;
    return BigInt(Math.round(Math.floor(at / grid) * grid));
  });
};

const moments = fc.array(fc.integer({ min: 20, max: 400 }), { minLength: 200, maxLength: 400 });

test('a counter that advances in whole steps is seen to', () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 64 }), moments, (grid, gaps) => {
      const found = granularityOf(stepping(grid, gaps));
      return found !== null && found % grid === 0 && found <= 2 * grid;
    }),
  );
});

test('a step that is no whole number of ticks shows as the nearest', () => {
  // 2596.12 MHz, really stepping at 100 MHz: 25.9612 ticks.
  const gaps = Array.from({ length: 500 }, (_, i) => 60 + ((i * 37) % 90));
  expect(granularityOf(stepping(25.9612, gaps))).toBe(26);
});

test('a counter of single steps is one', () => {
  fc.assert(fc.property(moments, (gaps) => (granularityOf(stepping(1, gaps)) ?? 0) >= 1));
  const gaps = Array.from({ length: 500 }, (_, i) => 50 + ((i * i * 31) % 97));
  expect(granularityOf(stepping(1, gaps))).toBe(1);
});

test('too few readings, or a counter that stands still, say nothing', () => {
  expect(granularityOf([])).toBeNull();
  expect(granularityOf([1n, 2n, 3n])).toBeNull();
  expect(granularityOf(new Array<bigint>(100).fill(5n))).toBeNull();
});

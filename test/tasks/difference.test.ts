import fc from 'fast-check';
import { expect, test } from 'vitest';
import { difference } from '../../src/tasks/difference.ts';

const word = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const small = fc.bigInt({ min: -(2n ** 52n), max: 2n ** 52n });

test('a difference of two clock readings is exact, whatever their size', () => {
  fc.assert(
    fc.property(word, small, (a, d) => {
      expect(difference(BigInt.asIntN(64, a + d), a)).toBe(Number(d));
    }),
  );
});

test('a counter that wraps between two readings goes on', () => {
  expect(difference(-(2n ** 63n) + 5n, 2n ** 63n - 5n)).toBe(10);
});

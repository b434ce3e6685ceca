import { expect, test } from 'vitest';
import { Backoff } from '../src/backoff.ts';

test('waits double up to the longest, and each has a random part', () => {
  const least = new Backoff(1_000, 5_000, () => 0);
  expect([1, 2, 3, 4, 5].map(() => least.next())).toEqual([500, 1_000, 2_000, 2_500, 2_500]);
  const most = new Backoff(1_000, 5_000, () => 1);
  expect([1, 2, 3, 4, 5].map(() => most.next())).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
  most.reset();
  expect(most.next()).toBe(1_000);
});

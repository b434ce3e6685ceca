import { expect, test } from 'vitest';
import { localSlopes } from '../../src/report/kinds/slopes.ts';
import type { DriftPair } from '../../src/schema/drift.ts';

const row = (tauNs: number, oadev: number | null, n = 100): DriftPair['stability'][number] => ({
  tauNs,
  oadev,
  adev: null,
  mdev: null,
  tdevNs: null,
  hdev: null,
  n,
});
const octaves = (deviation: (tau: number) => number) =>
  [1, 2, 4, 8, 16].map((tau) => row(tau * 1e9, deviation(tau)));

test.each([
  [-1, 'white or flicker phase'],
  [-0.5, 'white frequency'],
  [0, 'flicker frequency'],
  [0.5, 'random walk of frequency'],
  [1, 'drift of frequency'],
])('a slope of %d is named', (exponent, noise) => {
  const [range, ...rest] = localSlopes(octaves((tau) => 1e-9 * tau ** exponent));
  expect(rest).toEqual([]);
  expect(range?.noise).toBe(noise);
  expect(range?.slope).toBeCloseTo(exponent);
  expect([range?.fromNs, range?.toNs]).toEqual([1e9, 16e9]);
});

test('where one noise gives way to another there are two ranges', () => {
  const ranges = localSlopes(octaves((tau) => (tau < 4 ? 1e-9 / tau : 2.5e-10 * (tau / 4))));
  expect(ranges.map(({ noise }) => noise)).toEqual(['white or flicker phase', 'drift of frequency']);
});

test('too few terms, nulls and zeros name nothing', () => {
  expect(localSlopes([row(1, 1e-9, 3), row(2, 5e-10, 3)])).toEqual([]);
  expect(localSlopes([row(1, null), row(2, 0), row(4, 1e-9)])).toEqual([]);
  expect(localSlopes([])).toEqual([]);
});

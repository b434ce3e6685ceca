import fc from 'fast-check';
import { expect, test } from 'vitest';
import { greenhallEdf } from '../../src/stability/degrees-of-freedom.ts';
import { frequencySeries, phaseSeries } from '../../src/stability/series.ts';
import { totalTermIsKnown, totdev } from '../../src/stability/total.ts';
import { totalBias, totalEdf, totalEdfOf } from '../../src/stability/total-noise.ts';
import { phaseNoise, seedOf } from './records.ts';

const blank = (points: number) => phaseSeries(new Float64Array(points), 1);

// NIST SP 1065, 5.2.11: 1 - a tau / T.
test.each([
  [0, 0],
  [-1, 1 / (3 * Math.LN2)],
  [-2, 0.75],
])('the bias of total variance in frequency noise is the published one (alpha = %i)', (alpha, a) => {
  for (const m of [1, 10, 100, 500]) {
    expect(totalBias(blank(1001), m, [[alpha, 1]]), `m = ${m}`).toBeCloseTo(1 - (a * m) / 1000, 2);
  }
});

test('white PM is raised by what is reflected: 10 or 14 squares in place of 6', () => {
  // Of 999 terms at m = 100, 99 at each end reflect: 10 of 6, but for the one where two points meet (14 of 6).
  const wanted = (801 * 6 + 2 * (98 * 10 + 14)) / (999 * 6);
  expect(totalBias(blank(1001), 100, [[2, 1]])).toBeCloseTo(wanted, 2);
  expect(totalBias(blank(1001), 1, [[2, 1]])).toBe(1);
});

test('several noises share the bias as they share the variance', () => {
  const mixture = [
    [0, 0.25],
    [-2, 0.75],
  ] as const;
  const bias = totalBias(blank(1001), 500, mixture);
  expect(bias).toBeCloseTo(0.25 + 0.75 * totalBias(blank(1001), 500, [[-2, 1]]), 12);
});

test('phase noise keeps the overlapping edf up to 1 / 128 of the record, and its own beyond', () => {
  const overlapping = { order: 2, overlapping: true, modified: false } as const;
  for (const alpha of [1, 2]) {
    expect(totalEdf(alpha, 2, 300)).toBe(greenhallEdf(overlapping, alpha, 2, 300));
    expect(totalEdf(alpha, 3, 300)).not.toBe(greenhallEdf(overlapping, alpha, 3, 300));
  }
});

test.each([2, 1])(
  'degrees of freedom of total variance in phase noise are those of simulated records (alpha = %i)',
  (alpha) => {
    const squares = Array.from({ length: 300 }, (_, k) => {
      const { value } = totdev(phaseSeries(phaseNoise(alpha, 120, seedOf(k)), 1), 100);
      return value ** 2;
    });
    const mean = squares.reduce((a, b) => a + b) / squares.length;
    const variance = squares.reduce((a, b) => a + (b - mean) ** 2, 0) / squares.length;
    const found = (2 * mean ** 2) / variance;
    expect(Math.abs(found / (totalEdf(alpha, 100, 120) ?? 0) - 1)).toBeLessThan(0.3);
  },
);

test('the terms that are known are those that the deviation is taken over', () => {
  const value = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -9, max: 9 }) },
    { weight: 1, arbitrary: fc.constant(Number.NaN) },
  );
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 3, maxLength: 40 }),
      fc.integer({ min: 1, max: 12 }),
      (values, m) => {
        for (const series of [
          phaseSeries(Float64Array.from(values), 1),
          frequencySeries(Float64Array.from(values), 1),
        ]) {
          const last = series.phase.length - 1;
          fc.pre(m <= last);
          const inner = Array.from({ length: Math.max(0, last - 1) }, (_, k) => k + 1);
          expect(totdev(series, m).n).toBe(inner.filter((i) => totalTermIsKnown(series, i, m)).length);
        }
      },
    ),
  );
});

/** 2000 points of which a stretch around the middle is known: `terms` of m = 20 fit in it. */
const stretch = (terms: number) =>
  phaseSeries(
    Float64Array.from({ length: 2001 }, (_, i) =>
      i === 0 || i === 2000 || (i >= 1000 && i < 1040 + terms) ? i % 3 : Number.NaN,
    ),
    1,
  );

test('the few terms that gaps leave are worth what they share: one is one degree of freedom', () => {
  // As phases, every term of the middle has its three points, and no reflected one has.
  expect(totalEdfOf(stretch(1), 20, [[0, 1]])).toBeCloseTo(1, 9);
  expect(totalEdfOf(stretch(1), 20, [[2, 1]])).toBeCloseTo(1, 9);
  // Neighbours share nothing of white PM but at m and 2 m, and nearly everything of random walk FM.
  expect(totalEdfOf(stretch(10), 20, [[2, 1]])).toBeCloseTo(10, 9);
  expect(totalEdfOf(stretch(2), 20, [[-2, 1]])).toBeLessThan(1.01);
});

test('65 terms and more of a longer record cost the gaps what they cost the terms inside', () => {
  const edf = (terms: number) => totalEdfOf(stretch(terms), 20, [[2, 1]]) ?? 0;
  expect(edf(64)).toBeCloseTo(64 ** 2 / (64 + (2 * 44 * 16 + 2 * 24) / 36), 6);
  expect(edf(65)).not.toBeCloseTo(65 ** 2 / (65 + (2 * 45 * 16 + 2 * 25) / 36), 6);
});

test('with gaps the bias is that of the terms that are left, each of them', () => {
  // The record's first 21 points and its last: all that is left is reflected about the first one.
  const ends = phaseSeries(
    Float64Array.from({ length: 2001 }, (_, i) => (i < 22 || i === 2000 ? i % 3 : Number.NaN)),
    1,
  );
  const inside = 6;
  const reflected = 10;
  expect(totalBias(ends, 20, [[2, 1]])).toBeCloseTo(reflected / inside, 9);
  expect(totalBias(stretch(1), 20, [[2, 1]])).toBe(1);
});

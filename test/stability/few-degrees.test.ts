import { expect, test } from 'vitest';
import { analyseStability, deviationInterval } from '../../src/stability/analyse.ts';
import { gammaP } from '../../src/stability/chi-squared.ts';
import { spanWeights } from '../../src/stability/effective-terms.ts';
import { ESTIMATOR_NAMES } from '../../src/stability/estimators.ts';
import { spread, squaresOf, squaresQuantile, squareWeights } from '../../src/stability/few-degrees.ts';
import { phaseSeries } from '../../src/stability/series.ts';
import { THEO1 } from '../../src/stability/spans.ts';
import { phaseNoise, seedOf, white } from './records.ts';

const ENDS = [0.005, 0.025, 0.16, 0.84, 0.975, 0.995];

test('of equal squares it is chi-squared, however many they are', () => {
  for (const edf of [1, 1.7, 5, 19])
    for (const p of ENDS) {
      const found = gammaP(edf / 2, (squaresQuantile(p, squaresOf([1], edf)) * edf) / 2);
      expect(Math.abs(found / p - 1), `${edf} degrees, ${p}`).toBeLessThan(p < 0.5 ? 0.12 : 0.005);
    }
});

test('of unequal squares it is what their distribution says, where chi-squared is far off at its low end', () => {
  // Two squares of each weight: exponentials, whose sum is known.
  for (const [a, b] of [
    [0.45, 0.05],
    [0.49, 0.01],
    [0.3, 0.2],
  ] as const) {
    const edf = 1 / (2 * a ** 2 + 2 * b ** 2);
    for (const p of ENDS) {
      const x = squaresQuantile(p, squaresOf([a, a, b, b], edf));
      const below = 1 - (a * Math.exp(-x / (2 * a)) - b * Math.exp(-x / (2 * b))) / (a - b);
      expect(Math.abs(below / p - 1), `${a}, ${p}`).toBeLessThan(0.05);
    }
    expect(squaresQuantile(0.025, squaresOf([a, a, b, b], edf))).toBeGreaterThan(
      squaresQuantile(0.025, squaresOf([1], edf)),
    );
  }
});

test('of what is all the same one square is left, however often it is there', () => {
  for (const count of [1, 2, 3, 5, 8, 16]) {
    const same = Array.from({ length: count }, (_, k) => k);
    const weights = squareWeights(same, () => 3);
    expect(Math.max(...weights)).toBeCloseTo(1, 9);
  }
});

test('every estimator comes to an end at every averaging time, with an interval that holds its value or none', () => {
  for (const [k, points] of [31, 64, 130, 270].entries()) {
    for (const alpha of [2, 1, 0, -1, -2]) {
      const series = phaseSeries(phaseNoise(alpha, points, seedOf(k)), 1);
      for (const { m, statistics } of analyseStability(series, {
        estimators: ESTIMATOR_NAMES,
        taus: 'octave',
        confidence: 0.95,
      })) {
        for (const [name, { value, low, high }] of statistics) {
          if (low === null || high === null || value === null) continue;
          expect(
            low > 0 && low < value && value < high && Number.isFinite(high),
            `${name}, ${points} points, ${alpha}, ${m}`,
          ).toBe(true);
        }
      }
    }
  }
});

test('weights are those of independent squares: one of what is all the same, equal ones of what has nothing in common', () => {
  const four = [0, 1, 2, 3];
  expect(squareWeights(four, () => 1).filter((weight) => weight > 1e-9)).toEqual([expect.closeTo(1, 9)]);
  expect(squareWeights(four, (i, j) => (i === j ? 3 : 0))).toEqual([0.25, 0.25, 0.25, 0.25]);
  // Neighbours with a correlation of 1/2: 1 + cos(k pi / 5).
  const found = squareWeights(four, (i, j) => [1, 0.5][j - i] ?? 0).sort((x, y) => x - y);
  for (const [k, weight] of found.entries())
    expect(weight).toBeCloseTo((1 + Math.cos(((4 - k) * Math.PI) / 5)) / 4, 9);
});

test('16 terms are looked at, or fewer, spread over those that are there', () => {
  expect(spread(16)).toEqual(Array.from({ length: 16 }, (_, k) => k));
  expect(spread(17)).toHaveLength(16);
  expect(spread(17, 3)).toEqual([0, 8, 16]);
  expect(spread(17, 0)).toEqual([0]);
});

test('of one or two long terms sixteen functions each are looked at, of more eight each, and of four terms at most', () => {
  // Stretches of 41 points: one Theo1 term of m = 40 each.
  const squares = (terms: number) => {
    const values = white(50 * terms).map((x, i) => (i % 50 > 40 ? Number.NaN : x));
    return spanWeights(phaseSeries(values, 1), THEO1, [[2, 1]], 40).length;
  };
  expect([1, 2, 3, 4, 5].map(squares)).toEqual([16, 32, 24, 32, 32]);
});

test('below 10 degrees of freedom an interval is that of the squares, from 10 on chi-squared', () => {
  const series = phaseSeries(phaseNoise(0, 1024, 77), 1);
  const at = (m: number) => {
    // White FM so strong that nothing steeper can hide beside it.
    const options = { estimators: ['oadev'], taus: [m], confidence: 0.95 } as const;
    const [point] = analyseStability(series, options, undefined, [[0, 1e3]]);
    const { value, low, high, edf } = point?.statistics.get('oadev') ?? {};
    const { low: chiLow, high: chiHigh } = deviationInterval(value ?? 0, edf ?? 0, 0.95);
    return { edf: edf ?? 0, isChiSquared: low === chiLow && high === chiHigh };
  };
  expect([at(126), at(127)]).toEqual([
    { edf: expect.closeTo(10.01, 2), isChiSquared: true },
    { edf: expect.closeTo(9.91, 2), isChiSquared: false },
  ]);
});

test('one long term beside a gap: 19 of 20 intervals hold the truth, and not 39 of 40', () => {
  const runs = 400;
  const holes = (x: number, i: number) => (i > 64 && i < 192 ? Number.NaN : x);
  const found = Array.from({ length: runs }, (_, k) => {
    const series = phaseSeries(phaseNoise(-2, 256, seedOf(k)).map(holes), 1);
    const options = { estimators: ['theo1'], taus: [64], confidence: 0.95 } as const;
    const [point] = analyseStability(series, options, undefined, [[-2, 1]]);
    return point?.statistics.get('theo1') ?? { value: null, low: null, high: null };
  });
  // Theo1 of the noise itself, from whole records.
  const truth = Array.from({ length: runs }, (_, k) => {
    const series = phaseSeries(phaseNoise(-2, 256, seedOf(k + runs)), 1);
    const [point] = analyseStability(
      series,
      { estimators: ['theo1'], taus: [64], confidence: 0.95 },
      undefined,
      null,
    );
    return point?.statistics.get('theo1')?.value ?? 0;
  });
  const square = truth.reduce((sum, value) => sum + value ** 2, 0) / runs;
  const held = found.filter(
    ({ low, high }) => (low ?? 9) ** 2 <= square && square <= (high ?? 0) ** 2,
  ).length;
  expect(held / runs).toBeGreaterThan(0.93);
  expect(held / runs).toBeLessThan(0.97);
});

test('the squares of white PM have an interval too where they are few', () => {
  const gapped = phaseSeries(
    white(256, 3).map((x, i) => (i > 64 && i < 192 ? Number.NaN : x)),
    1,
  );
  const options = {
    estimators: ['theo1', 'totdev', 'mtotdev', 'pdev'],
    taus: [20],
    confidence: 0.95,
  } as const;
  const [point] = analyseStability(gapped, options, undefined, [[2, 1]]);
  for (const [name, { value, low, high }] of point?.statistics ?? [])
    expect((low ?? 0) < (value ?? 0) && (value ?? 0) < (high ?? 0), name).toBe(true);
});

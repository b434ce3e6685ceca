import { expect, test } from 'vitest';
import { analyseStability, largestFactor } from '../../src/stability/analyse.ts';
import { oadev } from '../../src/stability/deviations.ts';
import { dynamicStability } from '../../src/stability/dynamic.ts';
import { spanEdf } from '../../src/stability/effective-terms.ts';
import { nearlyAll } from '../../src/stability/modified.ts';
import { identifyNoises, LEAST_POINTS } from '../../src/stability/noise.ts';
import { withoutOutliers } from '../../src/stability/preparation.ts';
import { frequencySeries, phaseSeries } from '../../src/stability/series.ts';
import {
  HADAMARD_TOTAL,
  MODIFIED_TOTAL,
  MOST_LOOKS,
  spanDeviation,
  strideOf,
  THEO1,
} from '../../src/stability/spans.ts';
import { phaseSpectrum } from '../../src/stability/spectrum.ts';
import { averagingFactors } from '../../src/stability/taus.ts';
import { theo1, theo1Lacks, theobrOf, theohIsAllan } from '../../src/stability/theo.ts';
import { totalBias, totalEdf, totalEdfOf } from '../../src/stability/total-noise.ts';
import { phaseNoise, seedOf, white } from './records.ts';

test('a noise is told from 30 known points on', () => {
  expect(LEAST_POINTS).toBe(30);
  expect(identifyNoises(phaseSeries(white(30), 1))).not.toBeNull();
  expect(identifyNoises(phaseSeries(white(29), 1))).toBeNull();
  const gapped = (known: number) =>
    white(60).map((x, i) => (i % 2 === 1 && i >= 2 * known - 59 ? Number.NaN : x));
  expect(identifyNoises(phaseSeries(gapped(30), 1))).not.toBeNull();
  // Frequencies: one point more than values.
  expect(identifyNoises(frequencySeries(white(29), 1))).not.toBeNull();
  expect(identifyNoises(frequencySeries(white(28), 1))).toBeNull();
});

test('random walk FM that is summed up from steps of tau0 has its name at m = 1 too', () => {
  const names = Array.from({ length: 20 }, (_, k) => {
    const series = phaseSeries(phaseNoise(-2, 512, seedOf(k)), 1);
    return analyseStability(series, { estimators: ['oadev'], taus: [1], confidence: 0.95 })[0]?.alpha;
  });
  expect(names.filter((alpha) => alpha === -2).length).toBeGreaterThanOrEqual(14);
});

test('an average of differences counts where 31 of 32 are known', () => {
  expect([nearlyAll(31, 32), nearlyAll(30, 32), nearlyAll(62, 64), nearlyAll(61, 64)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

test('a listed time may miss a multiple of tau0 by a millionth of it', () => {
  expect(averagingFactors([10.000009], 1, 100)).toEqual([10]);
  expect(() => averagingFactors([10.000011], 1, 100)).toThrow('is not a multiple of tau0');
  expect(() => averagingFactors([0.4], 1, 100)).toThrow('is not a multiple of tau0');
});

test('Theo1 begins at m = 10 and is of even m; TheoH is the Allan deviation up to a tenth of the record', () => {
  expect([8, 9, 10, 11, 12].map((m) => theo1Lacks(m) === null)).toEqual([false, false, true, false, true]);
  expect([theohIsAllan(100, 1001), theohIsAllan(101, 1001)]).toEqual([true, false]);
});

test('long records take every k-th term once 10^8 values would be looked at', () => {
  expect(MOST_LOOKS).toBe(1e8);
  // 6001 values a term: 3000 points and 3001 rows.
  expect(strideOf(MODIFIED_TOTAL, 1000, 33_327)).toBe(1);
  expect(strideOf(MODIFIED_TOTAL, 1000, 33_328)).toBe(2);
  expect(strideOf(THEO1, 10, 1_000_000)).toBe(1);
});

test('total deviation: the published edf bound those of the terms inside up to a thirtieth of the record', () => {
  // White FM at m: 1.5 (N - 1) / m, but no more than the overlapping terms have.
  expect(totalEdf(0, 40, 1201)).toBeCloseTo(42.8, 1);
  expect(totalEdf(0, 41, 1201)).toBeCloseTo((1.5 * 1200) / 41, 9);
  expect(totalEdf(0, 2, 1201)).toBeLessThan(900);
  // In white FM nothing is to be taken out; elsewhere it grows with m over the record.
  const series = phaseSeries(white(400), 1);
  expect(totalBias(series, 100, [[0, 1]])).toBe(1);
  expect(totalBias(series, 200, [[-2, 1]])).toBeCloseTo(1 - (0.75 * 200) / 399, 1);
  expect(totalBias(series, 200, [[-1, 1]])).toBeCloseTo(1 - (0.481 * 200) / 399, 1);
});

test('outliers are looked for again until none is left, ten times at the most, among three or more', () => {
  expect(withoutOutliers(Float64Array.from([1, 1e6]), 1).step.removed).toBe(0);
  // Each pass makes the spread smaller and the next one an outlier.
  const cascade = Float64Array.from([...white(200, seedOf(1)), 30, 3e2, 3e3, 3e4]);
  expect(withoutOutliers(cascade, 5).step.removed).toBe(4);
  const half = Float64Array.from({ length: 20 }, (_, i) => 2 ** i);
  const { values, step } = withoutOutliers(half, 1);
  expect(step.removed).toBe(values.filter(Number.isNaN).length);
});

test('a spectrum takes four segments of 16 or more', () => {
  expect(phaseSpectrum(white(64), 1)).not.toEqual([]);
  expect(phaseSpectrum(white(63), 1)).toEqual([]);
});

test('windows are never more than asked for, nor closer than a reading', () => {
  const windows = (length: number, most: number) =>
    dynamicStability(phaseSeries(white(100), 1), 'oadev', length, most, null, 0.95).map(({ at }) => at);
  expect(windows(90, 60)).toHaveLength(11);
  expect(windows(10, 4)).toEqual([4.5, 34.5, 64.5, 94.5]);
});

test('the largest m is that of the estimator that reaches furthest', () => {
  expect(largestFactor(['adev', 'mdev'], 101)).toBe(50);
  expect(largestFactor(['mdev'], 101)).toBe(33);
  expect(largestFactor(['adev'], 2)).toBe(0);
});

test('one noise more is worth a gain of 5 in the logarithm of the likelihood', () => {
  const sum = (strong: number, weak: number, share: number, length: number) => {
    const [a, b] = [phaseNoise(strong, length, seedOf(5)), phaseNoise(weak, length, seedOf(6))];
    return identifyNoises(
      phaseSeries(
        a.map((x, i) => x + share * (b[i] as number)),
        1,
      ),
    );
  };
  const alphas = (...of: Parameters<typeof sum>) => sum(...of)?.map(([alpha]) => alpha);
  // Where the gain passes 5, found once by bisection.
  expect([alphas(0, -2, 0.0407, 1000), alphas(0, -2, 0.041, 1000)]).toEqual([[0], [0, -1]]);
  expect([alphas(2, 0, 0.1118, 1000), alphas(2, 0, 0.1121, 1000)]).toEqual([[2], [2, 0]]);
});

test('no averaging time counts for more than 400 degrees of freedom', () => {
  // What a noise is believed to be as strong as depends on how the short averaging times weigh.
  const [a, b] = [phaseNoise(0, 8000, seedOf(7)), phaseNoise(2, 8000, seedOf(8))];
  const model = identifyNoises(
    phaseSeries(
      a.map((x, i) => x + 2 * (b[i] as number)),
      1,
    ),
  );
  expect(model).toEqual([
    [0, expect.closeTo(0.442615589, 8)],
    [2, expect.closeTo(4.136643828, 8)],
  ]);
});

test('total deviation in phase noise: all terms are added up to 512 points, longer records are modelled', () => {
  const edf = [511, 512, 513].map((points) => totalEdf(2, 100, points) ?? 0);
  expect(edf).toEqual([40.4967473513, 40.6151866713, 40.6372331227].map((each) => expect.closeTo(each, 8)));
});

test('total deviation with gaps: all terms that are left are added up to 1200 points', () => {
  const edf = (points: number) => {
    const gapped = white(points).map((x, i) => (i % 10 === 3 ? Number.NaN : x));
    return totalEdfOf(phaseSeries(gapped, 1), 100, [[0, 1]]);
  };
  expect([edf(1200), edf(1201)]).toEqual([expect.closeTo(17.995802775, 8), expect.closeTo(18, 8)]);
});

test('the bias of Theo1 is the mean of all ratios up to 2500 points, of 64 or fewer beyond', () => {
  const measured = (points: number) => {
    const series = phaseSeries(white(points), 1);
    return (theobrOf(series)(20).value / theo1(series, 20).value) ** 2;
  };
  const mean = (points: number, stride: number) => {
    const series = phaseSeries(white(points), 1);
    const ratios = Array.from(
      { length: Math.floor(Math.floor(points / 6 - 3) / stride) + 1 },
      (_, k) =>
        (oadev(series, 9 + 3 * k * stride).value /
          spanDeviation(series, THEO1, 12 + 4 * k * stride, MOST_LOOKS / 64).value) **
        2,
    );
    return ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  };
  expect(measured(303)).toBeCloseTo(mean(303, 1), 12);
  expect(Math.abs(measured(2500) / mean(2500, 7) - 1)).toBeGreaterThan(1e-6);
  expect(measured(2501)).toBeCloseTo(mean(2501, 7), 12);
});

test('Hadamard total deviation names no degrees of freedom where its terms grow as of phase noise, by a quarter', () => {
  const edf = (share: number) =>
    spanEdf(
      phaseSeries(white(4000), 1),
      HADAMARD_TOTAL,
      [
        [2, share],
        [0, 1 - share],
      ],
      64,
    );
  // Between these shares of white PM the power passes 0.25.
  expect([edf(0.34), edf(0.35)]).toEqual([expect.closeTo(265.3, 1), null]);
});

import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { analyseStability, deviationInterval } from '../../src/stability/analyse.ts';
import { chiSquaredQuantile, gammaP, logGamma } from '../../src/stability/chi-squared.ts';
import { greenhallEdf } from '../../src/stability/degrees-of-freedom.ts';
import { edfOf } from '../../src/stability/effective-terms.ts';
import { differenceCovariance } from '../../src/stability/power-law.ts';
import { frequencySeries, phaseSeries } from '../../src/stability/series.ts';
import { totalEdf } from '../../src/stability/total-noise.ts';
import published from '../vectors/greenhall-edf.json' with { type: 'json' };
import { white } from './records.ts';

const shapes = [
  { order: 2, overlapping: true, modified: false },
  { order: 2, overlapping: false, modified: false },
  { order: 3, overlapping: true, modified: false },
  { order: 3, overlapping: false, modified: false },
  { order: 2, overlapping: true, modified: true },
] as const;

const convolved = (a: readonly number[], b: readonly number[]): number[] => {
  const result = new Array<number>(a.length + b.length - 1).fill(0);
  for (const [i, x] of a.entries())
    for (const [j, y] of b.entries()) result[i + j] = (result[i + j] as number) + x * y;
  return result;
};

/** Exactly, for white noise of phase or of frequency: 2 E(V)^2 / var(V) from the estimator's weights. */
function exactEdf(shape: (typeof shapes)[number], alpha: 0 | 2, m: number, points: number): number {
  const difference = [-1, ...new Array<number>(m - 1).fill(0), 1];
  const box = new Array<number>(m).fill(1);
  let weights = [1];
  for (let k = 0; k < shape.order; k++)
    weights = convolved(weights, k === 0 && alpha === 0 ? box : difference);
  if (shape.modified) weights = convolved(weights, box);
  const correlation = (lag: number) =>
    weights.slice(lag).reduce((sum, w, i) => sum + w * (weights[i] as number), 0);
  const span = shape.order * m + (shape.modified ? m - 1 : 0);
  const stride = shape.overlapping ? 1 : m;
  const terms = Math.ceil((points - span) / stride);
  let sum = 1;
  for (let j = 1; j < terms && j * stride < weights.length; j++) {
    sum += 2 * (1 - j / terms) * (correlation(j * stride) / correlation(0)) ** 2;
  }
  return terms / sum;
}

test.each(shapes)(
  'degrees of freedom of white noise are exact without averaging ($order, $overlapping, $modified)',
  (shape) => {
    for (const alpha of [0, 2] as const) {
      for (const [m, points] of [
        [1, 100],
        [4, 100],
        [10, 1001],
        [30, 100],
        [40, 1001],
      ] as const) {
        const exact = exactEdf(shape, alpha, m, points);
        const found = greenhallEdf(shape, alpha, m, points) ?? Number.NaN;
        // The modified variance is modelled on continuous time, which differs where m is small.
        const discrete = m < 4 ? 0.2 : 0.03;
        const tolerance = shape.modified ? discrete : 1e-3 + (shape.overlapping ? 1 / points : 0.02);
        expect(Math.abs(found / exact - 1), `alpha ${alpha}, m ${m}, ${points} points`).toBeLessThan(
          tolerance,
        );
      }
    }
  },
);

test('the published algorithm, case by case: sums, tables, coarser sums, and white PM', () => {
  for (const [order, overlapping, modified, alpha = 0, m = 0, points = 0, edf = 0] of published.edf) {
    const shape = { order: order as 2 | 3, overlapping: overlapping === 1, modified: modified === 1 };
    const found = greenhallEdf(shape, alpha, m, points) ?? Number.NaN;
    expect(Math.abs(found / edf - 1), JSON.stringify({ ...shape, alpha, m, points })).toBeLessThan(1e-6);
  }
});

test('degrees of freedom go on smoothly where the tables take over from the sums', () => {
  for (const shape of shapes.filter(({ overlapping }) => overlapping)) {
    for (const alpha of [2, 1, 0, -1, -2]) {
      const edfs = Array.from(
        { length: 60 },
        (_, k) => greenhallEdf(shape, alpha, 10 + k, 10_001) ?? Number.NaN,
      );
      for (const [k, edf] of edfs.slice(1).entries()) {
        expect(edf / (edfs[k] as number), `alpha ${alpha}, m ${11 + k}`).toBeGreaterThan(0.85);
        expect(edf / (edfs[k] as number), `alpha ${alpha}, m ${11 + k}`).toBeLessThan(1.02);
      }
    }
  }
});

test('every noise has degrees of freedom between 1 and the number of terms, up to the longest averaging time', () => {
  for (const shape of shapes) {
    for (const alpha of shape.order === 2 ? [2, 1, 0, -1, -2] : [2, 1, 0, -1, -2, -3, -4]) {
      for (const m of [1, 3, 33, 300, 333]) {
        const edf = greenhallEdf(shape, alpha, m, 1001);
        expect(edf, `alpha ${alpha}, m ${m}`).toBeGreaterThan(0.9);
        expect(edf).toBeLessThan(1001);
      }
    }
  }
  expect(greenhallEdf(shapes[0], -3, 1, 1001)).toBeNull();
  expect(greenhallEdf(shapes[0], 0, 600, 1001)).toBeNull();
});

test('degrees of freedom of the total variance (SP 1065, table 7)', () => {
  expect(totalEdf(0, 50, 1001)).toBeCloseTo(30, 9);
  expect(totalEdf(-1, 50, 1001)).toBeCloseTo(1.17 * 20 - 0.22, 9);
  // At short averaging times those inside are fewer: not 1500.
  expect(totalEdf(0, 1, 1001)).toBe(greenhallEdf(shapes[0], 0, 1, 1001));
  expect(totalEdf(-2, 100, 1001)).toBeCloseTo(9.3 - 0.36, 9);
  expect(totalEdf(-2, 5000, 1001)).toBeNull();
});

// Printed tables of chi-squared for whole degrees; SciPy for the others.
test.each([
  [0.95, 1, 3.841459],
  [0.025, 10, 3.246973],
  [0.975, 10, 20.483177],
  [0.5, 100, 99.334129],
  [0.99, 2.5, 10.311244],
  [0.975, 146.177, 181.54149],
  [0.975, 8e5, 802481.0739],
])('chi-squared: p = %f with %f degrees', (p, degrees, quantile) => {
  expect(chiSquaredQuantile(p, degrees) / quantile).toBeCloseTo(1, 6);
});

test('the quantile inverts the distribution, from a fraction of a degree to a million', () => {
  for (const degrees of [0.4, 1, 3.7, 50, 1e3, 1e6]) {
    for (const p of [1e-4, 0.025, 0.16, 0.5, 0.84, 0.999]) {
      expect(gammaP(degrees / 2, chiSquaredQuantile(p, degrees) / 2) / p).toBeCloseTo(1, 8);
    }
  }
});

test('the gamma function', () => {
  expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 13);
  expect(logGamma(101) / 363.73937555556347).toBeCloseTo(1, 14);
});

test('an interval holds its value and closes in as it is less sure', () => {
  const wide = deviationInterval(1e-12, 20, 0.95);
  const narrow = deviationInterval(1e-12, 20, 0.68);
  expect(wide.low).toBeLessThan(narrow.low);
  expect(narrow.low).toBeLessThan(1e-12);
  expect(wide.high).toBeGreaterThan(narrow.high);
  expect(narrow.high).toBeGreaterThan(1e-12);
});

test('nineteen of twenty 95 % intervals hold the true deviation', () => {
  const runs = 300;
  const held = new Map<number, number>();
  for (let seed = 1; seed <= runs; seed++) {
    const series = frequencySeries(white(512, seed * 7919), 1);
    const options = { estimators: ['oadev'], taus: [1, 8, 64], confidence: 0.95 } as const;
    for (const { m, statistics } of analyseStability(series, options, quietControl)) {
      const { low, high } = statistics.get('oadev') ?? {};
      // White FM of variance 1: the Allan variance is 1 / m.
      const inside = (low ?? 9) <= Math.sqrt(1 / m) && Math.sqrt(1 / m) <= (high ?? 0);
      held.set(m, (held.get(m) ?? 0) + (inside ? 1 : 0));
    }
  }
  for (const [m, count] of held) {
    expect(count / runs, `m = ${m}`).toBeGreaterThan(0.92);
    expect(count / runs, `m = ${m}`).toBeLessThan(0.99);
  }
});

test('at m = 1 nothing is averaged: the modified deviation has the degrees of freedom of the plain one, exactly', () => {
  for (const order of [2, 3] as const) {
    for (const alpha of [2, 1, 0, -1, -2]) {
      const [plain, overlapping, modified] = [
        { order, overlapping: false, modified: false },
        { order, overlapping: true, modified: false },
        { order, overlapping: true, modified: true },
      ].map((shape) => greenhallEdf(shape, alpha, 1, 1024));
      expect([plain, modified]).toEqual([overlapping, overlapping]);
    }
  }
  // Second differences of the phase in white FM: neighbours have a correlation of -1/2, others none.
  const allan = { order: 2, overlapping: true, modified: true } as const;
  expect(greenhallEdf(allan, 0, 1, 1024)).toBeCloseTo(1022 / (1 + (2 * (1 - 1 / 1022)) / 4), 9);
});

const OVERLAPPING = { order: 2, overlapping: true, modified: false } as const;

/** n^2 over the sum of the squared correlations of all pairs of second differences that start at these points. */
function edfOfPairs(starts: readonly number[], alpha: number, m: number): number {
  let sum = 0;
  for (const i of starts)
    for (const j of starts)
      sum += (differenceCovariance(alpha, 2, m, i - j) / differenceCovariance(alpha, 2, m, 0)) ** 2;
  return starts.length ** 2 / sum;
}

test('of the few terms that gaps leave every pair counts', () => {
  const luck = white(1024, 6);
  const values = white(1024, 5).map((x, i) => ((luck[i] as number) > -0.25 ? Number.NaN : x));
  const there = (i: number) => !Number.isNaN(values[i]);
  const starts = [...values.keys()].filter(
    (i) => i + 512 < 1024 && there(i) && there(i + 256) && there(i + 512),
  );
  expect(starts.length).toBeGreaterThan(10);
  expect(starts.length).toBeLessThan(80);
  for (const alpha of [2, 1, 0, -1, -2])
    expect(edfOf(phaseSeries(values, 1), OVERLAPPING, [[alpha, 1]], 256)).toBeCloseTo(
      edfOfPairs(starts, alpha, 256),
      9,
    );
});

test('flicker PM, sampled, has the degrees of freedom of its own terms and not those of a bandwidth', () => {
  const starts = Array.from({ length: 512 - 64 }, (_, i) => i);
  const exact = edfOfPairs(starts, 1, 32);
  const series = phaseSeries(white(512, 5), 1);
  expect(Math.abs((edfOf(series, OVERLAPPING, [[1, 1]], 32) ?? 0) / exact - 1)).toBeLessThan(0.03);
  expect((greenhallEdf(OVERLAPPING, 1, 32, 512) ?? 0) / exact).toBeLessThan(0.9);
});

test('an interval around two corrections of a value misses the truth of neither more often than it says', () => {
  for (const edf of [3, 60, 2000])
    for (const shift of [0.8, 0.97, 1.03, 1.2]) {
      const { low, high } = deviationInterval(1, edf, 0.95, shift);
      // The truth T of a value v has v^2 edf / T^2 of chi-squared: v is in [T / high, T / low].
      const missed = (own: number) => {
        const below = gammaP(edf / 2, (edf * own ** 2) / high ** 2 / 2);
        const above = 1 - gammaP(edf / 2, (edf * own ** 2) / low ** 2 / 2);
        return below + above;
      };
      expect(Math.max(missed(shift), missed(1))).toBeCloseTo(0.05, 6);
    }
  expect(deviationInterval(1, 20, 0.95)).toEqual(deviationInterval(1, 20, 0.95, 1));
});

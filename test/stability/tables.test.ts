import { expect, test } from 'vitest';
import { greenhallEdf } from '../../src/stability/degrees-of-freedom.ts';
import { totalEdf } from '../../src/stability/total-noise.ts';

// The printed coefficients, from the definition: noise is white noise through an integrator of order (2 - alpha) / 2, an
// estimator's terms weigh it, and edf = 2 E^2 / Var of the mean of their squares. Nothing of src is used for it.

const convolved = (a: Float64Array, b: Float64Array): Float64Array => {
  const result = new Float64Array(a.length + b.length - 1);
  for (const [i, x] of a.entries())
    if (x !== 0) for (const [j, y] of b.entries()) result[i + j] = (result[i + j] as number) + x * y;
  return result;
};

/** The response of an integrator of any order (Kasdin 1995). */
function integrator(order: number, length: number): Float64Array {
  const response = new Float64Array(length).fill(1);
  for (let k = 1; k < length; k += 1) response[k] = ((response[k - 1] as number) * (k - 1 + order)) / k;
  return response;
}

/** Squared correlations of an estimator's terms in one noise, by the points between them. */
function squaredCorrelations(order: number, modified: boolean, alpha: number, m: number): Float64Array {
  const length = 12 * m;
  const difference = new Float64Array(m + 1);
  [difference[0], difference[m]] = [1, -1];
  let weights = integrator((2 - alpha) / 2, length);
  for (let k = 0; k < order; k += 1) weights = convolved(weights, difference).subarray(0, length);
  if (modified) weights = convolved(weights, new Float64Array(m).fill(1)).subarray(0, length);
  const covariance = (lag: number) => {
    let sum = 0;
    for (let i = 0; i + lag < length; i += 1) sum += (weights[i] as number) * (weights[i + lag] as number);
    return sum;
  };
  const variance = covariance(0);
  return Float64Array.from({ length: (order + 2) * m }, (_, lag) => (covariance(lag) / variance) ** 2);
}

const M = 48;
const shapes = [
  { order: 2, modified: false, alphas: [2, 1, 0, -1, -2] },
  { order: 3, modified: false, alphas: [2, 1, 0, -1, -2, -3, -4] },
  { order: 2, modified: true, alphas: [2, 1, 0, -1, -2] },
  { order: 3, modified: true, alphas: [2, 1, 0, -1, -2, -3, -4] },
] as const;

test.each(
  shapes.flatMap(({ order, modified, alphas }) => alphas.map((alpha) => ({ order, modified, alpha }))),
)(
  'SP 1065, 5.4.1: a0 and a1 of order $order (modified: $modified) for alpha $alpha',
  ({ order, modified, alpha }) => {
    const squared = squaredCorrelations(order, modified, alpha, M);
    // White PM that is not averaged has edf in terms, and not in averaging times.
    const unit = alpha === 2 && !modified ? 1 : M;
    let [a0, a1] = [1 / unit, 0];
    for (const [lag, square] of squared.entries()) {
      if (lag === 0) continue;
      a0 += (2 * square) / unit;
      a1 += (2 * lag * square) / (unit * M);
    }
    const ratioOverEdf = (ratio: number) => {
      const terms = ratio * M;
      const points = terms - 1 + order * M + (modified ? M : 1);
      const edf = greenhallEdf({ order, overlapping: true, modified }, alpha, M, points) ?? Number.NaN;
      return terms / unit / edf;
    };
    // edf = ratio / (a0 - a1 / ratio).
    const [far, near] = [4000, 6];
    const slope = (ratioOverEdf(far) - ratioOverEdf(near)) / (1 / near - 1 / far);
    // The steepest flicker's correlations go on beyond what is summed here. Flicker PM that is filtered, as the table has
    // it, is less well known than sampled flicker PM: its intervals are on the safe side.
    const steep = alpha === (order === 2 ? -1 : -3);
    const [low, high] = alpha === 1 && !modified ? [1.17, 1.21] : [steep ? 0.95 : 0.99, 1.01];
    for (const coefficient of [(ratioOverEdf(far) + slope / far) / a0, slope / a1]) {
      expect(coefficient).toBeGreaterThan(low);
      expect(coefficient).toBeLessThan(high);
    }
  },
);

/** The same for total deviation: terms at all inner points, with what is reflected at the ends. */
function totalEdfFromDefinition(alpha: number, m: number, points: number): number {
  const before = alpha === -1 ? 12 * points : points;
  const response = integrator((2 - alpha) / 2, before + points);
  const last = points - 1;
  const phase = (i: number, j: number) => (before + i - j >= 0 ? (response[before + i - j] as number) : 0);
  const reflected = (i: number, j: number): number =>
    i < 0
      ? 2 * phase(0, j) - phase(-i, j)
      : i > last
        ? 2 * phase(last, j) - phase(2 * last - i, j)
        : phase(i, j);
  const terms = Array.from({ length: last - 1 }, (_, k) =>
    Float64Array.from(
      { length: before + points },
      (__, j) => reflected(k + 1 - m, j) - 2 * phase(k + 1, j) + reflected(k + 1 + m, j),
    ),
  );
  let [mean, squares] = [0, 0];
  for (const [a, left] of terms.entries())
    for (const [b, right] of terms.entries()) {
      let covariance = 0;
      for (const [j, weight] of left.entries()) covariance += weight * (right[j] as number);
      if (a === b) mean += covariance;
      squares += covariance ** 2;
    }
  return mean ** 2 / squares;
}

test.each([0, -1, -2])('SP 1065, table 7: degrees of freedom of the total variance for alpha %i', (alpha) => {
  for (const m of [12, 24, 40]) {
    const ratio = (totalEdf(alpha, m, 81) ?? Number.NaN) / totalEdfFromDefinition(alpha, m, 81);
    expect(ratio, `m ${m}`).toBeGreaterThan(0.9);
    expect(ratio, `m ${m}`).toBeLessThan(1.1);
  }
});

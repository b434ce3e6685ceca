import { normalQuantile } from '../statistics.ts';

/** Sweeps after which the eigenvalues of the small matrices here have long stood still. */
const SWEEPS = 12;

/** The eigenvalues of a symmetric matrix, which it spoils, by Jacobi's rotations. */
function eigenvalues(a: readonly Float64Array[]): number[] {
  const at = (i: number, j: number): number => (a[i] as Float64Array)[j] as number;
  // Their sum, which no rotation changes: a single element may come to 0.
  const negligible = (1e-5 * a.reduce((sum, _, i) => sum + Math.abs(at(i, i)), 0)) / a.length;
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    let rotated = false;
    for (let p = 0; p < a.length; p += 1) {
      for (let q = p + 1; q < a.length; q += 1) {
        if (Math.abs(at(p, q)) <= negligible) continue;
        rotated = true;
        const theta = (at(q, q) - at(p, p)) / (2 * at(p, q));
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        for (const row of a) {
          const [x, y] = [row[p] as number, row[q] as number];
          row[p] = c * (x - t * y);
          row[q] = c * (y + t * x);
        }
        const [up, down] = [a[p] as Float64Array, a[q] as Float64Array];
        for (let k = 0; k < a.length; k += 1) {
          const [x, y] = [up[k] as number, down[k] as number];
          up[k] = c * (x - t * y);
          down[k] = c * (y + t * x);
        }
      }
    }
    if (!rotated) break;
  }
  return a.map((_, i) => at(i, i));
}

/** Terms looked at behind few degrees of freedom: more would hardly differ from their neighbours. */
const MOST_TERMS = 16;

/** So many of `count` places, from 0 on, spread evenly, and no more than `most`. */
export function spread(count: number, most = MOST_TERMS): number[] {
  const taken = Math.max(1, Math.min(count, most, MOST_TERMS));
  return Array.from({ length: taken }, (_, k) => Math.round((k * (count - 1)) / Math.max(1, taken - 1)));
}

/**
 * The weights, adding to 1, with which the mean square of variables is one of independent ones.
 *
 * @param covariance of two of them, the first no later than the second.
 */
export function squareWeights<Variable>(
  variables: readonly Variable[],
  covariance: (a: Variable, b: Variable) => number,
): number[] {
  const matrix = variables.map(() => new Float64Array(variables.length));
  for (const [j, b] of variables.entries()) {
    for (let i = 0; i <= j; i += 1) {
      const value = covariance(variables[i] as Variable, b);
      (matrix[i] as Float64Array)[j] = value;
      (matrix[j] as Float64Array)[i] = value;
    }
  }
  const positive = eigenvalues(matrix).filter((value) => value > 0);
  const sum = positive.reduce((total, value) => total + value, 0);
  return positive.map((value) => value / sum);
}

const HALVINGS = 30;

/** So many squares, not necessarily a whole number, that together add `weight` to the expectation of a mean. */
export type Squares = readonly [weight: number, degrees: number];

/** The squares behind a mean of `edf` degrees of freedom: as many as the weights have, or as several means like this one have together. */
export function squaresOf(weights: readonly number[], edf: number): Squares[] {
  const copies = edf * weights.reduce((sum, weight) => sum + weight ** 2, 0);
  return weights.map((weight) => [weight, copies]);
}

/**
 * A quantile of a mean of squares of normal variables, over its expectation, by the saddlepoint (Kuonen 1999, Biometrika 86).
 * Chi-squared of the same degrees of freedom puts too much near 0 where these are few: it takes for one square what is one
 * and some small ones.
 *
 * @param squares weights adding to 1.
 */
export function squaresQuantile(p: number, squares: readonly Squares[]): number {
  /** The value that the saddlepoint `s` is of, and the normal variable that stays below as often. */
  const at = (s: number): { value: number; normal: number } => {
    let [cumulant, value, second] = [0, 0, 0];
    for (const [weight, degrees] of squares) {
      const rest = 1 - (2 * weight * s) / degrees;
      cumulant -= (degrees / 2) * Math.log(rest);
      value += weight / rest;
      second += (2 / degrees) * (weight / rest) ** 2;
    }
    const w = Math.sign(s) * Math.sqrt(2 * (s * value - cumulant));
    return { value, normal: w + Math.log((s * Math.sqrt(second)) / w) / w };
  };
  const wanted = p < 0.5 ? -normalQuantile(p) : normalQuantile(1 - p);
  const most = Math.min(...squares.map(([weight, degrees]) => degrees / (2 * weight)));
  // Below the mean s is negative; by its distance from the largest there is, which spans many powers of ten.
  let [near, far] = wanted > 0 ? [most * 1e-12, most] : [most, most * 1e12];
  for (let k = 0; k < HALVINGS; k += 1) {
    const middle = Math.sqrt(near * far);
    if (at(most - middle).normal < wanted) far = middle;
    else near = middle;
  }
  return at(most - Math.sqrt(near * far)).value;
}

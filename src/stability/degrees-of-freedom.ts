/**
 * Equivalent degrees of freedom: C. A. Greenhall and W. J. Riley, "Uncertainty of stability variances based on finite
 * differences", PTTI 2003; the combined algorithm as printed in NIST SP 1065, 5.4.1.
 */

import { differenceCovariance, WEIGHTS } from './power-law.ts';

/** The longest sum taken term by term; beyond it the fitted tables stand in. */
const LONGEST_SUM = 100;

/** What an estimator does with the phase. */
export interface EstimatorShape {
  /** Order of the phase difference: 2 for the Allan family, 3 for the Hadamard family. */
  readonly order: 2 | 3;
  readonly overlapping: boolean;
  /** True where phase is averaged before it is differenced (MDEV, TDEV). */
  readonly modified: boolean;
}

type Pair = readonly [number, number];
/** [a0, a1] by alpha, for the differences of order 2 and of order 3. Null where the variance does not exist. */
type Table = Readonly<Record<number, readonly [Pair | null, Pair]>>;

const MODIFIED: Table = {
  2: [
    [7 / 9, 1 / 2],
    [22 / 25, 2 / 3],
  ],
  1: [
    [0.997, 0.616],
    [1.141, 0.843],
  ],
  0: [
    [1.033, 0.607],
    [1.184, 0.848],
  ],
  [-1]: [
    [1.048, 0.534],
    [1.18, 0.816],
  ],
  [-2]: [
    [1.302, 0.535],
    [1.175, 0.777],
  ],
  [-3]: [null, [1.194, 0.703]],
  [-4]: [null, [1.489, 0.702]],
};

const UNMODIFIED: Table = {
  2: [
    [35 / 18, 1],
    [231 / 100, 3 / 2],
  ],
  1: [
    [790, 410],
    [9950, 6520],
  ],
  0: [
    [2 / 3, 1 / 3],
    [7 / 9, 1 / 2],
  ],
  [-1]: [
    [0.852, 0.375],
    [0.997, 0.617],
  ],
  [-2]: [
    [1.079, 0.368],
    [1.033, 0.607],
  ],
  [-3]: [null, [1.053, 0.553]],
  [-4]: [null, [1.302, 0.535]],
};

/** [b0, b1] of the flicker PM case, for order 2 and order 3. */
const FLICKER_PM: readonly [Pair, Pair] = [
  [15.23, 12],
  [47.8, 40],
];

/** Generalised autocovariance of the phase noise, up to a factor and its sign: only squares and ratios of it count. */
function sw(t: number, alpha: number): number {
  const magnitude = Math.abs(t);
  const power = magnitude ** (3 - alpha);
  return alpha % 2 === 0 || magnitude === 0 ? power : power * Math.log(magnitude);
}

/** The same after averaging over 1/F of tau. */
function sx(t: number, filter: number, alpha: number): number {
  if (filter === Number.POSITIVE_INFINITY) return sw(t, alpha + 2);
  return filter ** 2 * (2 * sw(t, alpha) - sw(t - 1 / filter, alpha) - sw(t + 1 / filter, alpha));
}

/** The same after differencing. */
function sz(t: number, filter: number, alpha: number, order: 2 | 3): number {
  let sum = 0;
  for (const [k, weight] of WEIGHTS[order].entries()) {
    sum +=
      k === 0
        ? weight * sx(t, filter, alpha)
        : weight * (sx(t - k, filter, alpha) + sx(t + k, filter, alpha));
  }
  return sum;
}

function basicSum(
  length: number,
  terms: number,
  stride: number,
  filter: number,
  alpha: number,
  order: 2 | 3,
): number {
  const squared = (j: number) => sz(j / stride, filter, alpha, order) ** 2;
  let sum = squared(0) + (1 - length / terms) * squared(length);
  for (let j = 1; j < length; j += 1) sum += 2 * (1 - j / terms) * squared(j);
  return sum;
}

/** White PM without averaging: only differences a whole number of tau apart are correlated. */
function whitePhaseEdf(terms: number, ratio: number, order: 2 | 3, [a0, a1]: Pair): number {
  const strides = Math.ceil(ratio);
  if (strides > order) return terms / (a0 - a1 / ratio);
  const weights = WEIGHTS[order];
  let sum = 0;
  for (let k = 1; k < strides; k += 1) sum += (1 - k / ratio) * ((weights[k] ?? 0) / weights[0]) ** 2;
  return terms / (1 + 2 * sum);
}

/**
 * At m = 1, where nothing is averaged, modified or not: from the correlations of the sampled phase itself. The continuous
 * one behind the rest of the algorithm is up to a sixth off there.
 */
function edfOfNeighbours(terms: number, alpha: number, order: 2 | 3): number {
  const variance = differenceCovariance(alpha, order, 1, 0);
  let sum = 1;
  for (let lag = 1; lag < Math.min(terms, LONGEST_SUM); lag += 1)
    sum += 2 * (1 - lag / terms) * (differenceCovariance(alpha, order, 1, lag) / variance) ** 2;
  return terms / sum;
}

/** The correlation of two terms `lag` points apart, where the noise has one exponent. */
export function termCorrelation(shape: EstimatorShape, alpha: number, m: number, lag: number): number {
  const { order, modified } = shape;
  if (modified && m > 1) return sz(lag / m, 1, alpha, order) / sz(0, 1, alpha, order);
  return differenceCovariance(alpha, order, m, lag) / differenceCovariance(alpha, order, m, 0);
}

/**
 * The equivalent degrees of freedom of a variance estimate.
 *
 * @param alpha noise exponent, an integer from -4 to 2; the Allan family needs -2 or more.
 * @param points phase points in the record.
 * @returns null where the variance does not exist for this noise, or the record is too short for one term.
 */
export function greenhallEdf(shape: EstimatorShape, alpha: number, m: number, points: number): number | null {
  const { order, overlapping, modified } = shape;
  const pair = (modified ? MODIFIED : UNMODIFIED)[alpha]?.[order - 2] ?? null;
  const filter = modified ? 1 : m;
  const stride = overlapping ? m : 1;
  const terms = 1 + Math.floor((stride * (points - m / filter - m * order)) / m);
  if (pair === null || terms < 1) return null;
  const [a0, a1] = pair;
  const ratio = terms / stride;
  const length = Math.min(terms, (order + 1) * stride);
  if (m === 1) return edfOfNeighbours(terms, alpha, order);
  if (!modified && alpha === 2) return whitePhaseEdf(terms, ratio, order, pair);

  // A filter over one of many points hardly matters, and without it nothing is lost to rounding; flicker PM needs it.
  // Sampled white FM has none: without it the result is exact (SP 1065, 12.4: 146.18; with it 135.07).
  const flicker = !modified && alpha === 1;
  const unfiltered = !modified && (alpha === 0 || (alpha < 0 && m * (order + 1) > LONGEST_SUM));
  const wide = unfiltered ? Number.POSITIVE_INFINITY : filter;
  if (length <= LONGEST_SUM) {
    return (sz(0, wide, alpha, order) ** 2 * terms) / basicSum(length, terms, stride, wide, alpha, order);
  }
  const [b0, b1] = FLICKER_PM[order - 2] ?? [0, 0];
  const variance = flicker ? (b0 + b1 * Math.log(m)) ** 2 : 1;
  if (ratio >= order + 1) return (variance * ratio) / (a0 - a1 / ratio);
  const coarse = LONGEST_SUM / ratio;
  const coarseFilter = flicker ? coarse : wide;
  const zero = flicker ? variance : sz(0, wide, alpha, order) ** 2;
  return (zero * LONGEST_SUM) / basicSum(LONGEST_SUM, LONGEST_SUM, coarse, coarseFilter, alpha, order);
}

/** Any list of numbers. */
export type Values = ArrayLike<number>;

/** A straight line through points, and how well its slope is known. */
export interface Line {
  readonly slope: number;
  readonly standardError: number;
}

/**
 * A correlation of neighbours estimated from some tens of values cannot be told from this one; nearer to 1 the factor by
 * which it widens an error would be anything.
 */
export const MOST_CORRELATED = 0.9;

/** Arithmetic mean; NaN of nothing. */
export function mean(values: Values): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
}

/** Standard deviation of the population that the values were drawn from (n - 1); NaN of fewer than two. */
export function standardDeviation(values: Values): number {
  const middle = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += ((values[i] as number) - middle) ** 2;
  return values.length < 2 ? Number.NaN : Math.sqrt(squares / (values.length - 1));
}

/** The values in ascending order, in memory of their own. */
export const sorted = (values: Values): Float64Array => Float64Array.from(values).sort();

/**
 * The smallest value that at least `share` of all values do not exceed (nearest rank).
 *
 * @param ascending sorted.
 * @param share 0 to 1: 0 is the smallest, 1 the largest.
 * @returns NaN of nothing.
 */
export function quantile(ascending: Values, share: number): number {
  const last = ascending.length - 1;
  return ascending[Math.min(last, Math.max(0, Math.ceil(share * ascending.length) - 1))] ?? Number.NaN;
}

/** Median, the mean of the middle two where the count is even; NaN of nothing. In any order. */
export function median(values: Values): number {
  const ascending = sorted(values);
  const half = ascending.length >> 1;
  const upper = ascending[half] ?? Number.NaN;
  return ascending.length % 2 === 1 ? upper : ((ascending[half - 1] ?? Number.NaN) + upper) / 2;
}

/** The median absolute deviation of a normal distribution, in standard deviations. */
const MAD = 0.674489750196082;

/** The median, and the standard deviation of normal values as their distances from it show it, whatever a few wild ones do. */
export function robustSpread(values: Values): { readonly middle: number; readonly deviation: number } {
  const middle = median(values);
  return { middle, deviation: median(Array.from(values, (value) => Math.abs(value - middle))) / MAD };
}

/** Correlation of each value with the one before it, for values whose mean is 0; 0 where all are 0. */
export function lag1(residuals: Values): number {
  let squares = 0;
  let products = 0;
  for (let i = 0; i < residuals.length; i++) {
    const value = residuals[i] as number;
    squares += value * value;
    if (i > 0) products += value * (residuals[i - 1] as number);
  }
  return squares > 0 ? products / squares : 0;
}

/**
 * How many times wider neighbours that resemble one another make an error: the variance of a mean of an AR(1) process
 * with lag-1 correlation r is (1 + r) / (1 - r) of independent values' (Box and Jenkins, Time Series Analysis, 2.1).
 */
export function correlationFactor(residuals: Values): number {
  const r = Math.min(MOST_CORRELATED, Math.max(0, lag1(residuals)));
  return Math.sqrt((1 + r) / (1 - r));
}

/**
 * Least squares of y on x, its standard error widened for residuals that follow one another.
 *
 * @returns null of fewer than three points, or where all x are the same.
 */
export function leastSquares(x: Values, y: Values): Line | null {
  const count = x.length;
  if (count < 3) return null;
  const [meanX, meanY] = [mean(x), mean(y)];
  let xx = 0;
  let xy = 0;
  for (let i = 0; i < count; i++) {
    const dx = (x[i] as number) - meanX;
    xx += dx * dx;
    xy += dx * ((y[i] as number) - meanY);
  }
  if (xx === 0) return null;
  const slope = xy / xx;
  const residuals = Float64Array.from(
    { length: count },
    (_, i) => (y[i] as number) - meanY - slope * ((x[i] as number) - meanX),
  );
  let squares = 0;
  for (const residual of residuals) squares += residual * residual;
  const standardError = correlationFactor(residuals) * Math.sqrt(squares / (count - 2) / xx);
  return { slope, standardError };
}

/** Mean of the middle half of the values: as robust as the median, and not bound to the steps of the clock. */
export function midmean(values: Values): number {
  const ascending = sorted(values);
  const quarter = ascending.length >> 2;
  return mean(ascending.subarray(quarter, ascending.length - quarter));
}

/**
 * The standard error of a midmean of independent values, with its degrees of freedom: Tukey and McLaughlin's, by the
 * spread of the values with the outer quarters drawn in to the middle half's ends (Sankhya A 25, 1963, p. 331).
 *
 * @param values two at least.
 */
export function midmeanError(values: Values): { readonly error: number; readonly degrees: number } {
  const ascending = sorted(values);
  const n = ascending.length;
  const quarter = n >> 2;
  const drawnIn = ascending.map((_, i) => ascending[Math.min(Math.max(i, quarter), n - 1 - quarter)] ?? 0);
  const kept = n - 2 * quarter;
  return { error: (standardDeviation(drawnIn) * Math.sqrt(n)) / kept, degrees: kept - 1 };
}

/** Coefficients of P. J. Acklam's rational approximation to the normal quantile, relative error below 1.2e-9. */
const CENTRE = [
  [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
    2.506628277459239,
  ],
  [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1],
] as const;
const TAIL = [
  [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ],
  [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1],
] as const;
/** Where the tail's approximation takes over. */
const TAIL_BELOW = 0.02425;

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

/** What a standard normal variable exceeds with probability `upper`, 0 to 0.5. */
export function normalQuantile(upper: number): number {
  if (upper < TAIL_BELOW) {
    const q = Math.sqrt(-2 * Math.log(upper));
    return -polynomial(TAIL[0], q) / polynomial(TAIL[1], q);
  }
  const q = 0.5 - upper;
  return (q * polynomial(CENTRE[0], q * q)) / polynomial(CENTRE[1], q * q);
}

/**
 * What Student's t exceeds with probability `upper`, 0 to 0.5: G. W. Hill, Algorithm 396, CACM 13 (1970), to 6 digits.
 *
 * @param degrees of freedom, 1 or more; need not be whole.
 */
export function studentQuantile(upper: number, degrees: number): number {
  const n = degrees;
  if (n === 1) return 1 / Math.tan(Math.PI * upper);
  if (n === 2) return Math.sqrt(1 / (upper * (2 - 2 * upper)) - 2);
  const a = 1 / (n - 0.5);
  const b = 48 / a ** 2;
  const c = ((20_700 * (a / b) - 98) * a - 16) * a + 96.36;
  const d = ((94.5 / (b + c) - 3) / b + 1) * Math.sqrt((a * Math.PI) / 2) * n;
  let y = (d * 2 * upper) ** (2 / n);
  if (y > 0.05 + a) {
    const x = -normalQuantile(upper);
    const near = c + (n < 5 ? 0.3 * (n - 4.5) * (x + 0.6) : 0);
    const scale = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + near;
    y = (((((0.4 * x ** 2 + 6.3) * x ** 2 + 36) * x ** 2 + 94.5) / scale - x ** 2 - 3) / b + 1) * x;
    y = Math.expm1(a * y ** 2);
  } else {
    y =
      ((1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1) *
        ((n + 1) / (n + 2)) +
      1 / y;
  }
  return Math.sqrt(n * y);
}

/** Any list of numbers. */
export type Values = ArrayLike<number>;

/** A straight line through points, and how well its slope is known. */
export interface Line {
  readonly slope: number;
  /** Value of the line where x is the mean of the points' x. */
  readonly middle: number;
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
  return { slope, middle: meanY, standardError };
}

/** Mean of the middle half of the values: as robust as the median, and not bound to the steps of the clock. */
export function midmean(values: Values): number {
  const ascending = sorted(values);
  const quarter = ascending.length >> 2;
  return mean(ascending.subarray(quarter, ascending.length - quarter));
}

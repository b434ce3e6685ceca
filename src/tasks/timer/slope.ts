import { type Line, leastSquares, mean, quantile, sorted } from '../../statistics.ts';

/** A slope is fitted to one value of each of this many parts of the run. */
export const PARTS = 32;
const PASSES = 3;
/** Below this many points there is no slope worth a number. */
const LEAST_POINTS = 8;
/**
 * Readings at one end of a run are worth at most this many that are independent: where in its bracket the clock is read
 * wanders by some percent, all readings of a while together. Of `calibrate`, where the truth is known: 300 brackets.
 */
const MOST_INDEPENDENT = 300;
/** Where a normal distribution has one standard deviation. */
const ONE_SIGMA = 0.841345;

/** What a line leaves of y. */
export const residuals = (x: Float64Array, y: Float64Array, slope: number): Float64Array =>
  y.map((ns, i) => ns - slope * (x[i] as number));

/** The slope of y over x, from `near`: each pass adds what `fit` finds in what the last one left. */
export function inPasses(
  passes: number,
  x: Float64Array,
  y: Float64Array,
  near: number,
  fit: (left: Float64Array) => Line | null,
): Line | null {
  let line: Line = { slope: near, standardError: 0 };
  for (let pass = 0; pass < passes; pass++) {
    const found = fit(residuals(x, y, line.slope));
    if (found === null) return null;
    line = { slope: line.slope + found.slope, standardError: found.standardError };
  }
  return line;
}

/** Least squares through one quantile of each part: the scatter of those gives the error, whatever the noise. */
function fit(x: Float64Array, y: Float64Array, share: number): Line | null {
  const parts = Math.min(PARTS, Math.floor(x.length / 2));
  const means = new Float64Array(parts);
  const values = new Float64Array(parts);
  for (let i = 0; i < parts; i++) {
    const from = Math.floor((i * x.length) / parts);
    const to = Math.floor(((i + 1) * x.length) / parts);
    means[i] = mean(x.subarray(from, to));
    values[i] = quantile(sorted(y.subarray(from, to)), share);
  }
  return leastSquares(means, values);
}

/** Scatter of single values on the side of the quantile that counts, robustly. */
function scatter(y: Float64Array, share: number): number {
  const ascending = sorted(y);
  return share > 0.5
    ? quantile(ascending, share) - quantile(ascending, 2 * share - 1)
    : (quantile(ascending, ONE_SIGMA) - quantile(ascending, 1 - ONE_SIGMA)) / 2;
}

/**
 * The slope of y over x. What drifts within a part would blur its quantile, so each pass takes out what the last one
 * found.
 *
 * @param share which quantile of a part counts: 0.5 where the noise has two sides, nearly 1 where it only lowers y.
 * @returns null where there are too few points.
 */
export function quantileSlope(x: Float64Array, y: Float64Array, share: number): Line | null {
  if (x.length < LEAST_POINTS) return null;
  const line = inPasses(PASSES, x, y, 0, (left) => fit(x, left, share));
  if (line === null) return null;
  const span = (x.at(-1) as number) - (x[0] as number);
  const worth = Math.min(MOST_INDEPENDENT, x.length / 2);
  const floor = (scatter(residuals(x, y, line.slope), share) * Math.sqrt(2 / worth)) / span;
  return { ...line, standardError: Math.max(line.standardError, floor) };
}

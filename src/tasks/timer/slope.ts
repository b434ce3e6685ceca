import { type Line, leastSquares, mean, quantile, sorted } from '../../statistics.ts';

/** The slope is fitted to one value of each of this many parts of the run. */
const PARTS = 32;
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
  let slope = 0;
  let standardError = 0;
  const rest = () => y.map((ns, i) => ns - slope * (x[i] as number));
  for (let pass = 0; pass < PASSES; pass++) {
    const found = fit(x, rest(), share);
    if (found === null) return null;
    slope += found.slope;
    standardError = found.standardError;
  }
  const span = (x.at(-1) as number) - (x[0] as number);
  const worth = Math.min(MOST_INDEPENDENT, x.length / 2);
  const floor = (scatter(rest(), share) * Math.sqrt(2 / worth)) / span;
  return { slope, standardError: Math.max(standardError, floor) };
}

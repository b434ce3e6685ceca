/** A slope and its standard error. */
export interface Slope {
  readonly slope: number;
  readonly standardError: number;
}

/** The slope is fitted to one value of each of this many stretches. */
const STRETCHES = 32;
const PASSES = 3;
/** A correlation estimated from so few stretches cannot be told from this one. */
const MOST_CORRELATED = 0.9;
/** Below this many points there is no slope worth a number. */
const LEAST_POINTS = 8;

/** The value below which `share` of the values lie. */
function quantile(values: Float64Array, share: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/**
 * How many times wider neighbours that resemble one another make an error: the variance of a mean of an AR(1) process
 * with that lag-1 correlation is (1 + r) / (1 - r) of independent values' (Box and Jenkins, Time Series Analysis, 2.1).
 */
function correlationFactor(residuals: readonly number[]): number {
  const squares = residuals.reduce((sum, value) => sum + value * value, 0);
  const products = residuals.reduce((sum, value, i) => sum + value * (residuals[i - 1] ?? 0), 0);
  const r = squares > 0 ? Math.min(MOST_CORRELATED, Math.max(0, products / squares)) : 0;
  return Math.sqrt((1 + r) / (1 - r));
}

/**
 * Least squares through one quantile of each stretch: the scatter of those gives the error, whatever the noise. A path
 * of reading that changes in the middle of a run moves many stretches together, which correlation tells.
 */
function fit(x: Float64Array, y: Float64Array, share: number): Slope {
  const stretches = Math.min(STRETCHES, Math.floor(x.length / 2));
  const points = Array.from({ length: stretches }, (_, i) => {
    const from = Math.floor((i * x.length) / stretches);
    const to = Math.floor(((i + 1) * x.length) / stretches);
    const mean = x.subarray(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
    return [mean, quantile(y.subarray(from, to), share)] as const;
  });
  const meanX = points.reduce((sum, [a]) => sum + a, 0) / stretches;
  const meanY = points.reduce((sum, [, b]) => sum + b, 0) / stretches;
  const xx = points.reduce((sum, [a]) => sum + (a - meanX) ** 2, 0);
  const slope = points.reduce((sum, [a, b]) => sum + (a - meanX) * (b - meanY), 0) / xx;
  const residuals = points.map(([a, b]) => b - meanY - slope * (a - meanX));
  const variance = residuals.reduce((sum, value) => sum + value * value, 0) / (stretches - 2);
  return { slope, standardError: correlationFactor(residuals) * Math.sqrt(variance / xx) };
}

/**
 * The slope of y over x. What drifts within a stretch would blur its quantile, so each pass takes out what the last one
 * found.
 *
 * @param share which quantile of a stretch counts: 0.5 where the noise has two sides, nearly 1 where it only lowers y.
 * @returns null where there are too few points.
 */
export function slopeOf(x: Float64Array, y: Float64Array, share: number): Slope | null {
  if (x.length < LEAST_POINTS) return null;
  let slope = 0;
  let standardError = 0;
  for (let pass = 0; pass < PASSES; pass++) {
    const found = fit(
      x,
      y.map((ns, i) => ns - slope * (x[i] ?? 0)),
      share,
    );
    slope += found.slope;
    standardError = found.standardError;
  }
  return { slope, standardError };
}

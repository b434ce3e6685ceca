/** A slope and its standard error. */
export interface Slope {
  readonly slope: number;
  readonly standardError: number;
}

/** The slope is fitted to one value of each of this many stretches. */
const STRETCHES = 32;
const PASSES = 3;
/** Below this many points there is no slope worth a number. */
const LEAST_POINTS = 8;

/** The value below which `share` of the values lie. */
function quantile(values: Float64Array, share: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Least squares through one quantile of each stretch: the scatter of those gives the error, whatever the noise. */
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
  const residual = points.reduce((sum, [a, b]) => sum + (b - meanY - slope * (a - meanX)) ** 2, 0);
  return { slope, standardError: Math.sqrt(residual / (stretches - 2) / xx) };
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

import { direction, folded } from '../../circle.ts';
import { type Line, leastSquares } from '../../statistics.ts';
import { inPasses, PARTS, residuals } from './slope.ts';

/** Fewer points agree on a phase by chance. */
const LEAST_POINTS = 32;
/** Values cut to whole ns fill a fifth of this step, ns; of a finer one they hide too much. */
const LEAST_STEP = 5;
/**
 * How nearly the points must agree on one phase of the lattice, as the length of their mean direction (Mardia and Jupp,
 * Directional Statistics, 2.3). Values cut to whole ns do so to sin(pi / step) / (pi / step): 0.94 for a step of 5 ns,
 * 0.98 for one of 10, as on a Zen 4.
 */
const LEAST_AGREEMENT = 0.9;
/** ktime is cut to whole ns and the TSC is exact: a value lies within this of its line, ns, and a half to spare. */
const CELL = 0.75;
const PASSES = 4;

/** Least squares through the means of the parts, of the points whose `u` is within their cell. */
function fit(x: Float64Array, u: Float64Array): Line | null {
  const middles: number[] = [];
  const means: number[] = [];
  for (let part = 0; part < PARTS; part++) {
    const end = Math.floor(((part + 1) * x.length) / PARTS);
    let [count, sumX, sumU] = [0, 0, 0];
    for (let i = Math.floor((part * x.length) / PARTS); i < end; i++) {
      if (Math.abs(u[i] as number) > CELL) continue;
      count += 1;
      sumX += x[i] as number;
      sumU += u[i] as number;
    }
    if (count === 0) continue;
    middles.push(sumX / count);
    means.push(sumU / count);
  }
  return leastSquares(middles, means);
}

/**
 * The slope of y over x, where y is a straight line less whole steps of the counter, cut to ns. Whatever delays a
 * reading of the TSC delays it by whole steps: what is left of y between two steps knows nothing of it.
 *
 * @param step of the counter, ns.
 * @param near the slope to within half a step from point to point.
 * @returns null where the values do not agree on one phase of the lattice.
 */
export function latticeSlope(x: Float64Array, y: Float64Array, step: number, near: number): Line | null {
  if (x.length < LEAST_POINTS || step < LEAST_STEP) return null;
  const span = (x.at(-1) as number) - (x[0] as number);
  let slope = near;
  // How far the phase moves from a point to the next tells the slope well enough for the next but one, and so on.
  for (let lag = 1; lag < x.length / 2; lag *= 2) {
    const left = residuals(x, y, slope);
    const moved = left.subarray(lag).map((value, i) => value - (left[i] as number));
    slope += direction(moved, step).mean / (span * (lag / (x.length - 1)));
  }
  if (direction(residuals(x, y, slope), step).length < LEAST_AGREEMENT) return null;
  const line = inPasses(PASSES, x, y, slope, (left) => {
    const middle = direction(left, step).mean;
    return fit(
      x,
      left.map((value) => folded(value - middle, step)),
    );
  });
  if (line === null) return null;
  // Of a line through n values, sqrt(12 / n) / span of their standard deviation; of those cut to ns that is 1 / sqrt(12).
  return { ...line, standardError: Math.max(line.standardError, 1 / (Math.sqrt(x.length) * span)) };
}

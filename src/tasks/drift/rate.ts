import { correlationFactor, leastSquares, mean } from '../../statistics.ts';
import { type ClassSlope, slopeOf } from '../../tsc/fit.ts';
import { membersOf, type WindowClass } from '../../tsc/window-classes.ts';

/** A rate and its standard error, both as ratios. */
export interface Rate {
  readonly rateRatio: number | null;
  readonly rateStandardError: number | null;
}

export interface Points {
  /** Time, ns. */
  readonly t: readonly number[];
  /** Phase, ns. */
  readonly x: readonly number[];
}

/** Points that were sampled; NaN marks those that were not. */
export function known(phase: Float64Array, intervalNs: number): Points {
  const t: number[] = [];
  const x: number[] = [];
  for (const [i, value] of phase.entries()) {
    if (Number.isNaN(value)) continue;
    t.push(i * intervalNs);
    x.push(value);
  }
  return { t, x };
}

/** Least squares, best where the noise is white phase (paired reads). */
export function fittedRate({ t, x }: Points): Rate {
  const line = leastSquares(t, x);
  return { rateRatio: line?.slope ?? null, rateStandardError: line?.standardError ?? null };
}

/** A uniform error of 1 ns has this standard deviation: the kernel's clocks are cut to whole ns. */
const ROUNDING_NS = 1 / Math.sqrt(12);

/**
 * The rate of a phase on a regular grid; cheap enough for each sample. NaN marks missing points.
 *
 * Reads that took equally long went the same way through the processor and err alike, those of two ways by several ns,
 * and which is taken wanders for minutes: one intercept for each, as in a calibration, so that none of it tilts the line.
 *
 * @param bounds how far each point may be off, ns: half the windows of its reads.
 */
export function rateOfPhase(phase: Float64Array, bounds: Float64Array, intervalNs: number): Rate {
  const points = known(phase, intervalNs);
  const kept = membersOf(bounds.filter((_, i) => !Number.isNaN(phase[i])));
  if (kept.length === 0) return fittedRate(points);
  const narrowest = Math.min(...kept.map(([bound]) => bound));
  const classesAt = (slope: number): WindowClass[] =>
    kept.map(([bound, indices]) => ({
      room: 2 * (bound - narrowest),
      x: Float64Array.from(indices, (i) => points.t[i] ?? 0),
      y: Float64Array.from(indices, (i) => (points.x[i] ?? 0) - slope * (points.t[i] ?? 0)),
      batch: Int32Array.from(indices),
    }));
  const found = slopeOf(classesAt, ROUNDING_NS);
  if (found === null) return fittedRate(points);
  return {
    rateRatio: found.slope,
    rateStandardError: found.standardError * correlationFactor(residualsOf(found)),
  };
}

/** What is left about each class's own line, in the order of the points. */
function residualsOf({ classes, left }: Pick<ClassSlope, 'classes' | 'left'>): number[] {
  return classes
    .flatMap(({ x, y, batch }) => {
      const [meanX, meanY] = [mean(x), mean(y)];
      return Array.from(batch, (at, i) => ({ at, left: (y[i] ?? 0) - meanY - left * ((x[i] ?? 0) - meanX) }));
    })
    .sort((a, b) => a.at - b.at)
    .map((one) => one.left);
}

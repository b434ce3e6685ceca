import { correlationFactor, leastSquares } from '../../statistics.ts';
import { residualsOf, trimmedSlope, UNIFORM } from '../../tsc/fit.ts';
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
  /** How far each may be off, ns: half the windows of its reads; NaN where that is not known. */
  readonly bounds: readonly number[];
}

/** Points that were sampled; NaN marks those that were not. @param bounds of all; none: not known. */
export function known(phase: Float64Array, intervalNs: number, bounds?: Float64Array): Points {
  const points = { t: [] as number[], x: [] as number[], bounds: [] as number[] };
  for (const [i, value] of phase.entries()) {
    if (Number.isNaN(value)) continue;
    points.t.push(i * intervalNs);
    points.x.push(value);
    points.bounds.push(bounds?.[i] ?? Number.NaN);
  }
  return points;
}

/** Least squares of one line through all points. */
export function lineRate({ t, x }: Points): Rate {
  const line = leastSquares(t, x);
  return { rateRatio: line?.slope ?? null, rateStandardError: line?.standardError ?? null };
}

/** Where the windows are so varied that fewer of the points have one of a common length, the others say more than the lengths do. */
const LEAST_KEPT = 0.5;

/**
 * Least squares, best where the noise is white phase (paired reads); cheap enough for each sample.
 *
 * Reads that took equally long went the same way through the processor and err alike, those of two ways by several ns,
 * and which is taken wanders for minutes: one intercept for each, as in a calibration, so that none of it tilts the line.
 */
export function fittedRate(points: Points): Rate {
  const kept = membersOf(points.bounds);
  const count = kept.reduce((sum, [, indices]) => sum + indices.length, 0);
  if (count < LEAST_KEPT * points.t.length || count === 0) return lineRate(points);
  const narrowest = Math.min(...kept.map(([bound]) => bound));
  const classesAt = (slope: number): WindowClass[] =>
    kept.map(([bound, indices]) => ({
      room: 2 * (bound - narrowest),
      x: Float64Array.from(indices, (i) => points.t[i] ?? 0),
      y: Float64Array.from(indices, (i) => (points.x[i] ?? 0) - slope * (points.t[i] ?? 0)),
      batch: Int32Array.from(indices),
    }));
  const found = trimmedSlope(classesAt, UNIFORM);
  if (found === null) return lineRate(points);
  const inOrder = residualsOf(found).sort((a, b) => a.batch - b.batch);
  const standardError = found.standardError * correlationFactor(inOrder.map(({ left }) => left));
  return { rateRatio: found.slope, rateStandardError: standardError };
}

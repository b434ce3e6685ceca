import { leastSquares } from '../../statistics.ts';

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

/** The least-squares rate of a phase on a regular grid; cheap enough for each sample. NaN marks missing points. */
export const rateOfPhase = (phase: Float64Array, intervalNs: number): Rate =>
  fittedRate(known(phase, intervalNs));

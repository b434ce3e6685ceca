import { analyseStability, type StabilityPoint } from './analyse.ts';
import type { EstimatorName } from './estimators.ts';
import type { NoiseModel } from './noise.ts';
import type { Series } from './series.ts';

/** The stability of one window of a record. */
export interface DynamicWindow {
  /** Middle of the window, seconds from the first reading. */
  readonly at: number;
  readonly points: readonly StabilityPoint[];
}

/** The part of a series from point `from` on, `length` points long. */
function partOf({ tau0, phase, slope, known }: Series, from: number, length: number): Series {
  const before = known?.[from] ?? 0;
  return {
    tau0,
    phase: phase.subarray(from, from + length),
    slope,
    known: known === null ? null : known.subarray(from, from + length).map((count) => count - before),
  };
}

/**
 * Dynamic stability (Galleani and Tavella, 2009): a statistic in windows that slide over the record, which shows when it
 * changed. Windows overlap by half or more, and there are at most `windows` of them.
 *
 * @param length points of a window.
 * @param noises of the whole record, from which each window's intervals are; null for none.
 */
export function dynamicStability(
  series: Series,
  estimator: EstimatorName,
  length: number,
  windows: number,
  noises: NoiseModel | null,
  confidence: number,
): DynamicWindow[] {
  const last = series.phase.length - length;
  if (last < 0) return [];
  const step = Math.max(1, last / Math.max(1, windows - 1));
  const count = Math.min(windows, Math.round(last / step) + 1);
  return Array.from({ length: count }, (_, k) => {
    const from = Math.min(last, Math.round(k * step));
    const points = analyseStability(
      partOf(series, from, length),
      { estimators: [estimator], taus: 'octave', confidence },
      undefined,
      noises,
    );
    return { at: (from + (length - 1) / 2) * series.tau0, points };
  });
}

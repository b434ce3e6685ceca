import type { Control } from '../clock/control.ts';
import { usageError } from '../errors.ts';
import type { Finding } from '../schema/envelope.ts';
import type { StabilityResult } from '../schema/stability.ts';
import {
  type AnalysisOptions,
  analyseStability,
  largestFactor,
  type StabilityPoint,
} from '../stability/analyse.ts';
import { ESTIMATORS } from '../stability/estimators.ts';
import { NOISE_NAMES } from '../stability/power-law.ts';
import { frequencySeries, phaseSeries } from '../stability/series.ts';
import { readRecordFile } from './record-file.ts';

/** What to read, and what to compute from it. */
export interface StabilityOptions extends AnalysisOptions {
  /** A file, or `-` for standard input. */
  readonly path: string;
  readonly data: 'phase' | 'frequency';
  /** Seconds between two values. */
  readonly tau0: number;
}

/** One point of the contract: the estimators' values, counts and intervals side by side. */
function pointOf({ m, tau, alpha, statistics }: StabilityPoint): StabilityResult['points'][number] {
  const entries = [...statistics];
  const fields = entries.flatMap(([name, { value, n, low, high, edf }]) => [
    [name, value] as const,
    [`${name}N`, n] as const,
    [`${name}Low`, low] as const,
    [`${name}High`, high] as const,
    [`${name}Edf`, edf] as const,
  ]);
  const reasons = entries.flatMap(([name, { reason }]) => (reason === null ? [] : [[name, reason] as const]));
  return {
    m,
    tau,
    n: entries[0]?.[1].n ?? 0,
    alpha,
    noise: alpha === null ? null : (NOISE_NAMES[alpha] ?? null),
    ...Object.fromEntries(fields),
    reasons: Object.fromEntries(reasons),
  };
}

/**
 * The stability statistics of a file's record.
 *
 * @throws TscopeError USAGE for a bad line, for a record too short for every estimator and for a tau that is no
 * multiple of tau0; IO where the file cannot be read.
 */
export function stabilityTask(options: StabilityOptions, control: Control): Finding<StabilityResult> {
  const { path, data, tau0, estimators, confidence } = options;
  const values = readRecordFile(path);
  const series = (data === 'phase' ? phaseSeries : frequencySeries)(values, tau0);
  if (largestFactor(estimators, series.phase.length) === 0) {
    const least = Math.min(...estimators.map((name) => ESTIMATORS[name].points(1)));
    const needed = data === 'phase' ? least : least - 1;
    throw usageError(
      `${path}: ${values.length} ${data} values are too few; ${estimators.join(', ')} needs ${needed} or more.`,
    );
  }
  let gaps = 0;
  for (const value of values) if (Number.isNaN(value)) gaps += 1;
  const points = analyseStability(series, options, control).map(pointOf);
  return { result: { data, tau0, values: values.length, gaps, confidence, points }, warnings: [] };
}

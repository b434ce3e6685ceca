import type { Control } from '../clock/control.ts';
import { usageError } from '../errors.ts';
import type { RecordOptions, TextRecord } from '../records/read-record.ts';
import type { StabilityResult } from '../schema/stability.ts';
import {
  type AnalysisOptions,
  analyseStability,
  largestFactor,
  type StabilityPoint,
} from '../stability/analyse.ts';
import { ESTIMATORS } from '../stability/estimators.ts';
import { NOISE_NAMES } from '../stability/power-law.ts';
import { frequencyOf, type Preparation, withoutDrift, withoutOutliers } from '../stability/preparation.ts';
import { frequencySeries, phaseSeries } from '../stability/series.ts';
import { textName } from '../text-file.ts';
import type { Finding } from '../warning.ts';
import { readRecordFile } from './record-file.ts';

/** What to read, what to do to it, and what to compute from it. */
export interface StabilityOptions extends AnalysisOptions, RecordOptions {
  /** A file, or `-` for standard input. */
  readonly path: string;
  /** Take the linear drift of frequency out. */
  readonly removeDrift?: boolean | undefined;
  /** Frequencies farther than this many sigmas from their median become gaps. */
  readonly outlierSigmas?: number | undefined;
}

/** The record after the steps that were asked for. Outliers are those of frequency, so a phase becomes one. */
function prepared(record: TextRecord, options: StabilityOptions) {
  let { values, data } = record;
  const steps: Preparation[] = [];
  if (options.outlierSigmas !== undefined) {
    const frequency = data === 'frequency' ? values : frequencyOf(values, record.tau0);
    const cleaned = withoutOutliers(frequency, options.outlierSigmas);
    [values, data] = [cleaned.values, 'frequency'];
    steps.push(cleaned.step);
  }
  if (options.removeDrift === true) {
    const straight = withoutDrift(values, data, record.tau0);
    values = straight.values;
    steps.push(straight.step);
  }
  return { series: (data === 'phase' ? phaseSeries : frequencySeries)(values, record.tau0), steps };
}

/** One point of the contract: the estimators' values, counts and intervals side by side. */
function pointOf({ m, tau, alpha, statistics }: StabilityPoint): StabilityResult['points'][number] {
  const entries = [...statistics];
  const fields = entries.flatMap(([name, { value, n, low, high, edf, bias }]) => [
    [name, value] as const,
    [`${name}N`, n] as const,
    [`${name}Low`, low] as const,
    [`${name}High`, high] as const,
    [`${name}Edf`, edf] as const,
    ...(bias === null ? [] : [[`${name}Bias`, bias] as const]),
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
 * @throws TscopeError USAGE for a bad line, for a record too short for every estimator and for a tau that is not a
 * multiple of tau0; IO where the file cannot be read.
 */
export async function stabilityTask(
  options: StabilityOptions,
  control: Control,
): Promise<Finding<StabilityResult>> {
  const { path, estimators, confidence } = options;
  const record = await readRecordFile(path, options, () => control.cancelled());
  const { values, data, tau0 } = record;
  const { series, steps } = prepared(record, options);
  if (largestFactor(estimators, series.phase.length) === 0) {
    const least = Math.min(...estimators.map((name) => ESTIMATORS[name].points(1)));
    const needy = estimators.filter((name) => ESTIMATORS[name].points(1) === least);
    const needed = data === 'phase' ? least : least - 1;
    const [few, verb] = [
      values.length === 1 ? 'value is' : 'values are',
      needy.length === 1 ? 'needs' : 'need',
    ];
    throw usageError(
      `${textName(path)}: ${values.length} ${data} ${few} too few; ${needy.join(', ')} ${verb} ${needed} or more.`,
    );
  }
  let gaps = 0;
  for (const value of values) if (Number.isNaN(value)) gaps += 1;
  const points = analyseStability(series, options, control).map(pointOf);
  return {
    result: { data, tau0, values: values.length, gaps, confidence, read: record.read, steps, points },
    warnings: [...record.doubts],
  };
}

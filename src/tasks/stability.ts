import type { Control } from '../clock/control.ts';
import { usageError } from '../errors.ts';
import { RecordReader } from '../records/read-record.ts';
import { ACCEPTED, type RecordOptions, type TextRecord } from '../records/record.ts';
import type { StabilityResult } from '../schema/stability.ts';
import {
  type AnalysisOptions,
  analyseStability,
  largestFactor,
  type StabilityPoint,
} from '../stability/analyse.ts';
import { dynamicStability } from '../stability/dynamic.ts';
import { ESTIMATORS, type EstimatorName } from '../stability/estimators.ts';
import { corneredHat, type HatKind } from '../stability/hat.ts';
import { identifyNoises } from '../stability/noise.ts';
import { binsOf, outlineOf } from '../stability/outline.ts';
import { NOISE_NAMES } from '../stability/power-law.ts';
import { frequencyOf, type Preparation, withoutDrift, withoutOutliers } from '../stability/preparation.ts';
import { frequencySeries, phaseSeries, type Series, wholeSeries } from '../stability/series.ts';
import { phaseSpectrum } from '../stability/spectrum.ts';
import { averagingFactors } from '../stability/taus.ts';
import { textLines, textName } from '../text-file.ts';
import type { Finding } from '../warning.ts';

/** What to read, what to do to it, and what to compute from it. */
export interface StabilityOptions extends AnalysisOptions, RecordOptions {
  /** A file, or `-` for standard input; several for `hat`. */
  readonly paths: readonly string[];
  /** What several records are to each other, for the three-cornered hat. */
  readonly hat?: HatKind | undefined;
  /** Readings in each window of the dynamic deviation; 0 is an eighth of the record. */
  readonly dynamic?: number | undefined;
  /** What a page draws of the record itself. */
  readonly pictures?: boolean | undefined;
  /** Take the linear drift of frequency out. */
  readonly removeDrift?: boolean | undefined;
  /** Frequencies farther than this many sigmas from their median become gaps. */
  readonly outlierSigmas?: number | undefined;
}

/**
 * Reads a file that somebody recorded: phase or frequency, in any of the formats of `RecordReader`.
 *
 * @param path a file, or `-` for standard input.
 * @throws TscopeError USAGE naming the first bad line; IO where the file cannot be read.
 */
export async function readRecordFile(
  path: string,
  options: RecordOptions,
  cancelled: () => boolean = () => false,
): Promise<TextRecord> {
  const reader = new RecordReader(textName(path), options);
  for await (const lines of textLines(path, { cancelled })) reader.add(lines);
  return reader.end();
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
  return {
    series: (data === 'phase' ? phaseSeries : frequencySeries)(values, record.tau0),
    steps,
    values,
    data,
  };
}

/** One point of the document: the estimators' values, counts and intervals side by side. */
function pointOf({ m, tau, alpha, statistics }: StabilityPoint): StabilityResult['points'][number] {
  const entries = [...statistics];
  const fields = entries.flatMap(([name, { tau: own, value, n, low, high, edf, bias }]) => [
    [name, value] as const,
    [`${name}N`, n] as const,
    [`${name}Low`, low] as const,
    [`${name}High`, high] as const,
    [`${name}Edf`, edf] as const,
    ...(bias === null ? [] : [[`${name}Bias`, bias] as const]),
    ...(own === tau ? [] : [[`${name}Tau`, own] as const]),
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

const gapsIn = (values: Float64Array): number =>
  values.reduce((gaps, value) => (Number.isNaN(value) ? gaps + 1 : gaps), 0);

/** Refuses a record in which no estimator has a term. */
function checkLength(
  name: string,
  { values, data }: TextRecord,
  series: Series,
  estimators: readonly EstimatorName[],
) {
  if (largestFactor(estimators, series.phase.length) > 0) return;
  if (values.length === 0) throw usageError(`${name}: holds no readings.`, ACCEPTED);
  const points = Math.min(...estimators.map((name) => ESTIMATORS[name].points(1)));
  const few = values.length === 1 ? 'value is' : 'values are';
  throw usageError(
    `${name}: ${values.length} ${data} ${few} too few; the shortest statistic takes ${data === 'phase' ? points : points - 1}.`,
  );
}

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Windows of the dynamic deviation. */
const WINDOWS = 60;
const LEAST_WINDOW = 8;

function dynamicOf(
  name: string,
  series: Series,
  readings: number,
  confidence: number,
): StabilityResult['dynamic'] {
  const windowPoints = readings === 0 ? Math.max(LEAST_WINDOW, series.phase.length >> 3) : readings;
  if (windowPoints < LEAST_WINDOW || windowPoints > series.phase.length) {
    throw usageError(
      `${name}: a window of ${windowPoints} readings does not fit; it takes ${LEAST_WINDOW} or more, and the record has ${series.phase.length}.`,
      'Give another `dynamic` N, or none for an eighth of the record.',
    );
  }
  const found = dynamicStability(series, 'oadev', windowPoints, WINDOWS, identifyNoises(series), confidence);
  const windows = found.map(({ at, points }) => ({
    at,
    points: points.flatMap(({ m, tau, statistics }) => {
      const { value = null, n = 0, low = null, high = null } = statistics.get('oadev') ?? {};
      return [{ m, tau, n, oadev: value, low, high }];
    }),
  }));
  return { windowPoints, windows };
}

const OUTLINE_PARTS = 400;
const BINS = 48;

/** The record as a page draws it. */
function picturesOf(
  { phase, tau0, slope, known }: Series,
  nominalHz: number | null,
): NonNullable<StabilityResult['pictures']> {
  const first = phase.findIndex((x) => !Number.isNaN(x));
  const last = phase.findLastIndex((x) => !Number.isNaN(x));
  const step = last > first ? ((phase[last] as number) - (phase[first] as number)) / (last - first) : 0;
  const straight = phase.map((x, i) => x - (phase[first] as number) - step * (i - first));
  const frequency = frequencyOf(phase, tau0).map((y, i) =>
    known !== null && known[i + 1] === known[i] ? Number.NaN : y + slope / tau0,
  );
  const points = (values: Float64Array) =>
    outlineOf(values, tau0, OUTLINE_PARTS).map(([s, value]): [number, number | null] => [s, orNull(value)]);
  const { width, bins } = binsOf(frequency, BINS);
  return {
    offsetRatio: (step + slope) / tau0,
    nominalHz,
    phase: points(straight),
    frequency: points(frequency),
    histogram: { width, bins: bins.map(([from, count]) => [from, count]) },
    spectrum: phaseSpectrum(frequency, tau0),
  };
}

/** A record of a hat with its file's name. */
interface Corner {
  readonly file: string;
  readonly record: TextRecord;
  /** After the steps that were asked for. */
  readonly prepared: ReturnType<typeof prepared>;
}

/** Records that cannot be held against each other are refused. */
function checkCorners(corners: readonly Corner[], kind: HatKind): void {
  const [first] = corners as [Corner];
  if (corners.length < 3) {
    throw usageError(
      `a three-cornered hat takes three records or more; ${corners.length === 1 ? 'one was' : 'two were'} given.`,
      'Each record is a clock against one reference that they share; or three differences, with `hat` pairs.',
    );
  }
  if (kind === 'pairs' && corners.length !== 3) {
    throw usageError(`\`hat\` pairs takes three records, A-B, B-C and C-A; ${corners.length} were given.`);
  }
  for (const { file, record } of corners) {
    const { data, tau0, values } = record;
    const differs =
      data !== first.record.data
        ? `is of ${data}`
        : Math.abs(tau0 / first.record.tau0 - 1) > 1e-6
          ? `has a reading each ${tau0} s`
          : values.length !== first.record.values.length
            ? `has ${values.length} readings`
            : null;
    if (differs === null) continue;
    throw usageError(
      `${file} ${differs}, and ${first.file} ${
        data !== first.record.data
          ? `is of ${first.record.data}`
          : `has ${first.record.values.length} of ${first.record.data}, one each ${first.record.tau0} s`
      }; a hat takes records of the same readings.`,
      'Cut the files to the time that they share.',
    );
  }
}

function hatOf(corners: readonly Corner[], kind: HatKind, options: StabilityOptions): StabilityResult['hat'] {
  checkCorners(corners, kind);
  // Gaps at an end of one record must not move it against the others.
  const series = corners.map(({ record: { tau0 }, prepared: { values, data } }) =>
    wholeSeries(values, data, tau0),
  );
  const [first] = series as [Series];
  const factors = averagingFactors(options.taus, first.tau0, Math.floor((first.phase.length - 1) / 2));
  const files = corners.map(({ file }) => file);
  const short = files.map((file) => file.split('/').at(-1) ?? file);
  const names = kind === 'pairs' ? ['A', 'B', 'C'] : new Set(short).size < short.length ? files : short;
  return {
    kind,
    records: corners.map(({ file, record: { read, values } }) => ({
      file,
      read,
      values: values.length,
      gaps: gapsIn(values),
    })),
    points: corneredHat(series, kind, factors, options.confidence).map(({ clocks, ...point }) => ({
      ...point,
      clocks: clocks.map((clock, i) => ({ name: names[i] ?? '', ...clock })),
    })),
  };
}

/**
 * The stability statistics of a file's record, or the three-cornered hat of several.
 *
 * @throws TscopeError USAGE for a bad line, for a record too short for every estimator and for a tau that is not a
 * multiple of tau0; IO where the file cannot be read.
 */
export async function stabilityTask(
  options: StabilityOptions,
  control: Control,
): Promise<Finding<StabilityResult>> {
  const { paths, estimators, confidence } = options;
  if (paths.length > 1 && options.hat === undefined) {
    throw usageError(
      'several records were given.',
      'Add `hat` for the three-cornered hat, or analyse one at a time.',
    );
  }
  const corners: Corner[] = [];
  for (const path of paths) {
    const record = await readRecordFile(path, options, () => control.cancelled());
    corners.push({ file: textName(path), record, prepared: prepared(record, options) });
  }
  const [{ file, record, prepared: first }] = corners as [Corner];
  const { values, data, tau0, read } = record;
  const { series, steps } = first;
  const counts = { values: values.length, gaps: gapsIn(values) };
  const common = { data, tau0, ...counts, confidence, read, steps, file };
  const warnings = corners.flatMap(({ record: { doubts } }) => doubts);
  if (options.hat !== undefined)
    return { result: { ...common, points: [], hat: hatOf(corners, options.hat, options) }, warnings };
  checkLength(file, record, series, estimators);
  return {
    result: {
      ...common,
      points: analyseStability(series, options, control).map(pointOf),
      ...(options.dynamic === undefined
        ? {}
        : { dynamic: dynamicOf(file, series, options.dynamic, confidence) }),
      ...(options.pictures === true ? { pictures: picturesOf(series, options.nominal ?? null) } : {}),
    },
    warnings,
  };
}

import { least } from 'd3-array';
import { count, scientific, scientificBetween } from '../../digits.ts';
import type { StabilityPoint, StabilityResult } from '../../schema/stability.ts';
import { ESTIMATOR_NAMES, ESTIMATORS, type EstimatorName } from '../../stability/estimators.ts';
import type { Block, Kind, Section, Table } from '../content.ts';
import { linesFigure } from '../plot/lines.ts';
import type { Curve } from '../plot/series.ts';
import { plural } from '../words.ts';
import { dynamicBlocks, hatBlocks, recordBlocks, seconds, sixDigits } from './stability-record.ts';

const numberAt = (point: StabilityPoint, field: string): number =>
  typeof point[field] === 'number' ? point[field] : Number.NaN;

/** The estimators that were asked for, in the order in which they are shown. */
const askedFor = ({ points }: StabilityResult): EstimatorName[] =>
  ESTIMATOR_NAMES.filter((name) => points.some((point) => point[`${name}N`] !== undefined));

const atOwnTimes = (name: EstimatorName): boolean => 'averaging' in ESTIMATORS[name];
const tauOf = (point: StabilityPoint, name: EstimatorName): number =>
  typeof point[`${name}Tau`] === 'number' ? numberAt(point, `${name}Tau`) : point.tau;

const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** A deviation and the ends of its interval, to two digits of its width. */
function deviationCells(point: StabilityPoint, name: EstimatorName): readonly [string, string, string] {
  const value = numberOrNull(point[name]);
  if (value === null) return ['-', '-', '-'];
  return scientificBetween(value, numberOrNull(point[`${name}Low`]), numberOrNull(point[`${name}High`]));
}

const hasInterval = (name: EstimatorName): boolean => !('interval' in ESTIMATORS[name]);

/** The estimator whose interval stands beside it: OADEV, else the first that has one. */
const mainOf = (names: readonly EstimatorName[]): EstimatorName | undefined =>
  names.find((name) => name === 'oadev') ?? names.find(hasInterval);

/** One table of estimators of one unit; none where none was asked for. The noise is shown beside deviations of frequency. */
function tableOf(
  { points, confidence }: StabilityResult,
  unit: 'ratio' | 's',
  names: readonly EstimatorName[],
): Table[] {
  if (names.length === 0) return [];
  const isFrequency = unit === 'ratio';
  const title = isFrequency ? 'Fractional frequency' : 'Time, in seconds';
  const main = mainOf(names);
  const heads = names.flatMap((name) => (name === main ? [`#${name}`, '#low', '#high'] : [`#${name}`]));
  const rows = points.map((point) => [
    sixDigits(point.tau),
    count(point.m),
    ...names.flatMap((name) => deviationCells(point, name).slice(0, name === main ? 3 : 1)),
    ...(isFrequency ? [point.noise ?? '-'] : []),
  ]);
  const head = ['#tau (s)', '#m', ...heads, ...(isFrequency ? ['noise'] : [])];
  const extremes = names.filter((name) => !hasInterval(name));
  const notes = [
    main === undefined
      ? ''
      : `low and high: the ${sixDigits(confidence * 100)} % interval of ${main}; the JSON document has that of each.`,
    extremes.length === 0
      ? ''
      : `No interval of ${extremes.join(' and ')}: the scatter between records is not known.`,
  ];
  return [{ title, head, rows, note: notes.filter((one) => one !== '').join(' ') }];
}

/** A statistic whose averaging times are its own. */
const tableAtOwnTimes = ({ points, confidence }: StabilityResult, name: EstimatorName): Table => ({
  title: `${ESTIMATORS[name].title}, at its own averaging time`,
  head: ['#tau (s)', '#m', `#${name}`, '#low', '#high'],
  rows: points
    .filter((point) => typeof point[name] === 'number')
    .map((point) => [sixDigits(tauOf(point, name)), count(point.m), ...deviationCells(point, name)]),
  note: `low and high: its ${sixDigits(confidence * 100)} % interval.`,
});

/** The most lines that are drawn; more could not be told apart. */
const MOST_LINES = 8;

/** Sigma over tau with intervals; the estimators of one unit. */
function sigmaTau(
  { points, confidence }: StabilityResult,
  unit: 'ratio' | 's',
  names: readonly EstimatorName[],
): Block[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, MOST_LINES);
  const main = mainOf(shown) ?? (shown[0] as EstimatorName);
  const series = shown.map(
    (name): Curve => ({
      label: name,
      points: points.map((point) => [tauOf(point, name), numberAt(point, name)]),
      intervals:
        name === main
          ? points.map((point) => [numberAt(point, `${name}Low`), numberAt(point, `${name}High`)])
          : undefined,
      describe: (tau, value) => `${name}, ${seconds(tau)}: ${scientific(value)}${unit === 's' ? ' s' : ''}`,
    }),
  );
  const best = least(points, (point) => numberAt(point, main));
  const title =
    best === undefined
      ? 'Stability'
      : `${ESTIMATORS[main].title}: ${numberAt(best, main).toExponential(1)}${unit === 's' ? ' s' : ''} at ${seconds(tauOf(best, main))}, its lowest`;
  return [
    linesFigure({
      id: unit === 'ratio' ? 'sigma-tau' : 'time-stability',
      title: title[0]?.toUpperCase() + title.slice(1),
      x: { label: 'averaging time (s)', scale: 'log' },
      y: {
        label: unit === 'ratio' ? 'deviation of fractional frequency (1)' : 'deviation of time (s)',
        scale: 'log',
      },
      series,
      slopes: unit === 'ratio' ? { '-1': -1, '-1/2': -0.5, '+1/2': 0.5 } : {},
      caption: [
        `Bars: the ${sixDigits(confidence * 100)} % interval of ${main}, from the noise identified.`,
        unit === 'ratio'
          ? 'Dotted: slopes of -1 (white or flicker PM), -1/2 (white FM) and +1/2 (random walk FM); flicker FM is level.'
          : '',
        names.length > shown.length ? `Not drawn: ${names.slice(MOST_LINES).join(', ')}.` : '',
      ],
    }),
  ];
}

/** Neighbouring averaging times of one noise, as `white FM from 1 s to 16 s`. */
function noiseWords({ points }: StabilityResult): string {
  const ranges: Array<{ noise: string; from: number; to: number }> = [];
  for (const { tau, noise } of points) {
    if (noise === null) continue;
    const last = ranges.at(-1);
    if (last?.noise === noise) last.to = tau;
    else ranges.push({ noise, from: tau, to: tau });
  }
  return ranges
    .map(
      ({ noise, from, to }) =>
        `${noise} ${from === to ? 'at' : 'from'} ${seconds(from)}${from === to ? '' : ` to ${seconds(to)}`}`,
    )
    .join(', ');
}

const lead = ({ values, data, tau0, gaps }: StabilityResult): string =>
  `${plural(values, `${data} value`)}, one every ${sixDigits(tau0)} s${gaps === 0 ? '' : `, ${count(gaps)} of them missing`}.`;

function sections(result: StabilityResult): Section[] {
  const names = askedFor(result);
  const ofUnit = (unit: 'ratio' | 's') => names.filter((name) => ESTIMATORS[name].unit === unit);
  const atPoints = (unit: 'ratio' | 's') => ofUnit(unit).filter((name) => !atOwnTimes(name));
  const unknown = result.points.some(({ alpha }) => alpha === null) && names.includes('oadev');
  const dashes = result.points.some(({ reasons }) => Object.keys(reasons).length > 0);
  const noises = noiseWords(result);
  const blocks: Block[] = [
    { text: lead(result), tone: 'lead' },
    { text: noises === '' ? '' : `Noise: ${noises}.`, on: 'page' },
    ...sigmaTau(result, 'ratio', ofUnit('ratio')),
    ...sigmaTau(result, 's', ofUnit('s')),
    ...tableOf(result, 'ratio', atPoints('ratio')),
    ...tableOf(result, 's', atPoints('s')),
    ...names.filter(atOwnTimes).map((name) => tableAtOwnTimes(result, name)),
    { text: unknown ? 'No interval: identifying the noise takes 30 points that vary.' : '' },
    { text: dashes ? 'A dash: the record is too short, or has too many gaps, for this averaging time.' : '' },
  ];
  const record = recordBlocks(result);
  const dynamic = dynamicBlocks(result);
  const all: Section[] = [
    { id: 'stability', title: 'Stability', blocks: result.hat === undefined ? blocks : hatBlocks(result) },
    { id: 'dynamic', title: 'Stability as it changed', blocks: dynamic },
    { id: 'record', title: 'The record', blocks: record },
  ];
  return all.filter(({ blocks }) => blocks.length > 0);
}

export const stability: Kind<StabilityResult> = {
  method: [
    'Frequency stability',
    'tscope stability FILE',
    'Statistics of NIST SP 1065 over the phase, at every averaging time. Terms that a gap touches are left out. The power-law noises of the whole record are fitted to its Hadamard variances at all averaging times together; intervals are chi-squared, with the degrees of freedom that the terms have in these noises.',
  ],
  verdict(result) {
    const noises = noiseWords(result);
    const text =
      result.hat === undefined
        ? `${lead(result)} ${noises === '' ? '' : `Noise: ${noises}.`}`
        : 'An N-cornered hat.';
    return { level: 'note', about: 'Stability', text: text.trim() };
  },
  brief: (result) => [lead(result)],
  sections,
};

import type { StabilityResult } from '../../schema/stability.ts';
import { ESTIMATORS, type EstimatorName } from '../../stability/estimators.ts';
import { formatCount } from '../../units.ts';
import { textTable } from './table.ts';

const scientific = (value: unknown): string => (typeof value === 'number' ? value.toExponential(3) : '-');
const plain = (value: number): string => String(Number(value.toPrecision(6)));

/** One table of estimators with one unit; none where none of them was asked for. The noise stands beside OADEV. */
function table({ points, confidence }: StabilityResult, names: readonly EstimatorName[]): string[] {
  if (names.length === 0) return [];
  const main = names.includes('oadev') ? 'oadev' : null;
  const heads = names.flatMap((name) => (name === main ? [`#${name}`, '#low', '#high'] : [`#${name}`]));
  const rows = points.map((point) => [
    plain(point.tau),
    formatCount(point.m),
    ...names.flatMap((name) => {
      const interval = name === main ? [point[`${name}Low`], point[`${name}High`]] : [];
      return [point[name], ...interval].map(scientific);
    }),
    ...(main === null ? [] : [point.noise ?? '-']),
  ]);
  const note = main === null ? [] : [`low and high: the ${plain(confidence * 100)} % interval of oadev.`];
  return [textTable(['#tau (s)', '#m', ...heads, ...(main === null ? [] : ['noise'])], rows), ...note];
}

/** The statistics as tables: the deviations of frequency, then those of time. */
export function stabilityText(result: StabilityResult, estimators: readonly EstimatorName[]): string {
  const { points, values, data, tau0, gaps } = result;
  const ofUnit = (unit: 'ratio' | 's') => estimators.filter((name) => ESTIMATORS[name].unit === unit);
  const missing = gaps === 0 ? '' : `, ${formatCount(gaps)} of them missing`;
  const frequency = table(result, ofUnit('ratio'));
  const time = table(result, ofUnit('s'));
  const unknown = points.some(({ alpha }) => alpha === null) && estimators.includes('oadev');
  const dashes = points.some(({ reasons }) => Object.keys(reasons).length > 0);
  return [
    `${formatCount(values)} ${data} values, one each ${plain(tau0)} s${missing}.`,
    ...(frequency.length === 0 ? [] : ['', 'Fractional frequency', ...frequency]),
    ...(time.length === 0 ? [] : ['', 'Time, in seconds', ...time]),
    ...(unknown ? ['', 'No interval: it takes 30 points that vary to tell the noise.'] : []),
    ...(dashes
      ? ['', 'A dash: the record is too short, or has too many gaps, for this averaging time.']
      : []),
  ].join('\n');
}

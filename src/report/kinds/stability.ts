import type { StabilityResult } from '../../schema/stability.ts';
import { ESTIMATORS, type EstimatorName } from '../../stability/estimators.ts';
import type { Table } from '../content.ts';
import { sectionsText } from '../text.ts';
import { count } from '../words.ts';

const scientific = (value: unknown): string => (typeof value === 'number' ? value.toExponential(3) : '-');
const plain = (value: number): string => String(Number(value.toPrecision(6)));

/** One table of estimators with one unit; none where none of them was asked for. The noise stands beside OADEV. */
function tableOf(
  { points, confidence }: StabilityResult,
  title: string,
  names: readonly EstimatorName[],
): Table[] {
  if (names.length === 0) return [];
  const main = names.includes('oadev') ? 'oadev' : null;
  const heads = names.flatMap((name) => (name === main ? [`#${name}`, '#low', '#high'] : [`#${name}`]));
  const rows = points.map((point) => [
    plain(point.tau),
    count(point.m),
    ...names.flatMap((name) => {
      const interval = name === main ? [point[`${name}Low`], point[`${name}High`]] : [];
      return [point[name], ...interval].map(scientific);
    }),
    ...(main === null ? [] : [point.noise ?? '-']),
  ]);
  const head = ['#tau (s)', '#m', ...heads, ...(main === null ? [] : ['noise'])];
  const note = `low and high: the ${plain(confidence * 100)} % interval of oadev.`;
  return [{ title, head, rows, ...(main === null ? {} : { note }) }];
}

/** The statistics as tables: the deviations of frequency, then those of time. */
export function stabilityText(result: StabilityResult, estimators: readonly EstimatorName[]): string {
  const { points, values, data, tau0, gaps } = result;
  const ofUnit = (unit: 'ratio' | 's') => estimators.filter((name) => ESTIMATORS[name].unit === unit);
  const missing = gaps === 0 ? '' : `, ${count(gaps)} of them missing`;
  const unknown = points.some(({ alpha }) => alpha === null) && estimators.includes('oadev');
  const dashes = points.some(({ reasons }) => Object.keys(reasons).length > 0);
  const blocks = [
    { text: `${count(values)} ${data} values, one every ${plain(tau0)} s${missing}.` },
    ...tableOf(result, 'Fractional frequency', ofUnit('ratio')),
    ...tableOf(result, 'Time, in seconds', ofUnit('s')),
    ...(unknown ? [{ text: 'No interval: it takes 30 points that vary to tell the noise.' }] : []),
    ...(dashes
      ? [{ text: 'A dash: the record is too short, or has too many gaps, for this averaging time.' }]
      : []),
  ];
  return sectionsText([{ id: 'stability', title: 'Stability', blocks }]);
}

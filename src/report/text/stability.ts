import type { StabilityReport } from '../../experiment/stability.ts';
import { ESTIMATORS, type EstimatorName } from '../../stability/estimators.ts';
import { NOISE_NAMES } from '../../stability/noise.ts';
import { formatCount } from '../../units.ts';
import { textTable } from './table.ts';

const scientific = (value: number | null): string => (value === null ? '-' : value.toExponential(3));
const plain = (value: number): string => String(Number(value.toPrecision(6)));

/** One table of the estimators with one unit; null where none of them was asked for. */
function table(report: StabilityReport, names: readonly EstimatorName[], confidence: number): string | null {
  if (names.length === 0) return null;
  const interval = names.includes('oadev');
  const percent = plain(confidence * 100);
  const head = names.flatMap((name) => [
    `#${name}`,
    ...(name === 'oadev' ? [`#${percent} %`, 'interval'] : []),
  ]);
  const rows = report.points.map(({ tau, m, statistics, alpha }) => [
    plain(tau),
    formatCount(m),
    ...names.flatMap((name) => {
      const statistic = statistics.get(name);
      const cell = scientific(statistic?.value ?? null);
      return name === 'oadev'
        ? [cell, scientific(statistic?.low ?? null), scientific(statistic?.high ?? null)]
        : [cell];
    }),
    ...(interval ? [alpha === null ? '-' : (NOISE_NAMES[alpha] ?? '-')] : []),
  ]);
  return textTable(['#tau (s)', '#m', ...head, ...(interval ? ['noise'] : [])], rows);
}

/** The statistics as tables: the deviations of frequency, then those of time. */
export function stabilityText(
  report: StabilityReport,
  data: string,
  tau0: number,
  estimators: readonly EstimatorName[],
  confidence: number,
): string {
  const ofUnit = (seconds: boolean) =>
    estimators.filter((name) => ESTIMATORS[name].title.endsWith('(s)') === seconds);
  const missing = report.gaps === 0 ? '' : `, ${formatCount(report.gaps)} of them missing`;
  const frequency = table(report, ofUnit(false), confidence);
  const time = table(report, ofUnit(true), confidence);
  const dashes = report.points.some(({ statistics }) =>
    [...statistics.values()].some(({ value }) => value === null),
  );
  return [
    `${formatCount(report.values)} ${data} values, one each ${plain(tau0)} s${missing}.`,
    ...(frequency === null ? [] : ['', 'Fractional frequency:', frequency]),
    ...(time === null ? [] : ['', 'Time, s:', time]),
    ...(dashes ? ['', '- : the record is too short, or has too many gaps, for this averaging time.'] : []),
  ].join('\n');
}

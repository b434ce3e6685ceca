import { modulo } from './phase.ts';

/** How well a periodic timer keeps its grid while the guest runs undisturbed. */
export interface Lateness {
  readonly minNs: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** Value at `share` (0 to 1) of a sorted list, by nearest rank. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;

/** How far each time lies after the latest point of the grid, ns. */
export const latenessOn = (timesNs: readonly number[], gridNs: number, periodNs: number): number[] =>
  timesNs.map((time) => modulo(time - gridNs, periodNs));

/** The point of the grid that each time belongs to, counted from `gridNs`. */
export const ticksOn = (timesNs: readonly number[], gridNs: number, periodNs: number): number[] =>
  timesNs.map((time) => Math.floor((time - gridNs) / periodNs));

/** What a set of lateness values looked like. */
export function latenessOf(values: readonly number[]): Lateness {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    minNs: quantile(sorted, 0),
    meanNs: values.reduce((sum, value) => sum + value, 0) / values.length,
    p50Ns: quantile(sorted, 0.5),
    p90Ns: quantile(sorted, 0.9),
    p99Ns: quantile(sorted, 0.99),
    maxNs: quantile(sorted, 1),
  };
}

import type { TimerResult } from '../../schema/timer.ts';
import { SIGMAS } from './quantity.ts';

/** The value that `rank` of the histogram's ticks do not exceed, taken as evenly spread within a bar. */
function valueAt(histogram: TimerResult['histogram'], rank: number): number {
  let seen = 0;
  for (const { fromNs, toNs, count } of histogram) {
    if (count > 0 && seen + count >= rank) return fromNs + (toNs - fromNs) * ((rank - seen) / count);
    seen += count;
  }
  return histogram.at(-1)?.toNs ?? Number.NaN;
}

/**
 * Where a quantile could lie, from the order statistics around it: the count of ticks below it is binomial, with standard
 * deviation sqrt(n p (1 - p)) (David and Nagaraja, Order Statistics, 7.1). Ticks that disturb one another in rows make
 * it wider than this.
 *
 * @param share 0.5 for the median.
 * @returns null where the interval would reach beyond the ticks.
 */
export function quantileInterval(
  histogram: TimerResult['histogram'],
  share: number,
): { readonly low: number; readonly high: number } | null {
  const n = histogram.reduce((sum, { count }) => sum + count, 0);
  const reach = SIGMAS * Math.sqrt(n * share * (1 - share));
  const [first, last] = [n * share - reach, n * share + reach];
  if (first < 1 || last > n) return null;
  return { low: valueAt(histogram, first), high: valueAt(histogram, last) };
}

import type { TimerResult } from '../../schema/timer.ts';
import { MOST_CORRELATED } from '../../statistics.ts';
import type { Histogram } from '../histogram.ts';

/** The document's percentiles; null without a tick. */
export function latenessOf(lateness: Histogram): TimerResult['latenessNs'] {
  if (lateness.count === 0) return null;
  return {
    min: lateness.min,
    mean: lateness.mean(),
    p50: lateness.percentile(0.5),
    p90: lateness.percentile(0.9),
    p99: lateness.percentile(0.99),
    p999: lateness.percentile(0.999),
    max: lateness.max,
  };
}

/** Of 95 %, in standard deviations of a normal distribution. */
const SIGMAS_OF_95 = 1.959964;

/** Whether ticks that follow one another are late together: the lag-1 correlation of their lateness, on a log scale. */
export class NeighbourLog {
  #count = 0;
  #last = 0;
  #sum = 0;
  #squares = 0;
  #products = 0;

  /** Allocates nothing. */
  note(latenessNs: number): void {
    const value = Math.log2(Math.max(1, latenessNs));
    if (this.#count > 0) this.#products += value * this.#last;
    this.#count += 1;
    this.#sum += value;
    this.#squares += value * value;
    this.#last = value;
  }

  /** 0 of fewer than three ticks, or where all are equally late. */
  get correlation(): number {
    const mean = this.#sum / this.#count;
    const variance = this.#squares / this.#count - mean * mean;
    if (this.#count < 3 || variance <= 1e-12 * mean * mean) return 0;
    return Math.max(-1, Math.min(1, (this.#products / (this.#count - 1) - mean * mean) / variance));
  }
}

/**
 * Between which values a percentile of the next run lies, with 95 %: order statistics (David and Nagaraja, 7.1), at
 * ranks further apart where neighbouring ticks resemble one another, since they then count as fewer.
 *
 * @returns null where so few ticks have no such ranks: the percentile is then about the largest of them.
 */
function interval(
  lateness: Histogram,
  share: number,
  correlation: number,
): { low: number; high: number } | null {
  const { count } = lateness;
  const r = Math.min(MOST_CORRELATED, Math.max(0, correlation));
  const reach = SIGMAS_OF_95 * Math.sqrt((count * share * (1 - share) * (1 + r)) / (1 - r));
  const [low, high] = [Math.floor(count * share - reach), Math.ceil(count * share + reach) + 1];
  return low < 1 || high > count ? null : { low: lateness.atRank(low), high: lateness.atRank(high) };
}

/** What the percentiles are worth; null without a tick. */
export function intervalsOf(lateness: Histogram, correlation: number): TimerResult['latenessIntervals'] {
  if (lateness.count === 0) return null;
  const of = (share: number) => interval(lateness, share, correlation);
  return {
    correlation,
    p50: of(0.5),
    p90: of(0.9),
    p99: of(0.99),
    p999: of(0.999),
    maxReason: `the latest of ${lateness.count} ticks bounds no later one`,
  };
}

/** Bounds of the bars by magnitude: ten for each decade, from 10 ns to a day. */
const BOUNDS = Array.from({ length: 130 }, (_, i) => Math.round(10 ** (1 + i / 10)));
const EDGES = [...BOUNDS.map((bound) => -bound).reverse(), 0, ...BOUNDS];

/** The histogram in bars of equal width on a logarithmic axis, empty ones between the first and the last included. */
export function spreadOf(lateness: Histogram): TimerResult['histogram'] {
  const bars = EDGES.slice(0, -1).map((fromNs, i) => ({ fromNs, toNs: EDGES[i + 1] ?? fromNs, count: 0 }));
  for (const { low, count } of lateness.buckets()) {
    const bar = bars.findLast(({ fromNs }) => fromNs <= low) ?? bars[0];
    if (bar !== undefined) bar.count += count;
  }
  const first = bars.findIndex(({ count }) => count > 0);
  const last = bars.findLastIndex(({ count }) => count > 0);
  return bars.slice(Math.max(0, first), last + 1);
}

import type { TimerResult } from '../../schema/timer.ts';
import type { Histogram } from '../histogram.ts';

/** The percentiles of the contract; null without a tick. */
export function latenessOf(lateness: Histogram): TimerResult['latenessNs'] {
  if (lateness.count === 0) return null;
  return {
    min: lateness.percentile(0),
    mean: lateness.mean(),
    p50: lateness.percentile(0.5),
    p90: lateness.percentile(0.9),
    p99: lateness.percentile(0.99),
    p999: lateness.percentile(0.999),
    max: lateness.percentile(1),
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

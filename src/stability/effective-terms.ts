import { type EstimatorShape, greenhallEdf, termCorrelation } from './degrees-of-freedom.ts';
import { nearlyAll } from './modified.ts';
import type { Mixture } from './power-law.ts';
import { differences, type Series } from './series.ts';

/** Terms looked at for how many pairs the gaps leave, about. */
const SAMPLED = 4096;

/** 1 for each term of the estimator that is known, by the point where it starts. */
export function termMask(series: Series, shape: EstimatorShape, m: number): Uint8Array {
  const values = differences(series, m, shape.order);
  const mask = Uint8Array.from(values, (value) => (Number.isNaN(value) ? 0 : 1));
  if (!shape.modified) return mask;
  const whole = new Uint8Array(Math.max(0, mask.length - m + 1));
  let known = 0;
  for (let i = 0; i < mask.length; i += 1) {
    known += (mask[i] as number) - (i < m ? 0 : (mask[i - m] as number));
    if (i >= m - 1) whole[i - m + 1] = nearlyAll(known, m) ? 1 : 0;
  }
  return whole;
}

/** Blocks of neighbouring lags: [the one that stands for them, how many]. Narrow at each multiple of m, where correlations are sharp. */
function lagBlocks(m: number, reach: number): [number, number][] {
  const blocks: [number, number][] = [];
  for (let lag = 0; lag <= reach; ) {
    const beside = Math.min(lag % m, m - (lag % m));
    const toNext = m - (lag % m);
    const width = beside < 4 ? 1 : Math.min(Math.ceil(beside / 4), Math.max(1, Math.floor(toNext / 5)));
    blocks.push([lag + (width >> 1), width]);
    lag += width;
  }
  return blocks;
}

/**
 * The equivalent degrees of freedom of the terms in `mask`: n^2 over the sum of the squared correlations of all pairs
 * of terms (Greenhall and Riley 2003), of the pairs that the gaps leave.
 */
export function maskedEdf(shape: EstimatorShape, mixture: Mixture, m: number, mask: Uint8Array): number {
  const step = shape.overlapping ? 1 : m;
  const reach = Math.min(mask.length - 1, (shape.order + 1) * m);
  const stride = Math.ceil(mask.length / step / SAMPLED) * step;
  let n = 0;
  for (let i = 0; i < mask.length; i += stride) n += mask[i] as number;
  let sum = n;
  const blocks = shape.overlapping
    ? lagBlocks(m, reach).filter(([lag]) => lag > 0)
    : Array.from({ length: shape.order + 1 }, (_, k) => [(k + 1) * m, 1] as [number, number]);
  for (const [lag, width] of blocks) {
    let correlation = 0;
    for (const [alpha, share] of mixture) {
      const floor = shape.order === 2 ? Math.max(-2, alpha) : alpha;
      correlation += share * termCorrelation(shape, floor, m, lag);
    }
    let pairs = 0;
    for (let i = 0; i + lag < mask.length; i += stride)
      pairs += (mask[i] as number) & (mask[i + lag] as number);
    sum += 2 * width * pairs * correlation ** 2;
  }
  return ((n * n) / sum) * (stride / step);
}

/**
 * The equivalent degrees of freedom of a difference estimator: of Greenhall and Riley where one noise is alone and
 * nothing is missing, else from the correlations of the terms that are there.
 */
export function edfOf(series: Series, shape: EstimatorShape, mixture: Mixture, m: number): number | null {
  const points = series.phase.length;
  const [only] = mixture;
  if (only === undefined) return null;
  if (mixture.length === 1 && !hasGaps(series))
    return greenhallEdf(shape, shape.order === 2 ? Math.max(-2, only[0]) : only[0], m, points);
  const mask = termMask(series, shape, m);
  const edf = maskedEdf(shape, mixture, m, mask);
  return edf > 0 ? edf : null;
}

const gaps = new WeakMap<Series, boolean>();

/** Whether anything is missing between the ends. */
export function hasGaps(series: Series): boolean {
  let found = gaps.get(series);
  if (found === undefined) {
    found = series.known !== null || series.phase.includes(Number.NaN);
    gaps.set(series, found);
  }
  return found;
}

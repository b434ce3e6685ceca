import { type EstimatorShape, greenhallEdf, termCorrelation } from './degrees-of-freedom.ts';
import { nearlyAll } from './modified.ts';
import type { Mixture } from './power-law.ts';
import type { Series } from './series.ts';

/** Terms looked at for how many pairs the gaps leave, about. */
const SAMPLED = 4096;

/** How many terms an estimator could have, and which of them are known, by the point where each starts. */
interface Terms {
  readonly length: number;
  known(i: number): boolean;
}

/** The terms of differences that are not averaged: each needs its points, or all steps between them. */
function plainTerms({ phase, known }: Series, order: 2 | 3, m: number): Terms {
  const length = Math.max(0, phase.length - order * m);
  const missing = (i: number) => Number.isNaN(phase[i]);
  if (known !== null) {
    return { length, known: (i) => (known[i + order * m] as number) - (known[i] as number) === order * m };
  }
  return {
    length,
    known: (i) =>
      !(missing(i) || missing(i + m) || missing(i + 2 * m) || (order === 3 && missing(i + 3 * m))),
  };
}

/** MDEV and TDEV have the same terms, one after the other. */
const lastAveraged = new WeakMap<Series, { readonly m: number; readonly terms: Terms }>();

/** The terms of differences that are averaged over m neighbours. */
function averagedTerms(series: Series, order: 2 | 3, m: number): Terms {
  const last = lastAveraged.get(series);
  if (last?.m === m) return last.terms;
  const differences = plainTerms(series, order, m);
  const length = Math.max(0, differences.length - m + 1);
  const whole = new Uint8Array(length);
  let there = 0;
  for (let i = 0; i < differences.length; i += 1) {
    if (differences.known(i)) there += 1;
    if (i >= m && differences.known(i - m)) there -= 1;
    if (i >= m - 1 && nearlyAll(there, m)) whole[i - m + 1] = 1;
  }
  const terms = { length, known: (i: number) => whole[i] === 1 };
  lastAveraged.set(series, { m, terms });
  return terms;
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
 * The equivalent degrees of freedom of the terms that are known: n^2 over the sum of the squared correlations of all
 * pairs of terms (Greenhall and Riley 2003), of the pairs that the gaps leave.
 */
function pairedEdf(shape: EstimatorShape, mixture: Mixture, m: number, terms: Terms): number {
  const step = shape.overlapping ? 1 : m;
  const reach = Math.min(terms.length - 1, (shape.order + 1) * m);
  const stride = Math.ceil(terms.length / step / SAMPLED) * step;
  const starts: number[] = [];
  for (let i = 0; i < terms.length; i += stride) if (terms.known(i)) starts.push(i);
  const n = starts.length;
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
    for (const i of starts) if (i + lag < terms.length && terms.known(i + lag)) pairs += 1;
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
  const terms = (shape.modified ? averagedTerms : plainTerms)(series, shape.order, m);
  const edf = pairedEdf(shape, mixture, m, terms);
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

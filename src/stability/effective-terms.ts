import { type EstimatorShape, greenhallEdf, termCorrelation } from './degrees-of-freedom.ts';
import { spread, squareWeights } from './few-degrees.ts';
import { nearlyAll } from './modified.ts';
import { type Mixture, oncePerLag } from './power-law.ts';
import type { Series } from './series.ts';
import {
  type Correlations,
  correlationsOf,
  rowCovariance,
  type Span,
  spanIsKnown,
  strideOf,
} from './spans.ts';

/** Terms looked at for how many pairs the gaps leave, about. */
const SAMPLED = 1024;

/** How many terms an estimator could have, and which of them are known, by the point where each starts. */
interface Terms {
  readonly length: number;
  known(i: number): boolean;
}

/** The terms of differences that are not averaged: each needs its points, or all steps between them. */
function plainTerms(series: Series, order: 2 | 3, m: number): Terms {
  const { phase, known } = series;
  const length = Math.max(0, phase.length - order * m);
  if (known !== null) {
    return { length, known: (i) => (known[i + order * m] as number) - (known[i] as number) === order * m };
  }
  const at = (i: number): number => phase[i] as number;
  const last = order * m;
  return { length, known: (i) => !Number.isNaN(at(i) + at(i + m) + at(i + 2 * m) + at(i + last)) };
}

/** MDEV and TDEV have the same terms, one after the other. */
const lastAveraged = new WeakMap<Series, { readonly m: number; readonly terms: Terms }>();

/** The terms of differences that are averaged over m neighbours. */
function averagedTerms(series: Series, order: 2 | 3, m: number): Terms {
  const last = lastAveraged.get(series);
  if (last?.m === m) return last.terms;
  const differences = plainTerms(series, order, m);
  const length = Math.max(0, differences.length - m + 1);
  const before = new Int32Array(differences.length + 1);
  for (let i = 0; i < differences.length; i += 1)
    before[i + 1] = (before[i] as number) + (differences.known(i) ? 1 : 0);
  const terms = {
    length,
    known: (i: number) => nearlyAll((before[i + m] as number) - (before[i] as number), m),
  };
  lastAveraged.set(series, { m, terms });
  return terms;
}

/** Known terms, each `step`-th one or, of many, an even share of those. */
function startsOf(terms: Terms, step: number): { starts: number[]; stride: number } {
  const stride = Math.ceil(terms.length / step / SAMPLED) * step;
  const starts: number[] = [];
  for (let i = 0; i < terms.length; i += stride) if (terms.known(i)) starts.push(i);
  return { starts, stride };
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

/** Of so few known terms every pair is looked at. */
const ALL_PAIRS = 256;

/**
 * The number of independent terms among those that are known, each `step`-th one: n^2 over the sum of the squared
 * correlations of all pairs of terms (Greenhall and Riley 2003), of the pairs that the gaps leave.
 *
 * @param blocks of lags, as `lagBlocks` gives them.
 */
function independentTerms(
  terms: Terms,
  step: number,
  blocks: ReadonlyArray<readonly [lag: number, width: number]>,
  squaredCorrelation: (lag: number) => number,
): number {
  const { starts, stride } = startsOf(terms, step);
  const n = starts.length;
  let sum = n;
  if (stride === step && n <= ALL_PAIRS) {
    const pairs = new Int32Array(terms.length);
    for (let k = 0; k < n; k += 1) {
      for (let l = k + 1; l < n; l += 1) {
        const lag = (starts[l] as number) - (starts[k] as number);
        pairs[lag] = (pairs[lag] as number) + 1;
      }
    }
    for (const [lag, count] of pairs.entries()) if (count > 0) sum += 2 * count * squaredCorrelation(lag);
    return n === 0 ? 0 : (n * n) / sum;
  }
  for (const [lag, width] of blocks) {
    let pairs = 0;
    for (const i of starts) if (i + lag < terms.length && terms.known(i + lag)) pairs += 1;
    sum += 2 * width * pairs * squaredCorrelation(lag);
  }
  return n === 0 ? 0 : ((n * n) / sum) * (stride / step);
}

function termsOf(series: Series, { modified, order }: EstimatorShape, m: number): Terms {
  if (hasGaps(series)) return (modified ? averagedTerms : plainTerms)(series, order, m);
  const span = order * m + (modified ? m - 1 : 0);
  return { length: Math.max(0, series.phase.length - span), known: () => true };
}

/** The correlation of two terms by the points between them. */
const correlationIn =
  (shape: EstimatorShape, mixture: Mixture, m: number) =>
  (lag: number): number => {
    let correlation = 0;
    for (const [alpha, share] of mixture) {
      const floor = shape.order === 2 ? Math.max(-2, alpha) : alpha;
      correlation += share * termCorrelation(shape, floor, m, lag);
    }
    return correlation;
  };

function pairedEdf(shape: EstimatorShape, mixture: Mixture, m: number, terms: Terms): number {
  const reach = Math.min(terms.length - 1, (shape.order + 1) * m);
  const blocks = shape.overlapping
    ? lagBlocks(m, reach).filter(([lag]) => lag > 0)
    : Array.from({ length: shape.order + 1 }, (_, k) => [(k + 1) * m, 1] as const);
  const correlation = correlationIn(shape, mixture, m);
  return independentTerms(terms, shape.overlapping ? 1 : m, blocks, (lag) => correlation(lag) ** 2);
}

/** What the squares of a difference estimator weigh, for few degrees of freedom (see `squaresQuantile`). */
export function weightsOf(series: Series, shape: EstimatorShape, mixture: Mixture, m: number): number[] {
  const { starts } = startsOf(termsOf(series, shape, m), shape.overlapping ? 1 : m);
  const correlation = oncePerLag(correlationIn(shape, mixture, m));
  return squareWeights(
    spread(starts.length).map((k) => starts[k] as number),
    (i, j) => correlation(j - i),
  );
}

/** Linear functions of spans looked at behind few degrees of freedom. */
const MOST_ROWS = 32;
/** Of so few terms each is looked at more closely. */
const HARDLY_ANY = 2;

/** The same of a span's linear functions, each term's as those of a short span. */
export function spanWeights(series: Series, span: Span, mixture: Mixture, m: number): number[] {
  const points = span.points(m);
  const terms = { length: series.phase.length - points + 1, known: spanIsKnown(series, points) };
  const { starts } = startsOf(terms, strideOf(span, m, series.phase.length));
  const short = Math.min(m, starts.length > HARDLY_ANY ? span.outlined : 2 * span.outlined);
  const rows = span.rows(short);
  const functions = spread(starts.length, Math.floor(MOST_ROWS / rows)).flatMap((k) =>
    Array.from({ length: rows }, (_, row) => ({ at: Math.round(((starts[k] as number) * short) / m), row })),
  );
  const covariance = rowCovariance(span, short, mixture);
  return squareWeights(functions, (a, b) => covariance(a.row, b.row, b.at - a.at));
}

/** How many terms in a row hang together, of a record without end: their number over their degrees of freedom. */
function length({ edf, squared }: Correlations): number {
  let sum = -1;
  for (const correlation of squared) sum += 2 * correlation;
  return sum / edf;
}

/** Above this power a noise is phase noise. */
const PHASE_LIKE = 0.25;

/**
 * The equivalent degrees of freedom of an estimator whose terms are squares of spans: as those of differences, from the
 * covariance of each two terms. Those of long averaging times are taken from shorter ones: frequency noise looks the same at
 * all of them, and terms hang together as far as they are long; those of white PM hang together over as many points
 * however long they are. What lies between is carried by the power that it shows between the model's half and the model.
 *
 * @returns null where no term is left, and where this tells nothing of phase noise.
 */
export function spanEdf(series: Series, span: Span, mixture: Mixture, m: number): number | null {
  const points = span.points(m);
  const terms = { length: series.phase.length - points + 1, known: spanIsKnown(series, points) };
  if (terms.length < 1 || mixture.length === 0) return null;
  const model = correlationsOf(span, Math.min(m, span.modelled), mixture);
  const step = strideOf(span, m, series.phase.length);
  const correlation = (place: number): number => {
    const below = Math.floor(place);
    const [here = 0, next = 0] = [model.squared[below], model.squared[below + 1]];
    return here + (place - below) * (next - here);
  };
  const independent = (squaredCorrelation: (lag: number) => number): number => {
    const reach = Math.min(terms.length - 1, Math.floor(((model.squared.length - 1) * m) / model.m));
    const blocks =
      step > 1
        ? Array.from({ length: Math.floor(reach / step) }, (_, k) => [(k + 1) * step, 1] as const)
        : lagBlocks(m, reach).filter(([lag]) => lag > 0);
    return independentTerms(terms, step, blocks, squaredCorrelation);
  };
  const scale = model.m / m;
  const scaled = independent((lag) => correlation(lag * scale));
  if (scale === 1) return scaled > 0 ? scaled * model.edf : null;
  /** As many points from where the ends of two terms meet; what lies between is spread over the more lags. */
  const beside = (lag: number): number => {
    const met = Math.round(lag / m);
    const from = lag - met * m;
    const half = model.m / 2;
    return Math.abs(from) < half
      ? correlation(met * model.m + from)
      : correlation(met * model.m + Math.sign(from) * half) * scale;
  };
  const growth = length(model) / length(correlationsOf(span, model.m / 2, mixture));
  const power = Math.min(1, Math.max(0, 1 - Math.log2(growth)));
  if (power > PHASE_LIKE && span.ofPhaseNoise === false) return null;
  const edf = scaled ** (1 - power) * (power > 0 ? independent(beside) : 1) ** power * model.edf;
  return edf > 0 ? edf : null;
}

/**
 * The equivalent degrees of freedom of a difference estimator: of Greenhall and Riley where one noise is alone and
 * nothing is missing, else from the correlations of the terms that are there.
 */
export function edfOf(series: Series, shape: EstimatorShape, mixture: Mixture, m: number): number | null {
  const points = series.phase.length;
  const [only] = mixture;
  if (only === undefined) return null;
  // Flicker PM is computed for sampled phase; the published formula is of a bandwidth, and a seventh off.
  if (mixture.length === 1 && !hasGaps(series) && only[0] !== 1)
    return greenhallEdf(shape, shape.order === 2 ? Math.max(-2, only[0]) : only[0], m, points);
  const edf = pairedEdf(shape, mixture, m, termsOf(series, shape, m));
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

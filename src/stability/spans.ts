import type { Estimate } from './deviations.ts';
import { type Mixture, phaseCovariance } from './power-law.ts';
import type { Series } from './series.ts';

/**
 * Estimators whose every term looks at one span of neighbouring points: the total deviations of subsequences (MTOT,
 * HTOT), Theo1 and the parabolic deviation. A term is a sum of squares of linear functions of its span.
 */
export interface Span {
  readonly name: string;
  /** Points that a term spans at m. */
  points(m: number): number;
  /** How many linear functions a term has. */
  rows(m: number): number;
  /** Writes the linear functions of the points from `at` on; their squares add up to a variance times m^2 (tau0 = 1). */
  write(phase: Float64Array, at: number, m: number, rows: Float64Array): void;
  /** The largest m whose correlations are taken as they are; those of larger m are scaled from it. */
  readonly modelled: number;
  /** The m whose linear functions stand for those of larger ones where few degrees of freedom are left. */
  readonly outlined: number;
  /** False: beyond `modelled` flicker PM follows no power that the model shows, and there is no interval. */
  readonly ofPhaseNoise?: false;
  /** The steepest exponent that the terms are blind enough for; steeper noise counts as this. */
  readonly steepest: -2 | -4;
}

/** The mean of the part of `values` from `from` to before `to`. */
function meanOf(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i += 1) sum += values[i] as number;
  return sum / (to - from);
}

/** Reflected, 6m second differences come in pairs about j = 3m / 2; even m has one more, since two stand alone. */
const reflectedRows = (m: number): number => 3 * m + (m % 2 === 0 ? 1 : 0);

/**
 * Second differences of means over m of a subsequence of 3m values, less the slope between the means of its halves and
 * continued at both ends by its mirror image: 6m of them (NIST SP 1065, 5.2.12 and 5.2.14), each pair of equals once.
 */
function writeReflected(values: Float64Array, m: number, scale: number, rows: Float64Array): void {
  const length = 3 * m;
  const half = length >> 1;
  const upper = length - half;
  const slope = (meanOf(values, upper, length) - meanOf(values, 0, half)) / upper;
  const middle = meanOf(values, 0, length);
  // Sums of the mirrored, the own and again the mirrored values, from the first that a row looks at.
  const from = Math.ceil(length / 2);
  const sums = new Float64Array(6 * m + 1);
  for (let i = 0; i < 6 * m; i += 1) {
    const place = i + from;
    const k =
      place < length ? length - 1 - place : place < 2 * length ? place - length : 3 * length - 1 - place;
    const value = (values[k] as number) - middle - slope * (k - (length - 1) / 2);
    sums[i + 1] = (sums[i] as number) + value;
  }
  const last = reflectedRows(m) - 1;
  for (let j = 0; j <= last; j += 1) {
    const [a, b, c, d] = [sums[j], sums[j + m], sums[j + 2 * m], sums[j + 3 * m]] as [
      number,
      number,
      number,
      number,
    ];
    const alone = m % 2 === 0 && (j === 0 || j === last);
    rows[j] = (d - c - 2 * (c - b) + (b - a)) * (alone ? scale : scale * Math.SQRT2);
  }
}

/** Modified total: the phase of 3m points is reflected. */
export const MODIFIED_TOTAL: Span = {
  name: 'mtot',
  points: (m) => 3 * m,
  rows: reflectedRows,
  write(phase, at, m, rows) {
    const values = phase.slice(at, at + 3 * m);
    // A line through the ends first: the sums that follow keep their digits on a slope.
    const first = values[0] as number;
    const step = ((values.at(-1) as number) - first) / (values.length - 1);
    for (let k = 0; k < values.length; k += 1) values[k] = (values[k] as number) - first - step * k;
    writeReflected(values, m, 1 / (m * Math.sqrt(2 * 6 * m)), rows);
  },
  modelled: 8,
  outlined: 3,
  steepest: -2,
};

/** Hadamard total: 3m frequencies are reflected. At m = 1 it is the overlapping Hadamard deviation. */
export const HADAMARD_TOTAL: Span = {
  name: 'htot',
  points: (m) => 3 * m + 1,
  rows: (m) => (m === 1 ? 1 : reflectedRows(m)),
  write(phase, at, m, rows) {
    const values = new Float64Array(3 * m);
    for (let k = 0; k < values.length; k += 1)
      values[k] = (phase[at + k + 1] as number) - (phase[at + k] as number);
    if (m > 1) writeReflected(values, m, 1 / Math.sqrt(6 * 6 * m), rows);
    else {
      const [a, b, c] = values as unknown as [number, number, number];
      rows[0] = (c - b - (b - a)) / Math.sqrt(6);
    }
  },
  modelled: 16,
  outlined: 3,
  ofPhaseNoise: false,
  steepest: -4,
};

/** Theo1 (NIST SP 1065, 5.2.15), for even m: its averaging time is 0.75 m. */
export const THEO1: Span = {
  name: 'theo1',
  points: (m) => m + 1,
  rows: (m) => m >> 1,
  write(phase, at, m, rows) {
    const half = m >> 1;
    const [first, last] = [phase[at] as number, phase[at + m] as number];
    for (let d = 0; d < half; d += 1) {
      const before = first - (phase[at + half - d] as number);
      const after = last - (phase[at + half + d] as number);
      rows[d] = (before + after) / Math.sqrt(0.75 * (half - d));
    }
  },
  modelled: 256,
  outlined: 16,
  steepest: -2,
};

/**
 * Parabolic: the difference of the slopes of the least-squares lines through m points each (Vernotte, Lenczner, Bourgeois
 * and Rubiola 2016). At m = 1 it is the Allan deviation. As elsewhere, the last of its spans is left out.
 */
export const PARABOLIC: Span = {
  name: 'pdev',
  points: (m) => 2 * m + 1,
  rows: () => 1,
  write(phase, at, m, rows) {
    let sum = 0;
    if (m === 1) {
      const middle = phase[at + 1] as number;
      sum = ((phase[at + 2] as number) - middle - (middle - (phase[at] as number))) / 12;
    }
    // What all differences share, a slope, weighs nothing; taken out first, it costs no digits.
    const shared = (phase[at] as number) - (phase[at + m] as number);
    for (let k = 0; k < m; k += 1)
      sum += ((m - 1) / 2 - k) * ((phase[at + k] as number) - (phase[at + m + k] as number) - shared);
    rows[0] = (sum * Math.sqrt(72)) / m ** 2;
  },
  modelled: 16,
  outlined: 16,
  steepest: -2,
};

/** About how many values the terms of one averaging time may look at; longer records take every k-th term. */
export const MOST_LOOKS = 1e8;

/** Each how many-th term is taken: 1 but for long records at long averaging times. */
export const strideOf = (span: Span, m: number, points: number, looks = MOST_LOOKS): number =>
  Math.max(1, Math.floor((points * (span.points(m) + span.rows(m))) / looks));

const counts = new WeakMap<Series, Int32Array | null>();

/** How many of the first i points are known; null where all are. */
function knownBefore(series: Series): Int32Array | null {
  let before = counts.get(series);
  if (before === undefined) {
    before = null;
    if (series.phase.includes(Number.NaN)) {
      before = new Int32Array(series.phase.length + 1);
      for (let i = 0; i < series.phase.length; i += 1)
        before[i + 1] = (before[i] as number) + (Number.isNaN(series.phase[i]) ? 0 : 1);
    }
    counts.set(series, before);
  }
  return before;
}

/** Whether all of `points` points from i on are known, with no gap between them. */
export function spanIsKnown(series: Series, points: number): (i: number) => boolean {
  const { known } = series;
  if (known !== null) {
    return (i) => (known[i + points - 1] as number) - (known[i] as number) === points - 1;
  }
  const before = knownBefore(series);
  return before === null
    ? () => true
    : (i) => (before[i + points] as number) - (before[i] as number) === points;
}

/** The root mean square of the terms that no gap touches, over m tau0. */
export function spanDeviation(series: Series, span: Span, m: number, looks = MOST_LOOKS): Estimate {
  const { phase, tau0 } = series;
  const points = span.points(m);
  const whole = spanIsKnown(series, points);
  const rows = new Float64Array(span.rows(m));
  const stride = strideOf(span, m, phase.length, looks);
  let sum = 0;
  let n = 0;
  for (let i = 0; i + points <= phase.length; i += stride) {
    if (!whole(i)) continue;
    span.write(phase, i, m, rows);
    for (const row of rows) sum += row * row;
    n += 1;
  }
  return { value: Math.sqrt(sum / n) / (m * tau0), n };
}

/** How the terms of one estimator hang together in one mixture of noises, `m` steps long. */
export interface Correlations {
  readonly m: number;
  /** Degrees of freedom of one term alone. */
  readonly edf: number;
  /** The correlation of two terms (they are squares), by the steps between them. */
  readonly squared: Float64Array;
}

/** A linear function of the points of a span, where it is not 0. */
interface Row {
  readonly points: readonly number[];
  readonly weights: readonly number[];
}

/** The linear functions of a term as `write` computes them. */
function rowsOf(span: Span, m: number): Row[] {
  const size = span.points(m);
  const rows = Array.from({ length: span.rows(m) }, () => ({
    points: [] as number[],
    weights: [] as number[],
  }));
  const unit = new Float64Array(size);
  const found = new Float64Array(rows.length);
  for (let point = 0; point < size; point += 1) {
    unit[point] = 1;
    span.write(unit, 0, m, found);
    unit[point] = 0;
    for (const [r, row] of rows.entries()) {
      if (found[r] === 0) continue;
      row.points.push(point);
      row.weights.push(found[r] as number);
    }
  }
  return rows;
}

/** The covariance of each row with a point `t` after the first of its span, t from 0 to `length`. */
const withPoints = (rows: readonly Row[], length: number, of: Float64Array): Float64Array[] =>
  rows.map(({ points, weights }) => {
    const result = new Float64Array(length);
    for (const [k, point] of points.entries()) {
      const weight = weights[k] as number;
      for (let t = 0; t < length; t += 1)
        result[t] = (result[t] as number) + weight * (of[Math.abs(t - point)] as number);
    }
    return result;
  });

/** The covariance of a row with another, `lag` later. */
function withRow(covariances: Float64Array, { points, weights }: Row, lag: number): number {
  let sum = 0;
  for (let k = 0; k < points.length; k += 1)
    sum += (weights[k] as number) * (covariances[(points[k] as number) + lag] as number);
  return sum;
}

/** The squares of the covariances of all rows of a term with those of one `lag` later: half the covariance of the two terms. */
function squaresBetween(covariances: readonly Float64Array[], rows: readonly Row[], lag: number): number {
  let sum = 0;
  for (const own of covariances) for (const row of rows) sum += withRow(own, row, lag) ** 2;
  return sum;
}

/** Terms farther apart than this many spans have nothing to do with each other. */
const REACH = 2;
const remembered = new Map<string, Correlations>();

/** The sum of the variances of the rows. */
const expectation = (rows: readonly Row[], size: number, of: Float64Array): number =>
  withPoints(rows, size, of).reduce((sum, own, r) => sum + withRow(own, rows[r] as Row, 0), 0);

const covariances = (alpha: number, length: number): Float64Array =>
  Float64Array.from({ length }, (_, t) => phaseCovariance(alpha, t));

/** The expectation of a term in unit noise (`phaseCovariance`): the variance times m^2. */
export const spanExpectation = (span: Span, m: number, alpha: number): number =>
  expectation(rowsOf(span, m), span.points(m), covariances(alpha, span.points(m)));

/** The covariances of a term's points with points of spans up to `REACH` later, where the term has an expectation of 1. */
function pointCovariances(span: Span, m: number, rows: readonly Row[], mixture: Mixture): Float64Array {
  const size = span.points(m);
  const of = new Float64Array((1 + REACH) * size);
  for (const [alpha, share] of mixture) {
    const own = covariances(Math.max(span.steepest, alpha), of.length);
    const level = expectation(rows, size, own);
    for (let t = 0; t < of.length; t += 1) of[t] = (of[t] as number) + ((own[t] as number) * share) / level;
  }
  return of;
}

/** The covariance of one row of a term with another of a term `lag` later; of terms farther apart than `REACH` 0. */
export function rowCovariance(
  span: Span,
  m: number,
  mixture: Mixture,
): (row: number, other: number, lag: number) => number {
  const rows = rowsOf(span, m);
  const reach = REACH * span.points(m);
  const ahead = withPoints(rows, span.points(m) + reach, pointCovariances(span, m, rows, mixture));
  return (row, other, lag) =>
    lag < reach ? withRow(ahead[row] as Float64Array, rows[other] as Row, lag) : 0;
}

/** @param m at most `span.modelled`. */
export function correlationsOf(span: Span, m: number, mixture: Mixture): Correlations {
  const key = `${span.name} ${m} ${mixture.map(([alpha, share]) => `${alpha}:${share.toFixed(2)}`).join(' ')}`;
  const kept = remembered.get(key);
  if (kept !== undefined) return kept;
  const rows = rowsOf(span, m);
  const reach = REACH * span.points(m);
  const ahead = withPoints(rows, span.points(m) + reach, pointCovariances(span, m, rows, mixture));
  const alone = squaresBetween(ahead, rows, 0);
  const squared = Float64Array.from({ length: reach }, (_, lag) =>
    lag === 0 ? 1 : squaresBetween(ahead, rows, lag) / alone,
  );
  const found = { m, edf: 1 / alone, squared };
  remembered.set(key, found);
  return found;
}

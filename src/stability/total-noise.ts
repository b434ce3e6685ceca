import { greenhallEdf } from './degrees-of-freedom.ts';
import { edfOf, hasGaps } from './effective-terms.ts';
import { spread, squareWeights } from './few-degrees.ts';
import { dominant } from './noise.ts';
import { type Mixture, oncePerLag, phaseCovariance } from './power-law.ts';
import type { Series } from './series.ts';
import { totalTermIsKnown } from './total.ts';

/** What total deviation's terms are worth in power-law noise, with what is reflected at the ends of the record. */

/** Points of the phase and their weights in one term: [point, weight]. */
type Term = ReadonlyArray<readonly [number, number]>;

function termAt(i: number, m: number, last: number): Term {
  const back: Term =
    i >= m
      ? [[i - m, 1]]
      : [
          [0, 2],
          [m - i, -1],
        ];
  const forth: Term =
    i + m <= last
      ? [[i + m, 1]]
      : [
          [last, 2],
          [2 * last - i - m, -1],
        ];
  return [...back, [i, -2], ...forth];
}

function covariance(a: Term, b: Term, of: (lag: number) => number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) {
    const [p, weight] = a[i] as Term[number];
    for (let j = 0; j < b.length; j += 1) {
      const [q, other] = b[j] as Term[number];
      sum += weight * other * of(Math.abs(p - q));
    }
  }
  return sum;
}

/** Terms whose expectation is taken, spread over the record. */
const SAMPLED = 512;

/**
 * How many times the total variance exceeds the Allan variance that it stands for. White FM has none (NIST SP 1065,
 * 5.2.11); flicker and random walk FM come out low by 0.481 and 0.750 tau / T, phase noise high.
 */
export function totalBias(series: Series, m: number, mixture: Mixture): number {
  const last = series.phase.length - 1;
  const gapped = hasGaps(series);
  // Of few terms each counts.
  const known = gapped ? knownTerms(series, m) : null;
  const count = known?.length ?? last - 1;
  const stride = Math.ceil(count / SAMPLED);
  let bias = 0;
  for (const [exponent, share] of mixture) {
    const alpha = Math.max(-2, exponent);
    if (alpha === 0 && !gapped) {
      bias += share;
      continue;
    }
    const of = (lag: number) => phaseCovariance(alpha, lag);
    const inside = covariance(termAt(m, m, 2 * m), termAt(m, m, 2 * m), of);
    let sum = 0;
    let n = 0;
    for (let k = 0; k < count; k += stride) {
      const i = known?.[k] ?? k + 1;
      const term = termAt(i, m, last);
      sum += i >= m && i + m <= last ? inside : covariance(term, term, of);
      n += 1;
    }
    bias += n === 0 ? share : (share * sum) / (n * inside);
  }
  return bias;
}

/** The bias and the degrees of freedom at one averaging time ask one after the other. */
const lastKnown = new WeakMap<Series, { readonly m: number; readonly points: readonly number[] }>();

/** The points at which the gaps leave a term. */
function knownTerms(series: Series, m: number): readonly number[] {
  const last = lastKnown.get(series);
  if (last?.m === m) return last.points;
  const points: number[] = [];
  for (let i = 1; i < series.phase.length - 1; i += 1) if (totalTermIsKnown(series, i, m)) points.push(i);
  lastKnown.set(series, { m, points });
  return points;
}

/** [b, c] of b T / tau - c (NIST SP 1065, table 7), by alpha. */
const TOTAL: Readonly<Record<number, readonly [number, number]>> = {
  0: [1.5, 0],
  [-1]: [1.17, 0.22],
  [-2]: [0.93, 0.36],
};

/** Up to this share of the record the published line of frequency noise passes what the terms inside can give. */
const SHORT = 1 / 30;
/** Up to this share the reflected ends, whose terms are larger, do not matter to phase noise. */
const SHORT_IN_PHASE_NOISE = 1 / 128;
/** Points of the record that stands for longer ones of phase noise. */
const MODEL_POINTS = 512;
const OVERLAPPING_ALLAN = { order: 2, overlapping: true, modified: false } as const;

const phaseNoiseEdfs = new Map<string, number>();

/** `phaseNoiseEdf`, computed once for each: it takes some 10 ms. */
function knownPhaseNoiseEdf(alpha: number, m: number, points: number): number {
  const key = `${alpha} ${m} ${points}`;
  const edf = phaseNoiseEdfs.get(key) ?? phaseNoiseEdf(alpha, m, points);
  phaseNoiseEdfs.set(key, edf);
  return edf;
}

/** 2 E^2 over the variance, from the covariances of all terms. */
function edfOfTerms(terms: readonly Term[], of: (lag: number) => number): number {
  let mean = 0;
  let squares = 0;
  for (const [i, term] of terms.entries()) {
    const own = covariance(term, term, of);
    mean += own;
    squares += own * own;
    for (let j = 0; j < i; j += 1) squares += 2 * covariance(term, terms[j] as Term, of) ** 2;
  }
  return mean ** 2 / squares;
}

function phaseNoiseEdf(alpha: number, m: number, points: number): number {
  const last = points - 1;
  const known = Float64Array.from({ length: points }, (_, lag) => phaseCovariance(alpha, lag));
  const terms = Array.from({ length: last - 1 }, (_, i) => termAt(i + 1, m, last));
  return edfOfTerms(terms, (lag) => known[lag] as number);
}

/** The covariance of two points by the steps between them, up to what no term sees, in a mixture of noises. */
function mixedCovariance(m: number, mixture: Mixture): (lag: number) => number {
  const middle = termAt(m, m, 2 * m);
  const parts = mixture.map(([exponent, share]) => {
    const of = (lag: number) => phaseCovariance(Math.max(-2, exponent), lag);
    return [share / covariance(middle, middle, of), of] as const;
  });
  return oncePerLag((lag) => parts.reduce((sum, [weight, part]) => sum + weight * part(lag), 0));
}

/** The same of the terms at these points, in a mixture of noises. */
function edfAt(points: readonly number[], last: number, m: number, mixture: Mixture): number | null {
  const terms = points.map((i) => termAt(i, m, last));
  return terms.length === 0 ? null : edfOfTerms(terms, mixedCovariance(m, mixture));
}

/** What the squares weigh, for few degrees of freedom (see `squaresQuantile`). */
export function totalWeights(series: Series, m: number, mixture: Mixture): number[] {
  const last = series.phase.length - 1;
  const known = hasGaps(series) ? knownTerms(series, m) : null;
  const terms = spread(known?.length ?? last - 1).map((k) => termAt(known?.[k] ?? k + 1, m, last));
  const of = mixedCovariance(m, mixture);
  return squareWeights(terms, (a, b) => covariance(a, b, of));
}

/**
 * The equivalent degrees of freedom of the total variance without gaps: for frequency noise those of NIST SP 1065,
 * 5.4.2, for phase noise the overlapping Allan variance's at short averaging times, and at long ones from the
 * covariances of the terms with what is reflected.
 */
export function totalEdf(exponent: number, m: number, points: number): number | null {
  const alpha = Math.max(-2, exponent);
  const pair = TOTAL[alpha];
  if (pair !== undefined) {
    const edf = (pair[0] * (points - 1)) / m - pair[1];
    // The published line is for long averaging times; it passes what the terms inside can give at short ones.
    const inside = greenhallEdf(OVERLAPPING_ALLAN, alpha, m, points) ?? Number.POSITIVE_INFINITY;
    return edf > 0 ? (m < points * SHORT ? Math.min(edf, inside) : edf) : null;
  }
  if (m <= points * SHORT_IN_PHASE_NOISE) return greenhallEdf(OVERLAPPING_ALLAN, alpha, m, points);
  if (points <= MODEL_POINTS) return knownPhaseNoiseEdf(alpha, m, points);
  const size = Math.min(MODEL_POINTS - 1, Math.max(1, Math.round((m * MODEL_POINTS) / points)));
  // The terms inside are worth more the more there are. Those at an end share its point however many they are: what they
  // add to the inverse depends on m over the points alone.
  const compared = Math.min(m, Math.floor(points / 3));
  const small = Math.max(1, Math.round((compared * MODEL_POINTS) / points));
  const inside = greenhallEdf(OVERLAPPING_ALLAN, alpha, compared, points) ?? 1;
  const modelled = greenhallEdf(OVERLAPPING_ALLAN, alpha, small, MODEL_POINTS) ?? 1;
  const atEnds = Math.max(0, 1 / knownPhaseNoiseEdf(alpha, size, MODEL_POINTS) - 1 / modelled);
  return 1 / (1 / inside + atEnds);
}

/** Records of up to this many points have the covariances of all their terms added up where there are gaps. */
const MOST_GAPPED = 1200;
/** So have longer ones of so few terms: what gaps cost others says little about these. */
const FEW = 64;

/**
 * The same for a series with gaps: at long averaging times from the terms that are left; else gaps cost it what they cost
 * the overlapping Allan variance, whose terms are those inside.
 */
export function totalEdfOf(series: Series, m: number, mixture: Mixture): number | null {
  const points = series.phase.length;
  const alpha = Math.max(-2, dominant(mixture));
  const edf = totalEdf(alpha, m, points);
  if (edf === null || !hasGaps(series)) return edf;
  const left = knownTerms(series, m);
  if (left.length <= FEW || (m > points * SHORT && points <= MOST_GAPPED))
    return edfAt(left, points - 1, m, mixture);
  for (let compared = Math.min(m, Math.floor(points / 3)); compared > 0; compared >>= 1) {
    const inside = edfOf(series, OVERLAPPING_ALLAN, mixture, compared);
    const whole = greenhallEdf(OVERLAPPING_ALLAN, alpha, compared, points);
    if (inside !== null && whole !== null) return edf * Math.min(1, inside / whole);
  }
  return null;
}

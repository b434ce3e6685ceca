import { logGamma } from './chi-squared.ts';
import { greenhallEdf } from './degrees-of-freedom.ts';
import {
  ALPHAS,
  differenceCovariance,
  differenceVariance,
  type Mixture,
  phaseCovariance,
} from './power-law.ts';
import { frequencyTerms, type Series, termsOf } from './series.ts';

/** How strong each power-law noise is in a record: [alpha, strength], the strength in units of `phaseCovariance`. */
export type NoiseModel = ReadonlyArray<readonly [alpha: number, strength: number]>;

/** Fewer points than this do not tell one noise from another. */
export const LEAST_POINTS = 30;
/** Terms that overlap by more than this share of m say nothing new. */
const OVERLAP = 4;
/** No real noise follows its power law better than to this many degrees of freedom. */
const MOST_EDF = 400;
/** Averaging times share what they are made of; each counts for this share of its degrees of freedom. */
const SHARED = 0.5;
/** How much the logarithm of the likelihood must gain from one more noise: false once in about 200 records. */
const WORTH_A_NOISE = 5;
const MOST_NOISES = 4;
/**
 * Frequency noise that was made by adding up steps of tau0 has up to twice the third differences of what was sampled from
 * a continuous one at m = 1, and is called the same: that level counts for so few degrees of freedom there.
 */
const MOST_EDF_AT_ONE = 20;
const STEPS = 300;

/** A mean square that tells noises apart. */
interface Level {
  readonly square: number;
  /** Degrees of freedom by the index of ALPHAS. */
  readonly edf: readonly number[];
  /** What unit noise would give, by the index of ALPHAS. */
  readonly unit: readonly number[];
}

/** How many terms of an averaging time are looked at, about. */
const TERMS = 4096;
/** Degrees of freedom of a term where only whole steps of m are correlated: 1 / (1 + 2 (15^2 + 6^2 + 1) / 20^2). */
const SHARE_OF_WHITE = 0.433;

const ALLAN = { order: 2, overlapping: true, modified: false } as const;
const HADAMARD = { order: 3, overlapping: true, modified: false } as const;

/**
 * Degrees of freedom, by the index of ALPHAS, of `n` terms that are left of `full`; without gaps, `whole(alpha)` of them
 * are independent. Terms that gaps thin out hang together less.
 */
function edfOf(n: number, full: number, whole: (alpha: number) => number | null): number[] {
  return ALPHAS.map((alpha) => {
    const independent = Math.min(whole(alpha) ?? 1, full * SHARE_OF_WHITE);
    const edf = n / (1 + (full / independent - 1) * (n / full));
    return Math.max(0.5, Math.min(MOST_EDF, edf) * SHARED);
  });
}

/** Mean square of the third differences of the phase over m steps. */
function levelAt(series: Series, m: number): Level | null {
  const points = series.phase.length;
  const stride = Math.max(1, Math.min(Math.floor(m / OVERLAP), Math.ceil(points / TERMS)));
  const { square, n } = termsOf(series, m, stride);
  if (n === 0 || square === 0) return null;
  const full = Math.ceil((points - 3 * m) / stride);
  const edf = edfOf(n, full, (alpha) => greenhallEdf(HADAMARD, alpha, m, points)).map((one, k) =>
    m === 1 && (ALPHAS[k] as number) < 0 ? Math.min(one, MOST_EDF_AT_ONE) : one,
  );
  return { square, edf, unit: ALPHAS.map((alpha) => differenceCovariance(alpha, 3, m, 0)) };
}

/**
 * Mean square of the second differences of frequencies that are `lag` steps apart. Gaps between them do not matter, so
 * they tell the noise of a frequency record whose phase is broken everywhere.
 */
function frequencyLevelAt(series: Series, lag: number): Level | null {
  const points = series.phase.length;
  const { square, n } = frequencyTerms(series, lag, 1);
  if (n === 0 || square === 0) return null;
  const covariance = (alpha: number, t: number) =>
    2 * phaseCovariance(alpha, t) - phaseCovariance(alpha, t - 1) - phaseCovariance(alpha, t + 1);
  const unit = ALPHAS.map(
    (alpha) => 6 * covariance(alpha, 0) - 8 * covariance(alpha, lag) + 2 * covariance(alpha, 2 * lag),
  );
  // Frequency of the noise alpha behaves as phase of alpha + 2.
  const edf = edfOf(n, points - 2 * lag, (alpha) => greenhallEdf(ALLAN, Math.min(2, alpha + 2), lag, points));
  return { square, edf, unit };
}

/** A fit of some noises to all averaging times together. */
interface Fit {
  /** Indices of ALPHAS. */
  readonly chosen: readonly number[];
  readonly strengths: readonly number[];
  readonly likelihood: number;
}

function modelled(level: Level, chosen: readonly number[], strengths: readonly number[]) {
  let square = 0;
  let edf = 0;
  for (const [k, index] of chosen.entries()) {
    const part = (strengths[k] as number) * (level.unit[index] as number);
    square += part;
    edf += part * (level.edf[index] as number);
  }
  return { square, edf: edf / square };
}

/** Maximum likelihood of the strengths by multiplicative steps, which keep them positive. */
function fit(levels: readonly Level[], chosen: readonly number[]): Fit {
  const strengths = chosen.map((index) => {
    const ratios = levels.map(({ square, unit }) => square / (unit[index] as number));
    return Math.min(...ratios) / chosen.length;
  });
  for (let step = 0; step < (chosen.length === 1 ? 2 : STEPS); step += 1) {
    const gains = chosen.map(() => 0);
    const losses = chosen.map(() => 0);
    for (const level of levels) {
      const { square, edf } = modelled(level, chosen, strengths);
      for (const [k, index] of chosen.entries()) {
        const unit = level.unit[index] as number;
        gains[k] = (gains[k] as number) + (edf * unit * level.square) / square ** 2;
        losses[k] = (losses[k] as number) + (edf * unit) / square;
      }
    }
    for (const k of chosen.keys())
      strengths[k] = ((strengths[k] as number) * (gains[k] as number)) / (losses[k] as number);
  }
  let likelihood = 0;
  for (const level of levels) {
    const { square, edf } = modelled(level, chosen, strengths);
    const shape = edf / 2;
    const ratio = level.square / square;
    likelihood += shape * Math.log(shape) - logGamma(shape) + shape * (Math.log(ratio) - ratio);
  }
  return { chosen, strengths, likelihood };
}

/**
 * Identifies the power-law noises of a whole record from the mean square of its third differences (the Hadamard
 * variance, blind to a frequency and to its drift) at every octave of averaging times together: the combination of
 * noises that makes them likeliest, with one noise more only where it is worth it. What lag-1 autocorrelation, B1 and
 * R(n) look at for one averaging time (NIST SP 1065, 5.5) is seen at all of them; so the noise is known at long
 * averaging times too, where few points are left.
 *
 * @returns null where fewer than 30 points are known or they do not vary.
 */
export function identifyNoises(series: Series): NoiseModel | null {
  const levels: Level[] = [];
  for (let m = 1; 3 * m < series.phase.length; m *= 2) {
    const level = levelAt(series, m);
    if (level !== null) levels.push(level);
    const frequency = series.known === null ? null : frequencyLevelAt(series, m);
    if (frequency !== null) levels.push(frequency);
  }
  if (levels.length === 0 || knownPoints(series) < LEAST_POINTS) return null;
  let best: Fit | null = null;
  for (let size = 1; size <= MOST_NOISES; size += 1) {
    const before: readonly number[] = best?.chosen ?? [];
    const candidates = [...ALPHAS.keys()]
      .filter((index) => !before.includes(index))
      .map((index) => fit(levels, [...before, index]));
    const next = candidates.reduce((a, b) => (b.likelihood > a.likelihood ? b : a));
    if (best !== null && !(next.likelihood > best.likelihood + WORTH_A_NOISE)) break;
    best = next;
  }
  return best === null
    ? null
    : best.chosen.map((index, k) => [ALPHAS[index] as number, best.strengths[k] as number]);
}

function knownPoints({ phase, known }: Series): number {
  if (known !== null) return (known.at(-1) ?? 0) + 1;
  let count = 0;
  for (const value of phase) if (!Number.isNaN(value)) count += 1;
  return count;
}

/** The share of each noise in a variance of which unit noise has `unit`. */
export function sharesOf(model: NoiseModel, unit: (alpha: number) => number): Mixture {
  const [only] = model;
  if (only !== undefined && model.length === 1) return [[only[0], 1]];
  const parts = model.map(([alpha, strength]) => [alpha, strength * unit(alpha)] as const);
  const sum = parts.reduce((total, [, part]) => total + part, 0);
  return parts.map(([alpha, part]) => [alpha, part / sum] as const);
}

/** The share that each noise has in the third differences at m, averaged over m neighbours where `modified`. */
export const mixtureAt = (model: NoiseModel, m: number, modified: boolean): Mixture =>
  sharesOf(model, (alpha) => differenceVariance(alpha, 3, m, modified));

/** The exponent with the largest share. */
export const dominant = (mixture: Mixture): number => mixture.reduce((a, b) => (b[1] > a[1] ? b : a))[0];

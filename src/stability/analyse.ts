import { type Control, quietControl } from '../clock/control.ts';
import { chiSquaredQuantile, gammaP } from './chi-squared.ts';
import type { Estimate } from './deviations.ts';
import { hasGaps } from './effective-terms.ts';
import { ESTIMATORS, type Estimator, type EstimatorName } from './estimators.ts';
import { dominant, identifyNoises, mixtureAt, type NoiseModel, sharesOf } from './noise.ts';
import type { Mixture } from './power-law.ts';
import type { Series } from './series.ts';
import { quantileOf, type Spread, trueVariance } from './strengths.ts';
import { averagingFactors, type TauChoice } from './taus.ts';

/** One estimator at one averaging time. */
export interface Statistic {
  /** Its averaging time, seconds: that of its point, but for those of the Theo1 family. */
  readonly tau: number;
  /** Null where the record has no term for it. */
  readonly value: number | null;
  /** How many terms it was taken over. */
  readonly n: number;
  /** The chi-squared interval; null where the noise was not identified, or the statistic has none (MTIE, TIE). */
  readonly low: number | null;
  readonly high: number | null;
  /** Equivalent degrees of freedom behind the interval. */
  readonly edf: number | null;
  /** How many times the variance was too large in the noise identified, which is taken out of `value`; null where nothing was. */
  readonly bias: number | null;
  /** Why there is no value, or no interval though the noise was identified. */
  readonly reason: string | null;
}

/** All estimators asked for at one averaging time. */
export interface StabilityPoint {
  /** Averaging factor: tau / tau0. */
  readonly m: number;
  /** Averaging time, seconds. */
  readonly tau: number;
  /** Exponent of the noise that is strongest here, as the whole record shows it; null where fewer than 30 points are known. */
  readonly alpha: number | null;
  readonly statistics: ReadonlyMap<EstimatorName, Statistic>;
}

/** What to compute. */
export interface AnalysisOptions {
  readonly estimators: readonly EstimatorName[];
  readonly taus: TauChoice;
  /** Of the two-sided intervals: 0.95 for 95 %. */
  readonly confidence: number;
}

/** Why a value has no interval though the noise is known. */
const NO_SPREAD = 'no interval: how far this noise spreads it is not known here';

/** Chi-squared is right to half a per cent of its 95 from this many degrees of freedom on, whatever the squares weigh. */
const FEW = 10;

const NO_INTERVAL = { low: null, high: null, edf: null } as const;

/**
 * The two-sided chi-squared interval around a deviation.
 *
 * @param shift where another correction would give `value` times this: the interval holds the truth of both as often.
 * @param truth the true variance, over that found, for which a value is below that found with probability p.
 */
export function deviationInterval(
  value: number,
  edf: number,
  confidence: number,
  shift = 1,
  truth: (p: number) => number = (p) => 1 / quantileOf(p, { edf, weights: null }),
): { low: number; high: number } {
  const tail = tailOf(edf, confidence, shift);
  const bound = (p: number) => value * Math.sqrt(truth(p));
  return { low: bound(1 - tail) * Math.min(1, shift), high: bound(tail) * Math.max(1, shift) };
}

const HALVINGS = 30;

/**
 * What is left out at each end. An interval that reaches around two values `shift` apart misses the truth of one at its own
 * end nearly alone, so that more may be left out there.
 */
function tailOf(edf: number, confidence: number, shift: number): number {
  let [low, high] = [(1 - confidence) / 2, 1 - confidence];
  if (shift === 1) return low;
  const ratio = Math.min(shift, 1 / shift) ** 2;
  for (let k = 0; k < HALVINGS; k += 1) {
    const tail = (low + high) / 2;
    const far = Math.max(
      gammaP(edf / 2, (chiSquaredQuantile(tail, edf) * ratio) / 2),
      1 - gammaP(edf / 2, chiSquaredQuantile(1 - tail, edf) / ratio / 2),
    );
    if (tail + far > 1 - confidence) high = tail;
    else low = tail;
  }
  return (low + high) / 2;
}

function reasonOf(estimator: Estimator, { n }: Estimate, m: number, series: Series): string {
  const points = series.phase.length;
  const lack = estimator.lacks?.(m, points) ?? null;
  if (lack !== null) return lack;
  const spanned = estimator.points(m);
  if (spanned > points) return `needs ${spanned} phase points; there are ${points}`;
  if (n === 0 && estimator.withGaps !== undefined && hasGaps(series)) return estimator.withGaps;
  return n === 0 ? 'the gaps leave no term' : 'passes the largest double';
}

/** What may hide at long averaging times: of the noises that have an Allan variance, the steepest. */
const RANDOM_WALK_FM = -2;

/** The share that each noise has in what an estimator finds; of noises without an Allan variance, in third differences. */
function mixtureIn(estimator: Estimator, noises: NoiseModel, m: number, points: number): Mixture {
  const { expects, modified } = estimator;
  return expects === undefined || noises.some(([alpha]) => alpha < RANDOM_WALK_FM)
    ? mixtureAt(noises, m, modified === true)
    : sharesOf(noises, (alpha) => expects(m, alpha, points));
}

/**
 * The true variance, over that found, for which a value is below that found with probability p (see `trueVariance`).
 *
 * @param all the mixture that the value has, whose degrees of freedom are `edf`.
 */
function truthOf(
  estimator: Estimator,
  series: Series,
  m: number,
  noises: NoiseModel,
  { all, value, edf }: { readonly all: Mixture; readonly value: number; readonly edf: number },
): (p: number) => number {
  const points = series.phase.length;
  const spread = (mixture: Mixture, own: number): Spread => ({
    edf: own,
    weights: own < FEW ? (estimator.weights?.(series, m, mixture) ?? null) : null,
  });
  const { expects } = estimator;
  const flatter = noises.filter(([alpha]) => alpha > RANDOM_WALK_FM);
  const hidden: Mixture = [[RANDOM_WALK_FM, 1]];
  const among = mixtureIn(estimator, flatter, m, points);
  const known =
    expects !== undefined && flatter.length > 0 && all.every(([alpha]) => alpha >= RANDOM_WALK_FM);
  const flatEdf = flatter.length === noises.length ? edf : known ? estimator.edf(series, m, among) : null;
  const steepEdf = known ? estimator.edf(series, m, hidden) : null;
  if (!known || flatEdf === null || steepEdf === null) {
    const alone = spread(all, edf);
    return (p) => 1 / quantileOf(p, alone);
  }
  const unit = estimator.unit === 's' ? m ** 2 / 3 : 1 / series.tau0 ** 2;
  const variance = flatter.reduce((sum, [alpha, strength]) => sum + strength * expects(m, alpha, points), 0);
  const strengths = {
    flat: spread(among, flatEdf),
    floor: (variance * unit) / value ** 2,
    steep: spread(hidden, steepEdf),
  };
  return (p) => trueVariance(p, strengths);
}

function statistic(
  name: EstimatorName,
  estimate: Estimate,
  series: Series,
  m: number,
  noises: NoiseModel | null,
  confidence: number,
): Statistic {
  const { n } = estimate;
  const estimator: Estimator = ESTIMATORS[name];
  const points = series.phase.length;
  const tau = (estimator.averaging?.(m, points) ?? m) * series.tau0;
  if (n === 0 || !Number.isFinite(estimate.value)) {
    return {
      tau,
      value: null,
      n,
      ...NO_INTERVAL,
      bias: null,
      reason: reasonOf(estimator, estimate, m, series),
    };
  }
  if (noises === null) return { tau, value: estimate.value, n, ...NO_INTERVAL, bias: null, reason: null };
  const mixture = mixtureAt(noises, m, estimator.modified === true);
  const bias = estimator.bias?.(series, m, mixture) ?? null;
  const value = estimate.value / Math.sqrt(bias ?? 1);
  const lack = estimator.lacksInterval?.(m) ?? null;
  const all = mixtureIn(estimator, noises, m, points);
  const edf = lack === null ? estimator.edf(series, m, all) : null;
  if (edf === null) {
    const reason = lack ?? (estimator.interval === 'none' ? null : NO_SPREAD);
    return { tau, value, n, ...NO_INTERVAL, bias, reason };
  }
  const shift = Math.sqrt((bias ?? 1) / (estimator.expectedBias?.(m, mixture) ?? bias ?? 1));
  return {
    tau,
    value,
    n,
    ...deviationInterval(
      value,
      edf,
      confidence,
      shift,
      truthOf(estimator, series, m, noises, { all, value, edf }),
    ),
    edf,
    bias,
    reason: null,
  };
}

/** The largest m for which any of `estimators` has a term in a record of `points` phase points; 0 if there is none. */
export function largestFactor(estimators: readonly EstimatorName[], points: number): number {
  let m = points;
  while (m > 0 && !estimators.some((name) => ESTIMATORS[name].points(m) <= points)) m -= 1;
  return m;
}

/**
 * Computes the estimators asked for at every averaging time asked for, shortest first.
 *
 * @param noises behind the intervals: those of this record unless they are given; null for none.
 * @returns what is done so far where `control` is cancelled.
 * @throws TscopeError USAGE where a listed tau is not a multiple of tau0.
 */
export function analyseStability(
  series: Series,
  options: AnalysisOptions,
  control: Control = quietControl,
  noises: NoiseModel | null = identifyNoises(series),
): StabilityPoint[] {
  const { estimators, confidence } = options;
  const points = series.phase.length;
  const factors = averagingFactors(options.taus, series.tau0, largestFactor(estimators, points));
  const prepared = estimators.map((name) => [name, ESTIMATORS[name].prepare(series)] as const);
  const result: StabilityPoint[] = [];
  for (const [index, m] of factors.entries()) {
    if (control.cancelled()) break;
    const alpha = noises === null ? null : dominant(mixtureAt(noises, m, false));
    const statistics = new Map(
      prepared.map(([name, estimate]) => [name, statistic(name, estimate(m), series, m, noises, confidence)]),
    );
    result.push({ m, tau: m * series.tau0, alpha, statistics });
    control.progress(index + 1, factors.length);
  }
  return result;
}

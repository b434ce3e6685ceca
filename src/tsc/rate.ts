import type { Brackets } from './bracket.ts';
import { fitRate, type RateFit } from './fit.ts';
import { endToEnd, type RateInterval, rateInterval } from './interval.ts';
import { fitLattice } from './lattice.ts';

/** What a rate rests on, best first. */
export const estimators = ['lattice', 'least-squares', 'bounds'] as const;
export type Estimator = (typeof estimators)[number];

/** The rate of a segment and its certain bounds. */
export interface Rate extends RateFit, RateInterval {
  readonly estimator: Estimator;
  /** Why that one: what the run itself showed. Without a full stop. */
  readonly estimatorReason: string;
}

/** A uniform error of width 1 has this standard deviation. */
const UNIFORM = 1 / Math.sqrt(12);

/** Brackets that no place of reading explains, above which the lattice is not how this host reads its clock. */
const MOST_MISFITS = 0.01;

/** A bend of the line that is this much more likely (difference of logarithms, about 5 standard errors) is one. */
const MOST_BEND = 15;

/** Two estimates of one rate differ by more than this many standard errors of the poorer one where one is wrong. */
const FARTHEST = 6;

/**
 * The rate of a segment and its certain bounds.
 *
 * Where one line passes through all brackets, either fit is far better than the bounds, unless the clock is so coarse
 * that its steps are the noise. A rate that wanders has only a mean, which the ends tell. In those cases anything
 * within the bounds is as likely.
 *
 * @param most brackets that the lattice is asked about; 0: it is not asked.
 * @returns null where the brackets do not allow a fit.
 */
export function rateOf(brackets: Brackets, most: number = Number.POSITIVE_INFINITY): Rate | null {
  const fit = fitRate(brackets);
  if (fit === null) return null;
  const line = rateInterval(brackets);
  const { low, high } = line ?? endToEnd(brackets);
  const middle = (low + high) / 2;
  const standardErrorRatio = (UNIFORM * (high - low)) / middle;
  const bounded = (estimatorReason: string): Rate => ({
    low,
    high,
    ticksPerNs: middle,
    standardErrorRatio,
    samples: fit.samples,
    estimator: 'bounds',
    estimatorReason,
  });
  if (line === null) return bounded('no single rate fits all brackets: the mean between the ends');
  const within = ({ ticksPerNs }: RateFit) => ticksPerNs >= low && ticksPerNs <= high;
  if (fit.standardErrorRatio > standardErrorRatio || !within(fit))
    return bounded("the clock's steps are coarser than the noise of its reads");
  const lattice = latticeOf(brackets, fit, most);
  if ('reason' in lattice || !within(lattice)) {
    const reason =
      'reason' in lattice ? lattice.reason : 'the lattice gives a rate outside the certain bounds';
    return { ...fit, low, high, estimator: 'least-squares', estimatorReason: reason };
  }
  const { ticksPerNs, samples, stepTicks, misfitRatio } = lattice;
  const misfits =
    misfitRatio === 0 ? 'every bracket explained' : `${percent(misfitRatio)} of the brackets unexplained`;
  return {
    low,
    high,
    ticksPerNs,
    standardErrorRatio: lattice.standardErrorRatio,
    samples,
    estimator: 'lattice',
    estimatorReason: `one straight line on the counter's lattice of ${stepTicks} ticks, ${misfits}`,
  };
}

const percent = (share: number): string => `${(share * 100).toPrecision(2)} %`;

/** The lattice's rate, or what in this run speaks against it. */
function latticeOf(
  brackets: Brackets,
  fit: RateFit,
  most: number,
): NonNullable<ReturnType<typeof fitLattice>> | { reason: string } {
  if (!brackets.madeFromTsc)
    return { reason: 'the clock has a counter of its own, and no lattice with the TSC' };
  if (most === 0) return { reason: 'the lattice was not asked' };
  const lattice = fitLattice(brackets, fit.ticksPerNs, most);
  if (lattice === null) return { reason: 'too few brackets to find their places on the counter lattice' };
  const { misfitRatio, bend, ticksPerNs, standardErrorRatio } = lattice;
  if (misfitRatio > MOST_MISFITS)
    return {
      reason: `the counter's lattice leaves ${percent(misfitRatio)} of the brackets unexplained`,
    };
  if (bend > MOST_BEND)
    return { reason: 'the clock bends by parts of a nanosecond, as one that the kernel steers does' };
  const apart = Math.abs(ticksPerNs / fit.ticksPerNs - 1);
  if (apart > FARTHEST * fit.standardErrorRatio)
    return { reason: `the lattice and least squares are ${(apart * 1e9).toPrecision(2)} ppb apart` };
  if (standardErrorRatio > fit.standardErrorRatio)
    return { reason: 'least squares has the smaller standard error here' };
  return lattice;
}

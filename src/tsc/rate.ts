import type { Brackets } from './bracket.ts';
import { fitCoarseLattice } from './coarse-lattice.ts';
import { fitRate, type RateFit, UNIFORM } from './fit.ts';
import { endToEnd, type RateInterval, rateInterval } from './interval.ts';
import { fitLattice, type LatticeFit } from './lattice.ts';

/** What a rate rests on, best first. */
export const estimators = ['lattice', 'least-squares', 'bounds'] as const;
export type Estimator = (typeof estimators)[number];

/** The rate of a segment and its certain bounds. */
interface Rate extends Omit<RateFit, 'bendRatio'>, RateInterval {
  readonly estimator: Estimator;
  /** Why that one: what the run itself showed. Without a full stop. */
  readonly estimatorReason: string;
}

/** Brackets that no place of reading explains, above which the lattice is not how this host reads its clock. */
const MOST_MISFITS = 0.01;

/** Stretches that lie beside the line are this much more likely (difference of logarithms) where the clock bends. */
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
  const common = { low, high, samples: fit.samples };
  const bounded = (estimatorReason: string): Rate => {
    return { ...common, ticksPerNs: middle, standardErrorRatio, estimator: 'bounds', estimatorReason };
  };
  if (line === null) return bounded('no single rate fits all brackets: the mean between the ends');
  if (fit.standardErrorRatio > standardErrorRatio || fit.ticksPerNs < low || fit.ticksPerNs > high)
    return bounded("the clock's steps are coarser than the noise of its reads");
  const lattice = latticeOf(brackets, fit, most);
  const leastSquares = (estimatorReason: string, error: number): Rate => ({
    ...common,
    ticksPerNs: fit.ticksPerNs,
    standardErrorRatio: error,
    estimator: 'least-squares',
    estimatorReason,
  });
  if (typeof lattice === 'string') return leastSquares(lattice, fit.standardErrorRatio);
  const objection = objectionTo(lattice, fit, line);
  // A clock that bends has no one rate: the mean between its ends may be as far from the line's.
  if (objection !== null) return leastSquares(objection, Math.hypot(fit.standardErrorRatio, fit.bendRatio));
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

/** The lattice's rate, or why there is none. */
function latticeOf(brackets: Brackets, { ticksPerNs }: RateFit, most: number): LatticeFit | string {
  if (!brackets.madeFromTsc) return 'the clock has a counter of its own, and no lattice with the TSC';
  if (most === 0) return 'the lattice was not asked';
  return (
    fitCoarseLattice(brackets, ticksPerNs) ??
    fitLattice(brackets, ticksPerNs, most) ??
    'too few brackets to find their places on the counter lattice'
  );
}

/** What in a run speaks against the lattice's rate, so that least squares stands; null: nothing. */
export function objectionTo(
  { misfitRatio, bend, ticksPerNs, standardErrorRatio }: LatticeFit,
  fit: RateFit,
  { low, high }: RateInterval,
): string | null {
  if (misfitRatio > MOST_MISFITS)
    return `the counter's lattice leaves ${percent(misfitRatio)} of the brackets unexplained`;
  if (bend > MOST_BEND) return 'the clock bends by parts of a nanosecond, as one that the kernel steers does';
  const apart = Math.abs(ticksPerNs / fit.ticksPerNs - 1);
  if (apart > FARTHEST * fit.standardErrorRatio)
    return `the lattice and least squares are ${(apart * 1e9).toPrecision(2)} ppb apart`;
  if (standardErrorRatio > fit.standardErrorRatio) return 'least squares has the smaller standard error here';
  if (ticksPerNs < low || ticksPerNs > high) return 'the lattice gives a rate outside the certain bounds';
  return null;
}

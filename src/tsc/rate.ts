import type { Brackets } from './bracket.ts';
import { fitRate, type RateFit } from './fit.ts';
import { endToEnd, type RateInterval, rateInterval } from './interval.ts';

/** A uniform error of width 1 has this standard deviation. */
const UNIFORM = 1 / Math.sqrt(12);

/**
 * The rate of a stretch and its certain bounds.
 *
 * Where one line passes through all brackets, the fit is far better than the bounds, unless the clock is so coarse
 * that its steps are the noise. A rate that wanders has only a mean, which the ends tell. In those cases anything
 * within the bounds is as likely.
 *
 * @returns null where the brackets do not allow a fit.
 */
export function rateOf(brackets: Brackets): (RateFit & RateInterval) | null {
  const fit = fitRate(brackets);
  if (fit === null) return null;
  const line = rateInterval(brackets);
  const { low, high } = line ?? endToEnd(brackets);
  const ticksPerNs = (low + high) / 2;
  const standardErrorRatio = (UNIFORM * (high - low)) / ticksPerNs;
  const isFitBetter =
    line !== null &&
    fit.standardErrorRatio <= standardErrorRatio &&
    fit.ticksPerNs >= low &&
    fit.ticksPerNs <= high;
  return isFitBetter
    ? { ...fit, low, high }
    : { low, high, ticksPerNs, standardErrorRatio, samples: fit.samples };
}

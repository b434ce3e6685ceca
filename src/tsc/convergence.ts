import type { CalibrateResult } from '../schema/calibrate.ts';
import { type Brackets, span } from './bracket.ts';
import { rateOf } from './rate.ts';

/** Moments of a run that are looked at, in each decade of its time. */
const PER_DECADE = 4;
/** Decades before the end; what a shorter stretch says is of no use to anyone. */
const DECADES = 4;
/** Fewer brackets than this are no fit. */
const LEAST_BRACKETS = 64;

/**
 * What the run knew of the rate as it went on: the fit to the brackets up to each of some moments, evenly spaced on a
 * logarithmic axis, the last of them its end. In the middle a run is sampled thinly, so that one that had ended there
 * would have known a little more.
 *
 * @param brackets those that the run's own rate rests on.
 * @param trueHz what to compare with: the kernel's own ratio, or, where it is not known, the rate of the whole run.
 */
export function convergenceOf(brackets: Brackets, trueHz: number): CalibrateResult['convergence'] {
  const { ns } = brackets;
  const start = ns[0] ?? 0;
  const whole = (ns.at(-1) ?? 0) - start;
  const points: CalibrateResult['convergence'] = [];
  let end = 0;
  for (let step = -PER_DECADE * DECADES; step <= 0; step++) {
    const elapsedNs = step === 0 ? whole : whole * 10 ** (step / PER_DECADE);
    const from = end;
    while (end < ns.length && (ns[end] ?? 0) - start <= elapsedNs) end++;
    if (end === from || end < LEAST_BRACKETS) continue;
    const rate = rateOf(span(brackets, 0, end));
    if (rate === null) continue;
    points.push({
      elapsedNs: (ns[end - 1] ?? 0) - start,
      offsetRatio: (rate.ticksPerNs * 1e9) / trueHz - 1,
      standardErrorRatio: rate.standardErrorRatio,
      boundRatio: (rate.high - rate.low) / 2 / rate.ticksPerNs,
    });
  }
  return points;
}

import { type Brackets, span } from './bracket.ts';
import { rateOf } from './rate.ts';
import type { CalibrateResult, Convergence } from './result.ts';

/** Moments of a run that are looked at, in each decade of its time. */
const PER_DECADE = 4;
/** Decades before the end; what a shorter run says is of no use to anyone. */
const DECADES = 4;
/** Fewer brackets than this are not fitted. */
const LEAST_BRACKETS = 64;
/** Brackets that each moment's lattice is asked about: a picture of the run is worth no more time than this. */
const LATTICE_BRACKETS = 2048;

type Whole = Pick<
  CalibrateResult,
  'tscHz' | 'tscHzLow' | 'tscHzHigh' | 'standardErrorRatio' | 'estimator' | 'kernel'
>;

/**
 * What the run knew of the rate as it went on: the fit to the brackets up to each of some moments, evenly spaced on a
 * logarithmic axis, the last of them its end. In the middle a run is sampled thinly, so that one that had ended there
 * would have known a little more.
 *
 * @param brackets those that the run's own rate rests on.
 * @param whole what they gave; offsets are from the kernel's own ratio, or, where it is not known, from this rate.
 */
export function convergenceOf(brackets: Brackets, whole: Whole): Convergence[] {
  const { ns } = brackets;
  if (ns.length < LEAST_BRACKETS) return [];
  const trueHz = whole.kernel?.hz ?? whole.tscHz;
  const start = ns[0] as number;
  const wholeNs = (ns.at(-1) as number) - start;
  const most = whole.estimator === 'lattice' ? LATTICE_BRACKETS : 0;
  const points: Convergence[] = [];
  let end = 0;
  for (let step = -PER_DECADE * DECADES; step < 0; step++) {
    const until = start + wholeNs * 10 ** (step / PER_DECADE);
    const from = end;
    while ((ns[end] as number) <= until) end++;
    if (end === from || end < LEAST_BRACKETS) continue;
    const rate = rateOf(span(brackets, 0, end), most);
    if (rate === null) continue;
    points.push({
      elapsedNs: (ns[end - 1] as number) - start,
      offsetRatio: (rate.ticksPerNs * 1e9) / trueHz - 1,
      standardErrorRatio: rate.standardErrorRatio,
      boundRatio: (rate.high - rate.low) / 2 / rate.ticksPerNs,
    });
  }
  points.push({
    elapsedNs: wholeNs,
    offsetRatio: whole.tscHz / trueHz - 1,
    standardErrorRatio: whole.standardErrorRatio,
    boundRatio: (whole.tscHzHigh - whole.tscHzLow) / 2 / whole.tscHz,
  });
  return points;
}

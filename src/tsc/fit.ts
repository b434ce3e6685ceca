import type { Brackets } from './bracket.ts';

/** The counter's rate against a clock. */
export interface RateFit {
  /** TSC ticks for each ns of the clock. */
  readonly ticksPerNs: number;
  /** One standard error of the rate, as a ratio of it; from the residuals. */
  readonly standardErrorRatio: number;
}

/** Running sums of one class of windows, about its own mean (Welford's update). */
interface WindowClass {
  count: number;
  x: number;
  y: number;
  xx: number;
  xy: number;
  yy: number;
}

/** A class with fewer brackets says nothing about its own scatter. */
const LEAST_IN_CLASS = 8;

/** Weights settle at once; three rounds are one more than any input needed. */
const ROUNDS = 3;

/**
 * Least squares of the middle of each bracket, with one slope for all and an intercept for each window length
 * (an analysis of covariance).
 *
 * Brackets of one length have gone the same way through the processor, so the clock was read at nearly the same
 * place in each: about the class mean they scatter by less than a nanosecond, while the means of neighbouring
 * classes differ by several. Classes are weighted by their scatter, never below that of the clock's own
 * rounding to 1 ns.
 *
 * @param brackets narrow ones, of one undisturbed stretch.
 * @returns null for fewer than `LEAST_IN_CLASS` brackets of any one window length, or for no time between them.
 */
export function fitRate(brackets: Brackets): RateFit | null {
  const nominal = roughTicksPerNs(brackets);
  if (nominal === null) return null;
  const classes = classesOf(brackets, nominal);
  // The clock is cut to whole ns: a uniform error of variance 1/12 ns^2.
  const floor = nominal ** 2 / 12;
  const weights = classes.map(() => 1);
  let slope = 0;
  let information = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let xy = 0;
    information = 0;
    classes.forEach((each, i) => {
      xy += (weights[i] ?? 0) * each.xy;
      information += (weights[i] ?? 0) * each.xx;
    });
    if (!(information > 0)) return null;
    slope = xy / information;
    classes.forEach((each, i) => {
      const squares = each.yy - 2 * slope * each.xy + slope * slope * each.xx;
      weights[i] = 1 / Math.max(squares / (each.count - 2), floor);
    });
  }
  const ticksPerNs = nominal + slope;
  return { ticksPerNs, standardErrorRatio: Math.sqrt(1 / information) / ticksPerNs };
}

/** End to end; good enough that what is left of the slope fits a double with room to spare. */
function roughTicksPerNs({ before, ns }: Brackets): number | null {
  const last = ns.length - 1;
  const elapsed = (ns[last] ?? 0) - (ns[0] ?? 0);
  return elapsed > 0 ? ((before[last] ?? 0) - (before[0] ?? 0)) / elapsed : null;
}

function classesOf(brackets: Brackets, nominal: number): WindowClass[] {
  const classes = new Map<number, WindowClass>();
  for (let i = 0; i < brackets.ns.length; i++) {
    const before = brackets.before[i] ?? 0;
    const after = brackets.after[i] ?? 0;
    const x = brackets.ns[i] ?? 0;
    const y = (before + after) / 2 - nominal * x;
    let each = classes.get(after - before);
    if (each === undefined) {
      each = { count: 0, x: 0, y: 0, xx: 0, xy: 0, yy: 0 };
      classes.set(after - before, each);
    }
    each.count++;
    const dx = x - each.x;
    const dy = y - each.y;
    each.x += dx / each.count;
    each.y += dy / each.count;
    each.xx += dx * (x - each.x);
    each.xy += dx * (y - each.y);
    each.yy += dy * (y - each.y);
  }
  return [...classes.values()].filter(({ count }) => count >= LEAST_IN_CLASS);
}

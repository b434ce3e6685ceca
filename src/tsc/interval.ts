import type { Brackets } from './bracket.ts';

/** Bounds of a rate in ticks for each ns. */
export interface RateInterval {
  readonly low: number;
  readonly high: number;
}

/** Rounding of the products below, as a ratio of the rate. */
const ROUNDING = 1e-15;

/**
 * Every rate at which one straight line passes through all the brackets: whatever the noise, the truth is inside.
 *
 * A line t = a + b c passes a bracket when its TSC, at some moment while the clock showed `ns` (from ns up to
 * ns + resolution), lies between `before` and `after`. So it stays above each point (ns + resolution, before) and
 * below each point (ns, after). How far it fails to, as a function of b with the best a, is convex and made of
 * straight pieces; Newton's steps from outside reach both roots exactly.
 *
 * @returns null where no line passes: the rate changed, or one of the two clocks stepped.
 */
export function rateInterval(brackets: Brackets): RateInterval | null {
  const last = brackets.ns.length - 1;
  const first = brackets.ns[0] ?? 0;
  const elapsed = (brackets.ns[last] ?? 0) - first;
  const { resolutionNs } = brackets;
  if (!(elapsed > resolutionNs)) return null;
  const most = ((brackets.after[last] ?? 0) - (brackets.before[0] ?? 0)) / (elapsed - resolutionNs);
  const least = ((brackets.before[last] ?? 0) - (brackets.after[0] ?? 0)) / (elapsed + resolutionNs);
  const high = edge(brackets, most, 1);
  const low = edge(brackets, least, -1);
  if (high === null || low === null) return null;
  return { low: low - Math.abs(low) * ROUNDING, high: high + Math.abs(high) * ROUNDING };
}

/** Moves `rate`, a bound, towards the feasible rates until it is one; `side` is 1 for the upper bound. */
function edge({ before, ns, after, resolutionNs }: Brackets, bound: number, side: 1 | -1): number | null {
  let rate = bound;
  for (;;) {
    let floor = -Infinity;
    let ceiling = Infinity;
    let under = 0;
    let over = 0;
    for (let i = 0; i < ns.length; i++) {
      const least = (before[i] ?? 0) - rate * ((ns[i] ?? 0) + resolutionNs);
      const most = (after[i] ?? 0) - rate * (ns[i] ?? 0);
      if (least > floor) {
        floor = least;
        under = i;
      }
      if (most < ceiling) {
        ceiling = most;
        over = i;
      }
    }
    if (floor <= ceiling) return rate;
    const run = (ns[over] ?? 0) - ((ns[under] ?? 0) + resolutionNs);
    if (side * run <= 0) return null;
    const next = ((after[over] ?? 0) - (before[under] ?? 0)) / run;
    // No step left to make: what remains is the rounding of the products.
    if (side * (rate - next) <= 0) return rate;
    rate = next;
  }
}

/** Brackets at either end that the narrowest is taken from. */
const END = 64;

/**
 * The mean rate between the narrowest of the first and of the last brackets, bounded by their two windows alone:
 * for a clock whose rate wanders, through which no single line passes.
 */
export function endToEnd({ before, ns, after, resolutionNs }: Brackets): RateInterval {
  const count = ns.length;
  const tail = Math.max(1, Math.min(END, Math.floor(count / 4)));
  const narrowestIn = (from: number, to: number): number => {
    let best = from;
    const window = (i: number) => (after[i] ?? 0) - (before[i] ?? 0);
    for (let i = from; i < to; i++) if (window(i) < window(best)) best = i;
    return best;
  };
  const first = narrowestIn(0, tail);
  const last = narrowestIn(Math.max(0, count - tail), count);
  const elapsed = (ns[last] ?? 0) - (ns[first] ?? 0);
  return {
    low: ((before[last] ?? 0) - (after[first] ?? 0)) / (elapsed + resolutionNs),
    high:
      elapsed > resolutionNs
        ? ((after[last] ?? 0) - (before[first] ?? 0)) / (elapsed - resolutionNs)
        : Number.POSITIVE_INFINITY,
  };
}

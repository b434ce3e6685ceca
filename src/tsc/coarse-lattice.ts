import { direction, folded } from '../circle.ts';
import { gcd } from '../host/granularity.ts';
import { type Brackets, durationOf } from './bracket.ts';
import type { LatticeFit } from './lattice.ts';

/**
 * The counter's rate where its steps are far longer than the clock's, as on a Zen (10 ns): each reading then has one
 * place on the lattice, whatever delayed it. The clock showed n ns, so the line "ticks at clock zero + rate * clock"
 * passed less than 1 ns before a multiple of the step that is known, and each bracket says on which two sides of two
 * points the line lies. The lines that satisfy all are a polygon in the plane of the phases at the two ends; within it
 * one is as likely as another, so its centre is the estimate and its extent the error, with nothing to be learned.
 */

/** Fewer readings may all lie on a coarser lattice by chance. */
const LEAST_BRACKETS = 32;

/** Steps shorter than this, ns, leave a first guess of the line unable to tell the places apart. */
const LEAST_STEP_NS = 4;

/** A double's relative rounding, which moves a phase by this share of the ticks in a run. */
const ROUNDING = 2 ** -53;

/** Fractional bits that hold a double of about 1 exactly: offsets are taken by integers, so that no run is too long. */
const BITS = 60n;

/** The step of which all differences of readings are multiples, ticks. */
function stepOf({ before, after }: Brackets): number {
  let step = 0;
  const first = before[0] as number;
  for (let i = 0; i < before.length && step !== 1; i++) {
    step = gcd(step, (before[i] as number) - first);
    step = gcd(step, (after[i] as number) - first);
  }
  return step;
}

/** Phases of a line at the start and at the end of the run, ticks. */
type Point = readonly [start: number, end: number];

/** The part of a convex polygon where (1 - share) * start + share * end lies on one side of `limit` (Sutherland, Hodgman). */
function cut(polygon: readonly Point[], share: number, limit: number, side: 1 | -1): readonly Point[] {
  const beyond = ([start, end]: Point): number => side * (start + share * (end - start) - limit);
  if (polygon.every((point) => beyond(point) <= 0)) return polygon;
  const kept: Point[] = [];
  for (const [i, a] of polygon.entries()) {
    const b = polygon[(i + 1) % polygon.length] as Point;
    const [from, to] = [beyond(a), beyond(b)];
    if (from <= 0) kept.push(a);
    if ((from < 0 && to > 0) || (from > 0 && to < 0)) {
      const at = from / (from - to);
      kept.push([a[0] + at * (b[0] - a[0]), a[1] + at * (b[1] - a[1])]);
    }
  }
  return kept;
}

/** Mean and standard deviation of end - start over a polygon's area; null where it has none. */
function spread(polygon: readonly Point[]): { readonly mean: number; readonly sigma: number } | null {
  const [origin, ...others] = polygon;
  if (origin === undefined) return null;
  const rise = ([start, end]: Point) => end - origin[1] - (start - origin[0]);
  let [area, first, second] = [0, 0, 0];
  for (let i = 1; i < others.length; i++) {
    const [a, b] = [others[i - 1] as Point, others[i] as Point];
    const size = (a[0] - origin[0]) * (b[1] - origin[1]) - (b[0] - origin[0]) * (a[1] - origin[1]);
    const [p, q] = [rise(a), rise(b)];
    area += size;
    first += (size * (p + q)) / 3;
    second += (size * (p * p + q * q + p * q)) / 6;
  }
  if (!(area > 0)) return null;
  const mean = first / area;
  return {
    mean: mean + origin[1] - origin[0],
    sigma: Math.sqrt(Math.max(0, second / area - mean * mean)),
  };
}

/**
 * @param brackets narrow ones, of one undisturbed segment, of a clock with steps of 1 ns that is made from the counter.
 * @param ticksPerNs the rate, to a fraction of a ns over the run: least squares'.
 * @returns null where the counter's steps are too short for it, or no straight line satisfies every bracket.
 */
export function fitCoarseLattice(brackets: Brackets, ticksPerNs: number): LatticeFit | null {
  const { before, ns } = brackets;
  const count = before.length;
  const spanNs = durationOf(brackets);
  if (count < LEAST_BRACKETS || !(spanNs > 0)) return null;
  const step = stepOf(brackets);
  if (step < LEAST_STEP_NS * ticksPerNs) return null;
  const rate = BigInt(Math.round(ticksPerNs * 2 ** Number(BITS)));
  const lattice = BigInt(step) << BITS;
  // Where the clock's ns ends, on the lattice: the line passed here or less than 1 ns earlier.
  const offset = before.map((ticks, i) => {
    const exact = ((BigInt(ticks) << BITS) - rate * BigInt((ns[i] as number) - (ns[0] as number))) % lattice;
    return Number(exact) / 2 ** Number(BITS);
  });
  const middle = direction(offset, step).mean;
  let polygon: readonly Point[] = [
    [-step / 2, -step / 2],
    [step / 2, -step / 2],
    [step / 2, step / 2],
    [-step / 2, step / 2],
  ];
  for (let i = 0; i < count; i++) {
    const share = ((ns[i] as number) - (ns[0] as number)) / spanNs;
    const latest = folded((offset[i] as number) - middle, step);
    polygon = cut(cut(polygon, share, latest, 1), share, latest - ticksPerNs, -1);
    if (polygon.length < 3) return null;
  }
  const found = spread(polygon);
  if (found === null) return null;
  const fitted = ticksPerNs + found.mean / spanNs;
  return {
    ticksPerNs: fitted,
    standardErrorRatio: Math.hypot(found.sigma / spanNs / fitted, ROUNDING),
    samples: count,
    stepTicks: step,
    misfitRatio: 0,
    bend: 0,
  };
}

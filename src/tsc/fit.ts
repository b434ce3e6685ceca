import { mean } from '../statistics.ts';
import { type Brackets, durationOf, endToEndRate } from './bracket.ts';
import { classesOf, trimmed, type WindowClass } from './window-classes.ts';

/** The counter's rate against a clock. */
export interface RateFit {
  /** TSC ticks for each ns of the clock. */
  readonly ticksPerNs: number;
  /** One standard error of the rate, as a ratio of it; from the residuals. */
  readonly standardErrorRatio: number;
  /** Brackets that the rate rests on. */
  readonly samples: number;
  /** How far the stretch of the run that is farthest from the line lies from it, as a ratio of the run. */
  readonly bendRatio: number;
}

/** A uniform error of width 1 has this standard deviation: the clock is cut to whole ns, for one. */
export const UNIFORM = 1 / Math.sqrt(12);

/**
 * How often in a run the way of reading is taken to change. Within a window that leaves room for it the clock may be
 * read earlier or later for thousands of brackets on end, so that an error there does not shrink with their number.
 */
const CHANGES = 16;

/**
 * Brackets that one end of a run is worth at most. Where in the window the clock is read wanders together over bursts
 * of milliseconds, so that averaging more of them within an end does not help (src/tsc/README.md).
 */
const END_WORTH = 300;

/** Batches in a stretch: their mean is held to some hundredths of a ns, and follows a clock that bends. */
const STRETCH = 16;

/** Weights settle at once; three rounds are one more than any input needed. */
const ROUNDS = 3;

/**
 * Least squares of the middle of each bracket, with one slope for all and an intercept for each window length
 * (an analysis of covariance), after trimming each class once.
 *
 * About its class mean a bracket scatters by less than a nanosecond, while the means of neighbouring classes
 * differ by several: one intercept for all would turn a change in their mixture into a change of rate.
 *
 * @param brackets narrow ones, of one undisturbed stretch.
 * @returns null where no window length occurs often enough, or no time passed.
 */
export function fitRate(brackets: Brackets): RateFit | null {
  // Good enough that what is left of the slope fits a double with room to spare.
  const nominal = endToEndRate(brackets);
  if (nominal === null) return null;
  const found = trimmedSlope((slope) => classesOf(brackets, nominal + slope), nominal * UNIFORM);
  if (found === null) return null;
  const ticksPerNs = nominal + found.slope;
  const elapsed = durationOf(brackets);
  const floor = (found.sigma * Math.sqrt(2 / END_WORTH)) / elapsed;
  return {
    ticksPerNs,
    standardErrorRatio: Math.max(found.standardError, floor) / ticksPerNs,
    samples: found.classes.reduce((sum, { x }) => sum + x.length, 0),
    bendRatio: farthest(found) / elapsed / ticksPerNs,
  };
}

/** One slope for all classes, and what it was found from. */
interface ClassSlope extends CommonSlope {
  /** Trimmed, relative to a line of nearly that slope. */
  readonly classes: readonly WindowClass[];
  /** The slope that is left in them. */
  readonly left: number;
}

/**
 * The slope that all classes share, with an intercept for each, after trimming each class once.
 *
 * @param classesAt the classes relative to a line of this slope.
 * @param leastSigma standard deviation that the clock's rounding alone causes.
 */
export function trimmedSlope(
  classesAt: (slope: number) => WindowClass[],
  leastSigma: number,
): ClassSlope | null {
  const rough = commonSlope(classesAt(0), leastSigma);
  if (rough === null) return null;
  const classes = classesAt(rough.slope).map((each) => trimmed(each, leastSigma));
  const fine = commonSlope(classes, leastSigma);
  if (fine === null) return null;
  return { ...fine, slope: rough.slope + fine.slope, classes, left: fine.slope };
}

/** What is left of each bracket about the line of its own class, and the batch that it is of. */
export function residualsOf({
  classes,
  left,
}: ClassSlope): { readonly batch: number; readonly left: number }[] {
  return classes.flatMap(({ x, y, batch }) => {
    const [meanX, meanY] = [mean(x), mean(y)];
    return Array.from(batch, (of, i) => ({
      batch: of,
      left: (y[i] ?? 0) - meanY - left * ((x[i] ?? 0) - meanX),
    }));
  });
}

/** How far from the line the stretch lies that is farthest from it, ticks: the mean of what is left of it. */
function farthest(found: ClassSlope): number {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const { batch, left } of residualsOf(found)) {
    const key = Math.floor(batch / STRETCH);
    const stretch = sums.get(key) ?? { sum: 0, count: 0 };
    stretch.sum += left;
    stretch.count += 1;
    sums.set(key, stretch);
  }
  return Math.max(...[...sums.values()].map(({ sum, count }) => Math.abs(sum / count)));
}

/** A class about its own mean. */
interface Moments {
  /** Variance that all brackets of the class may share, ticks^2. */
  readonly shared: number;
  readonly count: number;
  readonly meanX: number;
  readonly meanY: number;
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
}

function momentsOf({ room, x, y }: WindowClass): Moments {
  const meanX = mean(x);
  const meanY = mean(y);
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i++) {
    const dx = (x[i] ?? 0) - meanX;
    const dy = (y[i] ?? 0) - meanY;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  return { shared: (room * UNIFORM) ** 2, count: x.length, meanX, meanY, xx, xy, yy };
}

/** One slope for all classes. */
interface CommonSlope {
  readonly slope: number;
  readonly standardError: number;
  /** Standard deviation of a bracket about the line of its class, ticks. */
  readonly sigma: number;
}

/** One slope for all classes, each weighted by the inverse of its variance. */
function commonSlope(classes: readonly WindowClass[], leastSigma: number): CommonSlope | null {
  const moments = classes.map(momentsOf);
  let weights = moments.map(() => 1);
  let squares = 0;
  let slope = 0;
  let information = 0;
  for (let round = 0; round < ROUNDS; round++) {
    information = moments.reduce((sum, { xx }, i) => sum + (weights[i] ?? 0) * xx, 0);
    if (!(information > 0)) return null;
    const fitted = moments.reduce((sum, { xy }, i) => sum + (weights[i] ?? 0) * xy, 0) / information;
    slope = fitted;
    squares = 0;
    weights = moments.map(({ shared, count, xx, xy, yy }) => {
      const own = yy - 2 * fitted * xy + fitted * fitted * xx;
      squares += own;
      const variance = Math.max(own / Math.max(1, count - 2), leastSigma ** 2);
      return 1 / (variance + (shared * count) / CHANGES);
    });
  }
  const white = Math.sqrt(1 / information);
  const clustered = clusteredScore(classes, moments, weights, slope) / information;
  const count = moments.reduce((sum, moment) => sum + moment.count, 0);
  return { slope, standardError: Math.max(white, clustered), sigma: Math.sqrt(squares / count) };
}

/**
 * Root of the sum of each batch's score squared: what disturbs one bracket of a batch disturbs its neighbours,
 * so a batch counts as one observation (the cluster-robust, or sandwich, estimate).
 */
function clusteredScore(
  classes: readonly WindowClass[],
  moments: readonly Moments[],
  weights: readonly number[],
  slope: number,
): number {
  const scores = new Map<number, number>();
  classes.forEach(({ x, y, batch }, c) => {
    const { meanX, meanY } = moments[c] ?? { meanX: 0, meanY: 0 };
    for (let i = 0; i < x.length; i++) {
      const dx = (x[i] ?? 0) - meanX;
      const residual = (y[i] ?? 0) - meanY - slope * dx;
      const key = batch[i] ?? 0;
      scores.set(key, (scores.get(key) ?? 0) + (weights[c] ?? 0) * dx * residual);
    }
  });
  return Math.sqrt([...scores.values()].reduce((sum, score) => sum + score * score, 0));
}

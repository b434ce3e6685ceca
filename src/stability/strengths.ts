import { chiSquaredQuantile } from './chi-squared.ts';
import { type Squares, squaresOf, squaresQuantile } from './few-degrees.ts';

/**
 * An interval over the strengths of the noises too. How much of the steepest noise there is at a long averaging time is told
 * by little more than the value itself: where that comes out low by chance, so does this noise, and the degrees of freedom
 * come out high. So each end is the true variance that would give so extreme a value in so few records (Neyman 1937), and
 * has the noises that it would be made of: up to what the flatter noises give, which short averaging times tell, them alone;
 * what it has more is laid on the steep one.
 */

/** How far one noise, or a mixture in fixed shares, spreads a variance. */
export interface Spread {
  readonly edf: number;
  /** Of the squares behind it, where they are few. */
  readonly weights: readonly number[] | null;
}

/** What the true variance may be made of. */
export interface Strengths {
  readonly flat: Spread;
  /** The variance of the flatter noises, over that found. */
  readonly floor: number;
  readonly steep: Spread;
}

const squaresIn = ({ edf, weights }: Spread): Squares[] =>
  weights === null ? [[1, edf]] : squaresOf(weights, edf);

/** A quantile of a variance found, over the true one. */
export const quantileOf = (p: number, spread: Spread): number =>
  spread.weights === null
    ? chiSquaredQuantile(p, spread.edf) / spread.edf
    : squaresQuantile(p, squaresIn(spread));

/**
 * The same with a share of the steep noise. What it and the flatter ones give together, twice the product of the two, spreads
 * the value about as the flatter ones do.
 */
function mixedQuantile(p: number, { flat, steep }: Strengths, share: number): number {
  const squares: Squares[] = squaresIn(steep).map(([weight, degrees]) => [share * weight, degrees]);
  const kept = (1 - share) / (1 + share);
  if (share < 1)
    for (const [weight, degrees] of squaresIn(flat)) squares.push([(1 - share) * weight, degrees * kept]);
  return squaresQuantile(p, squares);
}

/** Ends are known to this share. */
const CLOSE = 1e-4;

/** The true variance, over that found, for which a value is below that found with probability p. */
export function trueVariance(p: number, strengths: Strengths): number {
  const { flat, floor } = strengths;
  const alone = 1 / quantileOf(p, flat);
  // Without end there is nothing to look for.
  if (!(floor > 0 && floor < alone && Number.isFinite(alone))) return alone;
  /** By the logarithm of a truth, that of what would be found with probability p. */
  const found = (truth: number): number =>
    truth + Math.log(mixedQuantile(p, strengths, Math.max(0, 1 - floor / Math.exp(truth))));
  // Secants (Illinois): what would be found grows about as the truth does.
  let [low, high] = [Math.log(Math.max(floor, alone / 4)), Math.log(alone)];
  let [below, above] = [found(low), found(high)];
  const least = Math.log(floor);
  while (below > 0) {
    // Nothing less is possible: the floor is within what the saddlepoint is off of the flatter noises alone.
    if (low <= least) return alone;
    [high, above] = [low, below];
    low = Math.max(least, low - 1);
    below = found(low);
  }
  while (above < 0) {
    [low, below] = [high, above];
    high += 1;
    above = found(high);
  }
  for (let side = 0; high - low > CLOSE && above - below > CLOSE; ) {
    const truth = low - (below * (high - low)) / (above - below);
    const here = found(truth);
    if (Math.abs(here) < CLOSE) return Math.exp(truth);
    if (here < 0) {
      [low, below] = [truth, here];
      if (side === -1) above /= 2;
      side = -1;
    } else {
      [high, above] = [truth, here];
      if (side === 1) below /= 2;
      side = 1;
    }
  }
  return Math.exp((low + high) / 2);
}

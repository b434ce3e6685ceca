/** Power-law noises by the exponent alpha of S_y(f) = h f^alpha. */
export const NOISE_NAMES: Readonly<Record<number, string>> = {
  2: 'white PM',
  1: 'flicker PM',
  0: 'white FM',
  [-1]: 'flicker FM',
  [-2]: 'random walk FM',
  [-3]: 'flicker walk FM',
  [-4]: 'random run FM',
};

/** Shares of noises, adding to 1: [alpha, share]. */
export type Mixture = ReadonlyArray<readonly [alpha: number, share: number]>;

/** All exponents, from the flattest phase to the steepest. */
export const ALPHAS = [2, 1, 0, -1, -2, -3, -4] as const;

/** psi(t + 1/2), the digamma function at half-integers, by recurrence up to 8 and its asymptotic series from there. */
function digammaHalf(t: number): number {
  let x = t + 0.5;
  let below = 0;
  for (; x < 8; x += 1) below += 1 / x;
  const square = 1 / (x * x);
  return Math.log(x) - 0.5 / x - square * (1 / 12 - square * (1 / 120 - square / 252)) - below;
}

/**
 * Generalised covariance of phase sampled once a step, at a distance of `lag` steps, up to a factor: its sums with the
 * weights of a difference of sufficient order are covariances of that difference. White and flicker PM are those of
 * discrete noise (Kasdin 1995, where flicker's autocovariance tends to -psi(t + 1/2)); the others are of continuous
 * frequency noise (Greenhall and Riley 2003).
 */
export function phaseCovariance(alpha: number, lag: number): number {
  const t = Math.abs(lag);
  if (alpha === 2) return t === 0 ? 1 : 0;
  if (alpha === 1) return -digammaHalf(t);
  if (alpha === 0) return -t;
  if (alpha === -2) return t ** 3;
  if (alpha === -4) return -(t ** 5);
  if (t === 0) return 0;
  return alpha === -1 ? t * t * Math.log(t) : -(t ** 4) * Math.log(t);
}

/** Weights of the autocovariance of a difference of order 2 and 3, at 0, 1, 2 ... steps of m: binomial, of the squared operator. */
export const WEIGHTS = { 2: [6, -4, 1], 3: [20, -15, 6, -1] } as const;

/** The autocovariance of the phase differences of `order` over m steps, `lag` steps apart, for unit noise. */
export function differenceCovariance(alpha: number, order: 2 | 3, m: number, lag: number): number {
  let sum = 0;
  for (const [k, weight] of WEIGHTS[order].entries()) {
    const there = phaseCovariance(alpha, lag + k * m);
    sum += weight * (k === 0 ? there : there + phaseCovariance(alpha, lag - k * m));
  }
  return sum;
}

/** Beyond this averaging factor the average of differences follows its power of m. */
const SCALES_FROM = 64;

/** The variance of a difference of unit noise over m steps, averaged over m neighbours where `modified`. */
export function differenceVariance(alpha: number, order: 2 | 3, m: number, modified: boolean): number {
  if (!modified) return differenceCovariance(alpha, order, m, 0);
  const size = Math.min(m, SCALES_FROM);
  let sum = differenceCovariance(alpha, order, size, 0) * size;
  for (let lag = 1; lag < size; lag += 1)
    sum += 2 * (size - lag) * differenceCovariance(alpha, order, size, lag);
  return (sum / size ** 2) * (m / size) ** (1 - alpha);
}

/** A function of the distance of two points, computed once for each. */
export function oncePerLag(of: (lag: number) => number): (lag: number) => number {
  const found: number[] = [];
  return (lag) => {
    found[lag] ??= of(lag);
    return found[lag];
  };
}

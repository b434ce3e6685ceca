import { type Estimate, oadev } from './deviations.ts';
import { hasGaps, spanEdf } from './effective-terms.ts';
import type { Mixture } from './power-law.ts';
import type { Series } from './series.ts';
import { MOST_LOOKS, spanDeviation, THEO1 } from './spans.ts';

/** Theo1's averaging time is this share of what it spans. */
export const THEO1_SHARE = 0.75;
/** Theo1 is defined for even m from here. */
const LEAST = 10;

/** Why there is no TheoBR, nor TheoH where it is one, in a record with gaps. */
export const NO_BIAS = 'with gaps its bias cannot be taken out; theo1 has a value where a term is whole';

/** Why Theo1 does not exist at m; null where it does. */
export const theo1Lacks = (m: number): string | null =>
  m >= LEAST && m % 2 === 0 ? null : `is defined for even m from ${LEAST}`;

const NONE: Estimate = { value: Number.NaN, n: 0 };

/** Theo1 deviation at an averaging time of 0.75 m tau0 (NIST SP 1065, 5.2.15), its bias included. */
export const theo1 = (series: Series, m: number): Estimate =>
  theo1Lacks(m) === null ? spanDeviation(series, THEO1, m) : NONE;

/** Records of up to this many points take the ratio at all averaging times, longer ones at 64 of them. */
const ALL_RATIOS = 2500;
const MOST_RATIOS = 64;

/**
 * Allan over Theo1 variance, the mean over averaging times up to half the record (NIST SP 1065, 5.2.16): what takes
 * Theo1's bias out whatever the noise.
 */
function biasOf(series: Series): number {
  const last = Math.floor(series.phase.length / 6 - 3);
  const stride = series.phase.length <= ALL_RATIOS ? 1 : Math.ceil((last + 1) / MOST_RATIOS);
  let sum = 0;
  let n = 0;
  for (let i = 0; i <= last; i += stride) {
    const short = oadev(series, 9 + 3 * i);
    const long = spanDeviation(series, THEO1, 12 + 4 * i, MOST_LOOKS / MOST_RATIOS);
    const ratio = (short.value / long.value) ** 2;
    if (!(ratio > 0 && Number.isFinite(ratio))) continue;
    sum += ratio;
    n += 1;
  }
  return sum / n;
}

/**
 * TheoBR: Theo1 with its bias taken out, at 0.75 m tau0. None where no averaging time tells the bias, nor with gaps, which
 * leave the long ones out of it.
 */
export function theobrOf(series: Series): (m: number) => Estimate {
  let root: number | null = null;
  return (m) => {
    const { value, n } = theo1(series, m);
    if (n === 0 || hasGaps(series)) return NONE;
    root ??= Math.sqrt(biasOf(series));
    return Number.isNaN(root) ? NONE : { value: value * root, n };
  };
}

/**
 * What the bias that each record tells of itself adds to the inverse of Theo1's degrees of freedom, by alpha: at 0 and how it
 * grows with m over the points; nothing is published. Simulated: 1000 records of 512 points, averaging times of 0.02 to 0.98
 * of the record. It hardly changes with the length of the record.
 */
const BIAS: Readonly<Record<number, readonly [atZero: number, grows: number]>> = {
  1: [0.0108, 0.022],
  0: [0.038, 0.09],
  [-1]: [0.037, 0.05],
  [-2]: [0.033, 0.1],
};
/** In white PM the bias is known better the longer the record, as Theo1 is: a share of Theo1's own. */
const BIAS_OF_WHITE_PHASE = 0.2;

/** Degrees of freedom of TheoBR in this noise. */
export function theobrEdf(series: Series, m: number, mixture: Mixture): number | null {
  const edf = spanEdf(series, THEO1, mixture, m);
  if (edf === null) return null;
  const ofBias = mixture.reduce((sum, [alpha, share]) => {
    const [atZero, grows] = BIAS[Math.max(-2, alpha)] ?? [BIAS_OF_WHITE_PHASE / edf, 0];
    return sum + share * (atZero + (grows * m) / series.phase.length);
  }, 0);
  return 1 / (1 / edf + ofBias);
}

/** Whether TheoH is the Allan deviation at m: up to a tenth of the record. */
export const theohIsAllan = (m: number, points: number): boolean => m <= (points - 1) / 10;

/** TheoH (NIST SP 1065, 5.2.17): the overlapping Allan deviation up to a tenth of the record, TheoBR beyond. */
export function theohOf(series: Series): (m: number) => Estimate {
  const theobr = theobrOf(series);
  return (m) => (theohIsAllan(m, series.phase.length) ? oadev(series, m) : theobr(m));
}

import { differenceVariance, type Mixture } from './power-law.ts';
import type { Series } from './series.ts';
import { HADAMARD_TOTAL, MODIFIED_TOTAL, type Span, spanExpectation } from './spans.ts';

/** How many times the total variances of subsequences are what they stand for, in a mixture of noises. */

/** Modified total over modified Allan variance, by alpha (NIST SP 1065, 5.4.3; Howe and Vernotte 1999). */
const MODIFIED: Readonly<Record<number, number>> = { 2: 0.94, 1: 0.83, 0: 0.73, [-1]: 0.7, [-2]: 0.69 };

/** Hadamard total over Hadamard variance, by alpha (NIST SP 1065, 5.4.4). */
const HADAMARD: Readonly<Record<number, number>> = {
  0: 0.995,
  [-1]: 0.851,
  [-2]: 0.771,
  [-3]: 0.717,
  [-4]: 0.679,
};

/** Each noise's bias by its share: one more noise changes the value by what it weighs, and not at once. */
const mean = (mixture: Mixture, of: (alpha: number) => number): number =>
  mixture.reduce((sum, [alpha, share]) => sum + share * of(alpha), 0);

/** The bias from the expectation of a term; beyond what the span's model reaches it no longer changes. */
function expected(span: Span, alpha: number, m: number, order: 2 | 3, modified: boolean): number {
  const size = Math.min(m, span.modelled);
  const stands = differenceVariance(alpha, order, size, modified) / (order === 2 ? 2 : 6);
  return spanExpectation(span, size, alpha) / stands;
}

/** As published: one number for all averaging times. */
export const modifiedTotalBias = (_series: Series, _m: number, mixture: Mixture): number =>
  mean(mixture, (alpha) => MODIFIED[Math.max(-2, alpha)] as number);

/** What it is: at m = 1 a half whatever the noise, at m = 2 up to 12 % of the variance from the number published, 7 % from m = 3 on and 6 % from 8. */
export const modifiedTotalExpectation = (m: number, mixture: Mixture): number =>
  mean(mixture, (alpha) => expected(MODIFIED_TOTAL, Math.max(-2, alpha), m, 2, true));

/** As published; in phase noise, for which nothing is, from the expectation. At m = 1 nothing is reflected. */
export const hadamardTotalBias = (_series: Series, m: number, mixture: Mixture): number =>
  m === 1 ? 1 : mean(mixture, (alpha) => HADAMARD[alpha] ?? expected(HADAMARD_TOTAL, alpha, m, 3, false));

/** What it is: 6 % of the variance from the number published at m = 3 and 2 % at m = 5 in white FM, else hardly different. */
export const hadamardTotalExpectation = (m: number, mixture: Mixture): number =>
  mean(mixture, (alpha) => expected(HADAMARD_TOTAL, alpha, m, 3, false));

import { dominant } from './noise.ts';
import { hadamardVariance, type Mixture } from './power-law.ts';
import type { Series } from './series.ts';
import { HADAMARD_TOTAL, spanExpectation } from './spans.ts';

/** How many times the total variances of subsequences are what they stand for, in the noise that is strongest. */

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

/**
 * As published, one number for all averaging times. What it leaves: at m = 1 half the modified Allan variance over this
 * number; from m = 4 on at most 3 % of the deviation.
 */
export const modifiedTotalBias = (_series: Series, _m: number, mixture: Mixture): number =>
  MODIFIED[Math.max(-2, dominant(mixture))] as number;

/** As published; in phase noise, for which nothing is, from the expectation. At m = 1 nothing is reflected. */
export function hadamardTotalBias(_series: Series, m: number, mixture: Mixture): number {
  if (m === 1) return 1;
  const alpha = dominant(mixture);
  const size = Math.min(m, HADAMARD_TOTAL.modelled);
  return (
    HADAMARD[alpha] ??
    (6 * spanExpectation(HADAMARD_TOTAL, size, alpha)) / hadamardVariance(alpha, size, false)
  );
}

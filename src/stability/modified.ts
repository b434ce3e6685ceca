import type { Estimate } from './deviations.ts';
import { type Series, secondDifference } from './series.ts';

/**
 * Modified Allan deviation (NIST SP 1065, 5.2.5): the second difference is averaged over m neighbouring points before
 * it is squared. With gaps, an average counts where at least half of its differences are known.
 */
export function mdev(series: Series, m: number): Estimate {
  const terms = series.phase.length - 2 * m;
  let sum = 0;
  let lost = 0;
  let known = 0;
  const add = (difference: number, sign: 1 | -1) => {
    if (Number.isNaN(difference)) return;
    // Compensated (Kahan), since terms enter and leave a million times.
    const change = sign * difference - lost;
    const next = sum + change;
    lost = next - sum - change;
    sum = next;
    known += sign;
  };
  let squares = 0;
  let n = 0;
  for (let i = 0; i < terms; i += 1) {
    add(secondDifference(series, i, m), 1);
    if (i >= m) add(secondDifference(series, i - m, m), -1);
    if (i < m - 1 || 2 * known < m) continue;
    const mean = sum / known;
    squares += mean * mean;
    n += 1;
  }
  return { value: Math.sqrt(squares / (2 * n)) / (m * series.tau0), n };
}

/** Time deviation in seconds (NIST SP 1065, 5.2.6): tau MDEV / sqrt 3. */
export function tdev(series: Series, m: number): Estimate {
  const { value, n } = mdev(series, m);
  return { value: (value * m * series.tau0) / Math.sqrt(3), n };
}

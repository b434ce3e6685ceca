import type { Estimate } from './deviations.ts';
import { differences, type Series } from './series.ts';

/** Whether `known` of m differences stand for all: at most 1.6 % too large. */
export const nearlyAll = (known: number, m: number): boolean => 32 * known >= 31 * m;

/**
 * Modified Allan deviation (NIST SP 1065, 5.2.5): the second difference is averaged over m neighbouring points before
 * it is squared. With gaps, an average counts where nearly all of its differences are known: white PM, averaged over a share
 * s of them, is too large by 1 / sqrt(s).
 */
export function mdev(series: Series, m: number): Estimate {
  const values = differences(series, m, 2);
  let sum = 0;
  let lost = 0;
  let known = 0;
  let squares = 0;
  let n = 0;
  for (let i = 0; i < values.length; i += 1) {
    const enters = values[i] as number;
    const leaves = i < m ? Number.NaN : (values[i - m] as number);
    // Compensated (Kahan), since terms enter and leave a million times.
    let change = -lost;
    if (!Number.isNaN(enters)) {
      change += enters;
      known += 1;
    }
    if (!Number.isNaN(leaves)) {
      change -= leaves;
      known -= 1;
    }
    const next = sum + change;
    lost = next - sum - change;
    sum = next;
    if (i < m - 1 || !nearlyAll(known, m)) continue;
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

import { differences, type Series } from './series.ts';

/** One statistic at one averaging time. */
export interface Estimate {
  /** NaN where n is 0. */
  readonly value: number;
  /** How many terms the average (or the maximum) was taken over; gaps leave terms out. */
  readonly n: number;
}

/** The root of the mean square of every `stride`-th difference of the phase, over `scale` tau^2. */
function rootMeanSquare(series: Series, m: number, stride: number, order: 2 | 3, scale: number): Estimate {
  const values = differences(series, m, order);
  let sum = 0;
  let n = 0;
  for (let i = 0; i < values.length; i += stride) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    sum += value * value;
    n += 1;
  }
  return { value: Math.sqrt(sum / (scale * n)) / (m * series.tau0), n };
}

/** Allan deviation at tau = m tau0, from differences that do not overlap (NIST SP 1065, 5.2.1). */
export const adev = (series: Series, m: number): Estimate => rootMeanSquare(series, m, m, 2, 2);

/** Overlapping Allan deviation (NIST SP 1065, 5.2.4). */
export const oadev = (series: Series, m: number): Estimate => rootMeanSquare(series, m, 1, 2, 2);

/** Hadamard deviation (NIST SP 1065, 5.2.9): blind to linear drift. */
export const hdev = (series: Series, m: number): Estimate => rootMeanSquare(series, m, m, 3, 6);

/** Overlapping Hadamard deviation (NIST SP 1065, 5.2.10). */
export const ohdev = (series: Series, m: number): Estimate => rootMeanSquare(series, m, 1, 3, 6);

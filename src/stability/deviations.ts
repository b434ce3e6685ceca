import { type Series, secondDifference, thirdDifference } from './series.ts';

/** One statistic at one averaging time. */
export interface Estimate {
  /** NaN where n is 0. */
  readonly value: number;
  /** How many terms the average (or the maximum) was taken over; gaps leave terms out. */
  readonly n: number;
}

type Difference = (series: Series, i: number, m: number) => number;

/**
 * The root of the mean square of `difference` at every `stride`-th point, over `scale` tau^2.
 *
 * @param span how many averaging times one difference covers.
 */
function rootMeanSquare(
  series: Series,
  m: number,
  stride: number,
  difference: Difference,
  span: number,
  scale: number,
): Estimate {
  const end = series.phase.length - span * m;
  let sum = 0;
  let n = 0;
  for (let i = 0; i < end; i += stride) {
    const value = difference(series, i, m);
    if (Number.isNaN(value)) continue;
    sum += value * value;
    n += 1;
  }
  return { value: Math.sqrt(sum / (scale * n)) / (m * series.tau0), n };
}

/** Allan deviation at tau = m tau0, from differences that do not overlap (NIST SP 1065, 5.2.1). */
export const adev = (series: Series, m: number): Estimate =>
  rootMeanSquare(series, m, m, secondDifference, 2, 2);

/** Overlapping Allan deviation (NIST SP 1065, 5.2.4). */
export const oadev = (series: Series, m: number): Estimate =>
  rootMeanSquare(series, m, 1, secondDifference, 2, 2);

/** Hadamard deviation (NIST SP 1065, 5.2.9): blind to linear drift. */
export const hdev = (series: Series, m: number): Estimate =>
  rootMeanSquare(series, m, m, thirdDifference, 3, 6);

/** Overlapping Hadamard deviation (NIST SP 1065, 5.2.10). */
export const ohdev = (series: Series, m: number): Estimate =>
  rootMeanSquare(series, m, 1, thirdDifference, 3, 6);

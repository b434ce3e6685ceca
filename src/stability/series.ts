import { compensatedSum } from './sum.ts';

/**
 * A record on a regular grid, ready for every statistic of this folder: phase points x[0..N-1], one each tau0.
 * A gap is a NaN in `phase` (phase data), or a step of `known` that stays where it was (frequency data).
 */
export interface Series {
  /** Seconds between neighbouring points. */
  readonly tau0: number;
  /** Phase in seconds. From frequency data: integrated from 0, less `slope` times the index. */
  readonly phase: Float64Array;
  /** Phase in seconds by which each step grew before it was taken out; 0 for phase data. */
  readonly slope: number;
  /** known[i]: how many of the first i frequency values are known. Null where none is missing. */
  readonly known: Int32Array | null;
}

/** Without the gaps at both ends, which say nothing and would spoil what is reflected there. */
function trimmed(values: Float64Array): Float64Array {
  let first = 0;
  let end = values.length;
  while (first < end && Number.isNaN(values[first])) first += 1;
  while (end > first && Number.isNaN(values[end - 1])) end -= 1;
  return values.subarray(first, end);
}

/** A series from phase (time error) points in seconds; NaN is a gap. */
export const phaseSeries = (phase: Float64Array, tau0: number): Series => ({
  tau0,
  phase: trimmed(phase),
  slope: 0,
  known: null,
});

/**
 * A series from N - 1 average fractional frequencies, integrated to N phase points that start at 0. NaN is a gap.
 *
 * The mean is taken out first and the sum is compensated: a frequency of 1e-6 with noise of 1e-12 (or 1e7 with
 * 1e-6) keeps its digits through a million points.
 */
export function frequencySeries(frequency: Float64Array, tau0: number): Series {
  const values = trimmed(frequency);
  const { sum, count } = compensatedSum(values);
  const mean = count === 0 ? 0 : sum / count;
  const phase = new Float64Array(values.length === 0 ? 0 : values.length + 1);
  const known = count < values.length ? new Int32Array(phase.length) : null;
  let total = 0;
  let lost = 0;
  let seen = 0;
  for (const [index, value] of values.entries()) {
    if (!Number.isNaN(value)) {
      const deviation = value - mean - lost;
      const next = total + deviation;
      lost = next - total - deviation;
      total = next;
      seen += 1;
    }
    phase[index + 1] = total * tau0;
    if (known !== null) known[index + 1] = seen;
  }
  return { tau0, phase, slope: mean * tau0, known };
}

/**
 * A phase change over m steps, of which `count` are known: as it is when all are, scaled up from their average when
 * at least half are, else NaN.
 */
export const overGaps = (change: number, count: number, m: number): number => {
  if (count === m) return change;
  return 2 * count >= m ? (change * m) / count : Number.NaN;
};

/** x[i + m] - x[i], less m slopes; NaN where it is not known. */
export function firstDifference({ phase, known }: Series, i: number, m: number): number {
  const change = (phase[i + m] as number) - (phase[i] as number);
  return known === null ? change : overGaps(change, (known[i + m] as number) - (known[i] as number), m);
}

/**
 * x[i + 2m] - 2 x[i + m] + x[i], which no constant frequency changes; NaN where it is not known. The difference of
 * differences is exact in doubles where 2 x is not.
 */
export const secondDifference = (series: Series, i: number, m: number): number =>
  firstDifference(series, i + m, m) - firstDifference(series, i, m);

/** x[i + 3m] - 3 x[i + 2m] + 3 x[i + m] - x[i], which no linear drift of frequency changes. */
export const thirdDifference = (series: Series, i: number, m: number): number =>
  secondDifference(series, i + m, m) - secondDifference(series, i, m);

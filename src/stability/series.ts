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

/** How many of the first i steps are known, for i from 0 on; null where all are. @param breaks see `phaseSeries`. */
function knownSteps(points: number, breaks: readonly number[]): Int32Array | null {
  const inside = new Set(breaks.filter((index) => index > 0 && index < points));
  if (inside.size === 0) return null;
  const known = new Int32Array(points);
  for (let i = 1; i < points; i += 1) known[i] = (known[i - 1] as number) + (inside.has(i) ? 0 : 1);
  return known;
}

/**
 * A series from phase (time error) points in seconds; NaN is a gap.
 *
 * @param breaks points from which on the phase counts from another origin, as after a step of the clock: no term
 * reaches across one.
 */
export function phaseSeries(phase: Float64Array, tau0: number, breaks: readonly number[] = []): Series {
  const points = trimmed(phase);
  const cut = (points.byteOffset - phase.byteOffset) / phase.BYTES_PER_ELEMENT;
  const known = knownSteps(
    points.length,
    breaks.map((index) => index - cut),
  );
  return { tau0, phase: points, slope: 0, known };
}

/**
 * A series from N - 1 average fractional frequencies, integrated to N phase points that start at 0. NaN is a gap.
 *
 * The mean is taken out first and the sum is compensated: a frequency of 1e-6 with noise of 1e-12 (or 1e7 with
 * 1e-6) keeps its digits through a million points.
 */
export const frequencySeries = (frequency: Float64Array, tau0: number): Series =>
  integrated(trimmed(frequency), tau0);

/** A series that keeps the gaps at its ends, so that it stays beside others of the same time. */
export const wholeSeries = (values: Float64Array, data: 'phase' | 'frequency', tau0: number): Series =>
  data === 'phase' ? { tau0, phase: values, slope: 0, known: null } : integrated(values, tau0);

/**
 * The sum of the finite entries, with the rounding error carried along (Neumaier), so that a million
 * values around a large offset lose no digits.
 *
 * @returns the sum, and how many entries were not NaN.
 */
function compensatedSum(values: Float64Array): { readonly sum: number; readonly count: number } {
  let sum = 0;
  let lost = 0;
  let count = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
    count += 1;
  }
  return { sum: sum + lost, count };
}

function integrated(values: Float64Array, tau0: number): Series {
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

/** A phase change over m steps, of which `count` are known: as it is when all are, else NaN, since a missing step breaks the phase. */
export const overGaps = (change: number, count: number, m: number): number =>
  count === m ? change : Number.NaN;

/** x[i + m] - x[i], less m slopes, for every i; NaN where it is not known. */
function firstDifferences({ phase, known }: Series, m: number): Float64Array {
  const result = new Float64Array(Math.max(0, phase.length - m));
  for (let i = 0; i < result.length; i += 1) {
    const change = (phase[i + m] as number) - (phase[i] as number);
    result[i] =
      known === null ? change : overGaps(change, (known[i + m] as number) - (known[i] as number), m);
  }
  return result;
}

/**
 * The differences of the phase over m steps, of the given order, at every point; NaN where one is not known. No constant
 * frequency changes those of order 2 (x[i + 2m] - 2 x[i + m] + x[i]), no linear drift those of order 3. Differences of
 * differences are exact in doubles where 2 x is not.
 */
export function differences(series: Series, m: number, order: 1 | 2 | 3): Float64Array {
  const values = firstDifferences(series, m);
  let length = values.length;
  for (let k = 1; k < order; k += 1) {
    length = Math.max(0, length - m);
    for (let i = 0; i < length; i += 1) values[i] = (values[i + m] as number) - (values[i] as number);
  }
  return values.subarray(0, length);
}

/** The mean square of every `stride`-th third difference over m steps, and how many are known. */
export function termsOf({ phase, known }: Series, m: number, stride: number): { square: number; n: number } {
  let sum = 0;
  let n = 0;
  const span = 3 * m;
  for (let i = 0; i + span < phase.length; i += stride) {
    if (known !== null && (known[i + span] as number) - (known[i] as number) < span) continue;
    const [a, b, c, d] = [phase[i], phase[i + m], phase[i + 2 * m], phase[i + span]] as [
      number,
      number,
      number,
      number,
    ];
    const value = d - c - (c - b) - (c - b - (b - a));
    if (Number.isNaN(value)) continue;
    sum += value * value;
    n += 1;
  }
  return { square: sum / n, n };
}

/** The mean square of every `stride`-th second difference of frequencies `lag` steps apart, times tau0^2. */
export function frequencyTerms(
  { phase, known }: Series,
  lag: number,
  stride: number,
): { square: number; n: number } {
  const at = (i: number): number =>
    known !== null && known[i + 1] === known[i]
      ? Number.NaN
      : (phase[i + 1] as number) - (phase[i] as number);
  let sum = 0;
  let n = 0;
  for (let i = 0; i + 2 * lag + 1 < phase.length; i += stride) {
    const middle = at(i + lag);
    const value = at(i + 2 * lag) - middle - (middle - at(i));
    if (Number.isNaN(value)) continue;
    sum += value * value;
    n += 1;
  }
  return { square: sum / n, n };
}

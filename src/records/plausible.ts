import { median, quantile, sorted } from '../statistics.ts';

/** What readings cannot be, and what they then are: checks of a record in the unit that it was given. */

const SAMPLED = 20_000;

/** The known values, thinned evenly to some thousands. */
function sample(values: Float64Array): Float64Array {
  const stride = Math.max(1, Math.floor(values.length / SAMPLED));
  return values.filter((value, i) => i % stride === 0 && !Number.isNaN(value));
}

/** Zeros farther than this many times the other values' spread from their median are marks of a gap. */
const FAR = 10;

/** Counts the values that are exactly 0; `outside` where no other value is near it, as Stable32 marks a gap. */
export function zerosOf(values: Float64Array): { count: number; outside: boolean } {
  let count = 0;
  for (const value of values) if (value === 0) count += 1;
  if (count === 0) return { count, outside: false };
  const others = sorted(sample(values).filter((value) => value !== 0));
  if (others.length < 8 || count > values.length * 0.9) return { count, outside: false };
  const spread = quantile(others, 0.9) - quantile(others, 0.1);
  return { count, outside: Math.abs(median(others)) > FAR * spread };
}

/** The share of a counter's range by which a reading jumps where it wraps, and the most by which it moves otherwise. */
const WRAPS = 0.8;
const MOVES = 0.2;
/** Fewer readings may have any shape. */
const LEAST_READINGS = 10;

/** The range of a counter that wraps: a power of ten just above all readings, crossed by jumps of its size. Null for none. */
export function wrapOf(values: Float64Array): number | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(high > 0) || low < 0) return null;
  const exponent = Math.ceil(Math.log10(high));
  const range = exponent < 0 ? 1 / 10 ** -exponent : 10 ** exponent;
  if (high < 0.9 * range || low > 0.1 * range) return null;
  let known = 0;
  for (const value of values) if (!Number.isNaN(value)) known += 1;
  if (known < LEAST_READINGS) return null;
  let jumps = 0;
  let before = Number.NaN;
  for (const value of values) {
    const step = Math.abs(value - before);
    if (step > WRAPS * range) jumps += 1;
    else if (step > MOVES * range) return null;
    if (!Number.isNaN(value)) before = value;
  }
  return jumps > 0 ? range : null;
}

/** The same readings without the counter's jumps. */
export function unwrapped(values: Float64Array, range: number): Float64Array {
  let turns = 0;
  let before = Number.NaN;
  return values.map((value) => {
    if (value - before > range / 2) turns -= 1;
    else if (before - value > range / 2) turns += 1;
    if (!Number.isNaN(value)) before = value;
    return value + turns * range;
  });
}

/** A fractional frequency above this (1 %) belongs to no clock. */
const MOST_FREQUENCY = 0.01;
/** Readings in Hz are near their nominal frequency by this. */
const NEAR_NOMINAL = 1e-3;
const LEAST_HZ = 1e3;

/** The round frequency that readings in Hz are near; null where they are not near any. */
export function nominalOf(values: Float64Array): number | null {
  const some = sorted(sample(values));
  if (some.length === 0) return null;
  const middle = median(some);
  if (middle < LEAST_HZ) return null;
  if (quantile(some, 0.9) - quantile(some, 0.1) > NEAR_NOMINAL * middle) return null;
  for (const digits of [1, 2, 3]) {
    const nominal = Number(middle.toPrecision(digits));
    if (Math.abs(middle / nominal - 1) < NEAR_NOMINAL) return nominal;
  }
  return null;
}

/** The unit that values too large for a fractional frequency may be in; null where nothing is wrong. */
export function frequencyDoubt(values: Float64Array): string | null {
  const size = median(sample(values).map(Math.abs));
  return size > MOST_FREQUENCY ? (size < 1000 ? 'ppm or ppb' : 'ppb or Hz') : null;
}

/** The unit that a phase may be in which moves faster than any clock (1 % of time); null where nothing is wrong. */
export function phaseDoubt(values: Float64Array, tau0: number): string | null {
  const moves: number[] = [];
  const stride = Math.max(1, Math.floor(values.length / SAMPLED));
  for (let i = 0; i + 1 < values.length; i += stride) {
    const move = Math.abs((values[i + 1] as number) - (values[i] as number));
    if (!Number.isNaN(move)) moves.push(move / tau0);
  }
  const speed = median(moves);
  return speed > MOST_FREQUENCY ? 'ns or us' : null;
}

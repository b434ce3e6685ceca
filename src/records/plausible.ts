import { median, quantile, robustSpread, sorted } from '../statistics.ts';

/** What readings cannot be, and what they then may be: checks of a record in the unit that it was given. */

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

/** Any other value is a mark only where it is this many times the spread away. */
const FARTHER = 1000;

/** A value that stands in for readings that are missing, such as -9999: an extreme that recurs, far from all others. */
export function markOf(values: Float64Array): { value: number; count: number } | null {
  const some = sorted(sample(values));
  for (const value of extremesOf(values)) {
    const others = some.filter((one) => one !== value);
    if (others.length < 8) continue;
    let count = 0;
    for (const one of values) if (one === value) count += 1;
    const spread = quantile(others, 0.9) - quantile(others, 0.1);
    if (count > 1 && spread > 0 && Math.abs(value - median(others)) > FARTHER * spread)
      return { value, count };
  }
  return null;
}

function extremesOf(values: Float64Array): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** The share of a counter's range by which a reading jumps where it wraps, and the most by which it moves otherwise. */
const WRAPS = 0.8;
const MOVES = 0.2;
/** How near a counter that wraps comes to both ends of its range, as a share of it. */
const NEAR_END = 0.1;
/** Fewer readings could have any shape by chance. */
const LEAST_READINGS = 10;

/** The range of a counter that wraps, a power of ten from 0 or around 0, crossed by jumps of its size. Null for none. */
export function wrapOf(values: Float64Array): number | null {
  const [low, high] = extremesOf(values);
  if (!(high > 0)) return null;
  // Twice the larger end where the range is around 0.
  const exponent = Math.ceil(Math.log10(low < 0 ? Math.max(high, -low) * 2 : high));
  const range = exponent < 0 ? 1 / 10 ** -exponent : 10 ** exponent;
  const bottom = low < 0 ? -range / 2 : 0;
  if (high - bottom < (1 - NEAR_END) * range || low - bottom > NEAR_END * range) return null;
  let [known, jumps, before] = [0, 0, Number.NaN];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    const step = Math.abs(value - before);
    if (step > WRAPS * range) jumps += 1;
    else if (step > MOVES * range) return null;
    known += 1;
    before = value;
  }
  return jumps > 0 && known >= LEAST_READINGS ? range : null;
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

/** No clock has a fractional frequency above this (1 %). */
const MOST_FREQUENCY = 0.01;
/** Readings in Hz spread by less than this share of them. */
const NEAR_NOMINAL = 1e-3;
/** No crystal is farther from its nominal frequency. */
const OF_CRYSTAL = 1e-4;
const LEAST_HZ = 1e3;
/** From here on four and five digits are usual: 10.23, 19.44 and 12.288 MHz. */
const FINE_HZ = 1e6;

/** The round frequency, or power of two, that readings in Hz are near; null where they are not near any. */
export function nominalOf(values: Float64Array): number | null {
  const some = sorted(sample(values));
  if (some.length === 0) return null;
  const middle = median(some);
  if (middle < LEAST_HZ) return null;
  if (quantile(some, 0.9) - quantile(some, 0.1) > NEAR_NOMINAL * middle) return null;
  const binary = 2 ** Math.round(Math.log2(middle));
  const round = [1, 2, 3, ...(middle >= FINE_HZ ? [4, 5] : [])].map((digits) =>
    Number(middle.toPrecision(digits)),
  );
  return [binary, ...round].find((nominal) => Math.abs(middle / nominal - 1) < OF_CRYSTAL) ?? null;
}

/** The unit that values too large for a fractional frequency may be in; null where nothing is wrong. */
export function frequencyDoubt(values: Float64Array): string | null {
  const size = median(sample(values).map(Math.abs));
  return size > MOST_FREQUENCY ? (size < 1000 ? 'ppm or ppb' : 'ppb or Hz') : null;
}

/** Steps that say what is usual; one this many times their spread from their median is a jump. */
const LEAST_STEPS = 30;
const JUMP = 8;

/** The largest jump that a phase makes and stays at: seconds, the reading after it (from 0), and how many times the usual step. */
export function jumpOf(phase: Float64Array): { seconds: number; at: number; times: number } | null {
  const step = (i: number) => (phase[i] as number) - (phase[i - 1] as number);
  const stride = Math.max(1, Math.floor(phase.length / SAMPLED));
  const some: number[] = [];
  for (let i = 1; i < phase.length; i += stride) if (!Number.isNaN(step(i))) some.push(step(i));
  if (some.length < LEAST_STEPS) return null;
  const { middle, deviation: spread } = robustSpread(some);
  let [at, most] = [0, JUMP * spread];
  for (let i = 2; i + 1 < phase.length; i += 1) {
    const far = Math.abs(step(i) - middle);
    // A jump that is undone at once was a bad reading.
    const stays = Math.abs(step(i - 1) + step(i) + step(i + 1) - 3 * middle) > most;
    if (far > most && stays) [at, most] = [i, far];
  }
  return at === 0 || spread === 0 ? null : { seconds: step(at) - middle, at, times: most / spread };
}

/** What a phase that moves faster than any clock (1 % of time) may be; null where nothing is wrong. */
export function phaseDoubt(values: Float64Array, tau0: number): 'times' | 'ns or us' | null {
  const moves: number[] = [];
  const stride = Math.max(1, Math.floor(values.length / SAMPLED));
  for (let i = 0; i + 1 < values.length; i += stride) {
    const move = (values[i + 1] as number) - (values[i] as number);
    if (!Number.isNaN(move)) moves.push(move / tau0);
  }
  if (Math.abs(median(moves) - 1) <= MOST_FREQUENCY) return 'times';
  return median(moves.map(Math.abs)) > MOST_FREQUENCY ? 'ns or us' : null;
}

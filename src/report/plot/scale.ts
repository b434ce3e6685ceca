import { extent } from 'd3-array';
import { scaleLinear, scaleLog, scaleSymlog } from 'd3-scale';

/** A mark on an axis. */
interface Tick {
  readonly value: number;
  readonly text: string;
}

/** Maps the values of one axis to pixels, and says where its ticks go. */
export interface Scale {
  (value: number): number;
  readonly ticks: readonly Tick[];
}

export type Extent = readonly [from: number, to: number];

/** Beyond these, differences and ratios of values leave the range of a double; nothing measured comes near. */
const LARGEST = 1e150;
const SMALLEST = 1e-150;
/** A span smaller than this share of the values is noise of the doubles themselves. */
const FLAT = 1e-9;

/** Whether a value has a place on any scale. */
export const drawable = (value: number): boolean => Math.abs(value) <= LARGEST;

/** The range of the values that can be drawn; null without any. */
export function rangeOf(values: readonly number[]): Extent | null {
  const [low, high] = extent(values.filter(drawable));
  return low === undefined ? null : [low, high];
}

/** The power of ten of a value's first digit, which rounding does not move. */
const powerOf = (value: number): number => Math.floor(Math.log10(Math.abs(value) * (1 + FLAT)));

/** A linear scale that starts and ends on a tick, with about `most` of them. */
export function linearScale([low, high]: Extent, pixels: Extent, most: number): Scale {
  const least = Math.max(SMALLEST, Math.max(Math.abs(low), Math.abs(high)) * FLAT);
  const pad = high - low >= least ? 0 : Math.max(Math.abs(high), 1) / 2;
  const scale = scaleLinear()
    .domain([low - pad, high + pad])
    .nice(most)
    .range(pixels);
  const largest = Math.max(...scale.domain().map(Math.abs));
  const values = scale.ticks(most);
  const step = (values[1] ?? 0) - (values[0] ?? 0);
  // D3's own digits are one too few where rounding takes 1.5e-8 - 5e-9 below 1e-8.
  const digits = Math.max(0, powerOf(largest - step) - powerOf(step));
  const format = scale.tickFormat(most, largest >= 1e7 || largest < 1e-4 ? `.${digits}e` : undefined);
  const ticks = values.map((value) => ({ value, text: value === 0 ? '0' : format(value) }));
  return Object.assign((value: number) => scale(value), { ticks });
}

/** How a logarithmic scale is marked. */
export interface LogTicks {
  readonly format: (value: number) => string;
  /** Where ticks may stand, ascending; powers of ten if left out. */
  readonly at?: readonly number[];
}

const powersOfTen = (low: number, high: number): number[] => {
  const first = Math.floor(Math.log10(low)) - 1;
  const count = Math.ceil(Math.log10(high)) + 1 - first + 1;
  return Array.from({ length: count }, (_, i) => Number(`1e${first + i}`));
};

/** At most `most` of `values`, evenly thinned; the last one stays. */
function thinned(values: readonly number[], most: number): readonly number[] {
  const every = Math.max(1, Math.ceil(values.length / Math.max(2, most)));
  return values.filter((_, i) => (values.length - 1 - i) % every === 0);
}

/** Room at both ends of a logarithmic axis, as a share of its length. */
const ROOM = 0.04;

/**
 * A logarithmic scale with room at both ends. Where `zero` pixels are given, that much at the start is set apart for
 * values of 0 and below, which stand on a tick of their own.
 */
export function logScale(
  [low, high]: Extent,
  [from, to]: Extent,
  most: number,
  { format, at }: LogTicks,
  zero = 0,
): Scale {
  const candidates = at ?? powersOfTen(low, high);
  const inside = candidates.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  // A scale with fewer than two ticks cannot be read: extend it to the next tick on either side.
  const few = inside.length < 2;
  const bottom = few ? (candidates.findLast((value) => value <= low) ?? low) : low;
  const top = few ? (candidates.find((value) => value >= high && value > bottom) ?? high) : high;
  const room = (top / bottom) ** ROOM;
  const start = from + Math.sign(to - from) * zero;
  const scale = scaleLog()
    .domain(top > bottom ? [bottom / room, top * room] : [bottom / 2, top * 2])
    .range([start, to]);
  const shown = candidates.filter((value) => value >= bottom * 0.999 && value <= top * 1.001);
  const ticks = thinned(shown, most).map((value) => ({ value, text: format(value) }));
  return Object.assign((value: number) => (value > 0 ? scale(value) : from), {
    ticks: zero === 0 ? ticks : [{ value: 0, text: '0' }, ...ticks],
  });
}

/** A scale for both signs and many magnitudes: about linear up to `linear` on either side of zero, logarithmic beyond. */
export function symlogScale(
  [low, high]: Extent,
  linear: number,
  pixels: Extent,
  most: number,
  format: (value: number) => string,
): Scale {
  const [first, last]: Extent = high > low ? [low, high] : [low - linear, low + linear];
  const scale = scaleSymlog().constant(linear).domain([first, last]).range(pixels);
  const decades = Math.max(0, Math.ceil(Math.log10(Math.max(Math.abs(first), Math.abs(last)) / linear)));
  const sides = first < 0 && last > 0 ? 2 : 1;
  const every = Math.max(1, Math.ceil((sides * decades + 1) / Math.max(1, most - 1)));
  const sizes = Array.from({ length: decades + 1 }, (_, i) => linear * 10 ** i).filter(
    (_, i) => i > 0 && i % every === 0,
  );
  const ticks = [...sizes.map((one) => -one).reverse(), 0, ...sizes]
    .filter((value) => value >= first && value <= last)
    .map((value) => ({ value, text: format(value) }));
  return Object.assign((value: number) => scale(value), { ticks });
}

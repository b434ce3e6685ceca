import { linearText } from './mark-text.ts';

/** A mark on an axis. */
export interface Mark {
  readonly value: number;
  readonly text: string;
}

/** Maps the values of one axis to pixels, and says where its marks go. */
export interface Scale {
  (value: number): number;
  readonly marks: readonly Mark[];
  /** The values at both ends. */
  readonly domain: Range;
}

export type Range = readonly [from: number, to: number];

/** Beyond these, differences and ratios of values leave the range of a double; nothing measured comes near. */
const LARGEST = 1e150;
const SMALLEST = 1e-150;
/** A span smaller than this share of the values is noise of the doubles themselves. */
const FLAT = 1e-11;

/** Whether a value has a place on any scale. */
export const drawable = (value: number): boolean => Math.abs(value) <= LARGEST;

/** The range of the values that can be drawn; null without any. */
export function rangeOf(values: Iterable<number>): Range | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!drawable(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : null;
}

/** Steps that people count in: 1, 2 or 5 times a power of ten, at most `most` of them over `span`. */
export function niceStep(span: number, most: number): number {
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** A linear scale that starts and ends on a mark. */
export function linearScale([low, high]: Range, [from, to]: Range, most: number): Scale {
  const widest = Math.max(high - low, Math.abs(low) * FLAT, Math.abs(high) * FLAT);
  const span = widest < SMALLEST ? 1 : widest;
  const step = niceStep(span, most);
  const first = Math.floor(low / step + 1e-6);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-6));
  const marks = Array.from({ length: last - first + 1 }, (_, i) => {
    const value = (first + i) * step;
    return { value, text: linearText(value, step) };
  });
  const slope = (to - from) / ((last - first) * step);
  return Object.assign((value: number) => from + (value - first * step) * slope, {
    marks,
    domain: [first * step, last * step] as const,
  });
}

/** How a logarithmic scale is marked. */
export interface LogMarks {
  /** A mark's text. */
  readonly format: (value: number) => string;
  /** Where marks may stand, ascending; powers of ten if left out. */
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

/**
 * A logarithmic scale with room at both ends. Where `zero` pixels are given, that much at the start is set apart for
 * values of 0 and below, which stand on a mark of their own.
 */
export function logScale(
  [low, high]: Range,
  [from, to]: Range,
  most: number,
  { format, at }: LogMarks,
  zero = 0,
): Scale {
  const candidates = at ?? powersOfTen(low, high);
  const inside = candidates.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  // With less than two marks inside nobody could read the scale: it goes on to the next mark either way.
  const bottom = inside.length >= 2 ? low : (candidates.findLast((value) => value <= low) ?? low);
  const top =
    inside.length >= 2 ? high : (candidates.find((value) => value >= high && value > bottom) ?? high);
  const span = Math.log10(top / bottom) || 1;
  const first = Math.log10(bottom) - span * 0.04;
  const start = from + Math.sign(to - from) * zero;
  const slope = (to - start) / (span * 1.08);
  const shown = candidates.filter((value) => value >= bottom * 0.999 && value <= top * 1.001);
  const marks = thinned(shown, most).map((value) => ({ value, text: format(value) }));
  const place = (value: number) => (value > 0 ? start + (Math.log10(value) - first) * slope : from);
  return Object.assign(place, {
    marks: zero === 0 ? marks : [{ value: 0, text: '0' }, ...marks],
    domain: [bottom, top] as const,
  });
}

/**
 * A scale with both signs and many sizes: linear up to `linear` on either side of zero, which is as long as one decade,
 * and logarithmic beyond.
 */
export function symlogScale(
  [low, high]: Range,
  linear: number,
  [from, to]: Range,
  most: number,
  format: (value: number) => string,
): Scale {
  const warp = (value: number) => {
    const size = Math.abs(value) / linear;
    return Math.sign(value) * (size <= 1 ? size : 1 + Math.log10(size));
  };
  const first = warp(low);
  const last = Math.max(warp(high), first + FLAT);
  const slope = (to - from) / (last - first);
  const decades = Math.ceil(Math.max(Math.abs(first), Math.abs(last)));
  const every = Math.max(1, Math.ceil((last - first) / most));
  const sizes = Array.from({ length: decades + 1 }, (_, i) => linear * 10 ** i).filter(
    (_, i) => (i + 1) % every === 0,
  );
  const marks = [...sizes.map((size) => -size).reverse(), 0, ...sizes]
    .filter((value) => value >= low && value <= high)
    .map((value) => ({ value, text: format(value) }));
  return Object.assign((value: number) => from + (warp(value) - first) * slope, {
    marks,
    domain: [low, high] as const,
  });
}

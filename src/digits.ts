/**
 * How a figure is written. One rule decides its digits: two of its uncertainty where that is known, two of the figure
 * itself where it is not, and all of what somebody set.
 */

type Unit = readonly [size: number, name: string];

/** What a figure is of. */
export interface Dimension {
  /** From the largest to the smallest. */
  readonly units: readonly Unit[];
  /** A difference: a plus sign where it is positive. */
  readonly signed?: true;
}

/** Durations, in ns. */
export const time: Dimension = {
  units: [
    [86_400e9, 'd'],
    [3_600e9, 'h'],
    [60e9, 'min'],
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'us'],
    [1, 'ns'],
  ],
};
/** Differences of time, in ns. */
export const offset: Dimension = { ...time, signed: true };
/** Parts of a whole that are sizes, such as errors. */
export const size: Dimension = {
  units: [
    [1e-6, 'ppm'],
    [1e-9, 'ppb'],
  ],
};
/** Relative differences. */
export const ratio: Dimension = { ...size, signed: true };
/** Numbers without a unit. */
export const plain: Dimension = { units: [[1, '']] };

/** Where no uncertainty is known. */
const DIGITS = 2;

/** Half of the last of two digits is gone beyond this: 0.995 is written 1.0. */
const ROUNDED = 0.995;

/** A whole number with commas: `47,684`. */
export const count = (value: number): string => value.toLocaleString('en-US');

const unitFor = (value: number, { units }: Dimension): Unit =>
  units.find(([size]) => Math.abs(value) >= size * ROUNDED) ?? units.at(-1) ?? [1, ''];

/** Decimals that show `digits` significant digits of `value`; negative where not even its whole part is shown. */
function decimalsOf(value: number, digits: number): number {
  // Rounded as it will be written, so that 9.96 has one decimal of two digits: 10.
  const options = { maximumSignificantDigits: digits, useGrouping: false } as const;
  const rounded = Math.abs(Number(value.toLocaleString('en-US', options)));
  return digits - 1 - Math.floor(Math.log10(rounded));
}

/** Beyond these a number is written with an exponent. */
const LARGEST = 1e15;
const MOST_DECIMALS = 12;

/** A number rounded to a place before or behind the point, with commas. */
function rounded(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= LARGEST || decimals > MOST_DECIMALS) return value.toExponential(DIGITS - 1);
  const shown = Math.max(0, decimals);
  const power = 10 ** Math.max(0, -decimals);
  const options = {
    minimumFractionDigits: shown,
    maximumFractionDigits: shown,
    signDisplay: 'negative',
  } as const;
  return (decimals < 0 ? Math.round(value / power) * power : value).toLocaleString('en-US', options);
}

/** Beyond these a sentence has an exponent. */
const [SMALLEST_WRITTEN, LARGEST_WRITTEN] = [1e-4, 1e6];

/** Three digits, the whole part always, for a sentence about what is known well enough. */
export function significant(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude === 0 || !Number.isFinite(value)) return String(value);
  if (magnitude >= LARGEST_WRITTEN || magnitude < SMALLEST_WRITTEN) return value.toExponential(2);
  return rounded(value, Math.max(0, decimalsOf(value, 3)));
}

const withSign = (text: string, { signed }: Dimension): string =>
  signed && !text.startsWith('-') && /[1-9]/.test(text) ? `+${text}` : text;

const join = (text: string, unit: string): string => (unit === '' ? text : `${text} ${unit}`);

/** A figure of which no uncertainty is known: two digits. */
export function about(value: number, measure: Dimension = time): string {
  const smallest = measure.units.at(-1);
  if (value === 0 || !Number.isFinite(value)) return join(String(value), smallest?.[1] ?? '');
  const [size, name] = unitFor(value, measure);
  const scaled = value / size;
  return join(withSign(rounded(scaled, decimalsOf(scaled, DIGITS)), measure), name);
}

const usable = (error: number | null | undefined): error is number =>
  error !== null && error !== undefined && Number.isFinite(error) && error > 0;

/** A figure and one standard error, or another half-width: `+0.347 +/- 0.092 ppb`. */
export function plusMinus(value: number, error: number | null | undefined, measure: Dimension): string {
  if (!usable(error)) return about(value, measure);
  const [size, name] = unitFor(Math.max(Math.abs(value), error), measure);
  const decimals = decimalsOf(error / size, DIGITS);
  const text = withSign(rounded(value / size, decimals), measure);
  return join(`${text} +/- ${rounded(error / size, decimals)}`, name);
}

/** A figure to two digits of its uncertainty, which is not shown. */
export function within(value: number, error: number | null | undefined, measure: Dimension = time): string {
  if (!usable(error)) return about(value, measure);
  const [size, name] = unitFor(Math.max(Math.abs(value), error), measure);
  return join(withSign(rounded(value / size, decimalsOf(error / size, DIGITS)), measure), name);
}

/** Both ends of an interval in one unit, to two digits of its width: `6.2 to 7.9 h`. */
export function span(low: number, high: number, measure: Dimension = time): string {
  const [size, name] = unitFor(Math.max(Math.abs(low), Math.abs(high)), measure);
  const decimals = usable(high - low) ? decimalsOf((high - low) / size, DIGITS) : 0;
  const text = (one: number) => withSign(rounded(one / size, decimals), measure);
  return `${text(low)} to ${join(text(high), name)}`;
}

/** From here on the ends of an interval have no place of digits in common: high over low. */
const WIDE = 10;

/**
 * A figure in its interval, to two digits of the interval's width: `7.0 h (6.2 to 7.9 h)`; of an interval over more than a
 * decade each by itself: `5.6 h (2.1 h to 23 d)`.
 */
export function between(
  value: number,
  low: number | null | undefined,
  high: number | null | undefined,
  measure: Dimension = time,
): string {
  if (low === null || low === undefined || high === null || high === undefined) return about(value, measure);
  if (low > 0 && high > WIDE * low)
    return `${about(value, measure)} (${about(low, measure)} to ${about(high, measure)})`;
  return usable(high - low)
    ? `${within(value, high - low, measure)} (${span(low, high, measure)})`
    : about(value, measure);
}

/** Of ten, as a number with an exponent has it: 1 of 12, and of 9.96 to two digits. */
const exponentOf = (value: number): number => Number(value.toExponential(DIGITS - 1).split('e')[1]);

/** A figure with an exponent, to two digits of its uncertainty, or of its own where that is not known: `9.59e-10`. */
export function scientific(value: number, error?: number | null): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const decimals = usable(error) ? exponentOf(value) - exponentOf(error) + DIGITS - 1 : DIGITS - 1;
  return value.toExponential(Math.min(MOST_DECIMALS, Math.max(0, decimals)));
}

/** The same of a figure and the ends of its interval; of one over more than a decade each by itself. */
export function scientificBetween(
  value: number,
  low: number | null,
  high: number | null,
): readonly [value: string, low: string, high: string] {
  if (low === null || high === null) return [scientific(value), '-', '-'];
  const error = low > 0 && high > WIDE * low ? null : high - low;
  return [scientific(value, error), scientific(low, error), scientific(high, error)];
}

/** A duration that somebody set, whole, in the unit that takes the fewest digits: `1.739904 ms`, `51.9 d`, `90 s`. */
export function exact(ns: number): string {
  const written = time.units
    .filter(([size]) => Math.abs(ns) >= size)
    .map(([size, name]) => {
      const scaled = Number((ns / size).toPrecision(15));
      const awkward = !Number.isInteger(scaled) || Math.abs(scaled) >= 1000;
      const digits = String(scaled).replace(/\D/g, '').length;
      return { text: `${scaled} ${name}`, exact: Math.abs(scaled * size - ns) < 0.5, digits, awkward };
    });
  const [best] = written
    .filter((one) => one.exact)
    .sort((a, b) => a.digits - b.digits || Number(a.awkward) - Number(b.awkward));
  return best?.text ?? `${ns} ns`;
}

/** A frequency in MHz to two digits of its error, in groups of three: `2596.120 121 58 MHz`. */
export function frequency(hz: number, errorRatio: number): string {
  const decimals = Math.min(
    MOST_DECIMALS,
    Math.max(0, decimalsOf(Math.max(errorRatio * hz, 1e-6) / 1e6, DIGITS)),
  );
  const [whole = '', fraction = ''] = (hz / 1e6).toFixed(decimals).split('.');
  return fraction === '' ? `${whole} MHz` : `${whole}.${fraction.replace(/\d{3}(?=\d)/g, '$& ')} MHz`;
}

/** A frequency that is known exactly, such as that of mult and shift. */
export const exactFrequency = (hz: number): string => frequency(hz, 1e-12);

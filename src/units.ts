import { usageError } from './errors.ts';

export const NS_PER_US = 1_000;
export const NS_PER_MS = 1_000_000;
export const NS_PER_S = 1_000_000_000;

const NS_PER_UNIT = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
} as const;

/** The longest duration that ktime (a signed 64-bit count of ns) can hold: 292 years. */
export const MAX_DURATION_NS = 2n ** 63n - 1n;

const ACCEPTED = 'a number and a unit (ns, us, ms, s, m, h, d), as in 200us, 1.5s or 30d';

/**
 * Parses a duration such as `200us`, `1.5s` or `30d`, exactly.
 *
 * @param name what the duration is, for the message: a flag or a field.
 * @returns whole nanoseconds.
 * @throws TscopeError USAGE for anything but a non-negative number with a unit, for a fraction of a
 * nanosecond, and for more than 292 years.
 */
export function parseDuration(text: string, name: string): bigint {
  const match = /^(\d{1,30})(?:\.(\d{1,30}))?(ns|us|ms|s|m|h|d)$/.exec(text.trim());
  if (match === null) throw usageError(`${name}: '${text}' is not a duration; give ${ACCEPTED}.`);
  const [, whole = '', fraction = '', unit = 'ns'] = match;
  const scaled = BigInt(whole + fraction) * NS_PER_UNIT[unit as keyof typeof NS_PER_UNIT];
  const denominator = 10n ** BigInt(fraction.length);
  if (scaled % denominator !== 0n) {
    throw usageError(`${name}: '${text}' is not a whole number of nanoseconds.`);
  }
  const ns = scaled / denominator;
  if (ns > MAX_DURATION_NS) throw usageError(`${name}: '${text}' is longer than 292 years.`);
  return ns;
}

const STEPS: ReadonlyArray<readonly [number, string]> = [
  [86_400e9, 'd'],
  [3_600e9, 'h'],
  [60e9, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'us'],
];

/** A duration for people: three significant digits and the unit that fits (`1.50 ms`, `30.0 d`, `79 ns`). */
export function formatNs(ns: number): string {
  const magnitude = Math.abs(ns);
  for (const [size, unit] of STEPS) {
    // 0.9995 of a unit would be printed as 1000 of the smaller one.
    if (magnitude >= size * 0.9995) return `${formatSignificant(ns / size)} ${unit}`;
  }
  return `${Number.isInteger(ns) ? ns : formatSignificant(ns)} ns`;
}

/** The shortest flag value that `parseDuration` reads back as the same duration (`200us`, `30d`). */
export function formatDuration(ns: bigint): string {
  for (const unit of ['d', 'h', 'm', 's', 'ms', 'us'] as const) {
    if (ns !== 0n && ns % NS_PER_UNIT[unit] === 0n) return `${ns / NS_PER_UNIT[unit]}${unit}`;
  }
  return `${ns}ns`;
}

/** A ratio for people: parts per million or per billion with its sign (`+0.320 ppm`, `-1.50 ppb`). */
export function formatRatio(ratio: number): string {
  if (ratio === 0) return '0 ppb';
  const sign = ratio < 0 ? '-' : '+';
  const magnitude = Math.abs(ratio);
  if (magnitude >= 0.01) return `${sign}${formatSignificant(magnitude * 100)} %`;
  if (magnitude >= 0.9995e-7) return `${sign}${formatSignificant(magnitude * 1e6)} ppm`;
  return `${sign}${formatSignificant(magnitude * 1e9)} ppb`;
}

/** A frequency for people, to the hertz and finer: `2596.130 165 MHz`. */
export function formatHz(hz: number): string {
  const [whole = '', fraction = ''] = (hz / 1e6).toFixed(6).split('.');
  return `${whole}.${fraction.slice(0, 3)} ${fraction.slice(3)} MHz`;
}

/** A count with thin groups of three: `47,684`. */
export const formatCount = (count: number): string => count.toLocaleString('en-US');

/** Three significant digits without an exponent where that is readable. */
export function formatSignificant(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude === 0 || !Number.isFinite(value)) return String(value);
  if (magnitude >= 1e6 || magnitude < 1e-4) return value.toExponential(2);
  if (magnitude >= 1000) return formatCount(Math.round(value));
  const rounded = Number(value.toPrecision(3));
  return rounded.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded)))));
}

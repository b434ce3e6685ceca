import { significant, time } from './digits.ts';
import { usageError } from './errors.ts';

export const NS_PER_US = 1_000;
export const NS_PER_MS = 1_000_000;
export const NS_PER_S = 1_000_000_000;

/** From the smallest to the largest. */
const NS_PER_UNIT = new Map(time.units.map(([size, unit]) => [unit, BigInt(size)] as const).reverse());

/** The longest duration that ktime (a signed 64-bit count of ns) can hold: 292 years. */
export const MAX_DURATION_NS = 2n ** 63n - 1n;

const ACCEPTED = 'a number and a unit (ns, us, ms, s, min, h, d), as in 200us, 1.5s or 30d';

/**
 * Parses a duration such as `200us`, `1.5s` or `30d`, exactly. Minutes are `min`, as they are printed; `m` is taken too.
 *
 * @param name what the duration is, for the message: a field, or nothing where the caller says it.
 * @returns whole nanoseconds.
 * @throws TscopeError USAGE for anything but a non-negative number with a unit, for a fraction of a
 * nanosecond, and for more than 292 years.
 */
export function parseDuration(text: string, name = ''): bigint {
  const fail = (what: string) => usageError(`${name === '' ? '' : `${name}: `}'${text}' ${what}.`);
  const match = /^(\d{1,30})(?:\.(\d{1,30}))?(ns|us|ms|s|m|min|h|d)$/.exec(text.trim());
  if (match === null) throw fail(`is not a duration; give ${ACCEPTED}`);
  const [, whole = '', fraction = '', unit = 'ns'] = match;
  const size = NS_PER_UNIT.get(unit === 'm' ? 'min' : unit) ?? 1n;
  const scaled = BigInt(whole + fraction) * size;
  const denominator = 10n ** BigInt(fraction.length);
  if (scaled % denominator !== 0n) throw fail('is not a whole number of nanoseconds');
  const ns = scaled / denominator;
  if (ns > MAX_DURATION_NS) throw fail('is longer than 292 years');
  return ns;
}

/** The shortest and the longest duration that something accepts, ns. */
export interface Bounds {
  readonly least: bigint;
  readonly most: bigint;
}

/** Bounds as a user would write them. */
export const bounds = (least: string, most: string): Bounds => ({
  least: parseDuration(least),
  most: parseDuration(most),
});

/**
 * @param field the option's name in a call, for the message; nothing where the caller says it.
 * @returns the duration.
 * @throws TscopeError USAGE where it is outside the bounds, or not a whole number of nanoseconds.
 */
export function withinBounds<Ns extends bigint | number>(ns: Ns, { least, most }: Bounds, field = ''): Ns {
  const whole = typeof ns === 'bigint' || Number.isSafeInteger(ns);
  if (whole && ns >= least && ns <= most) return ns;
  const shown = whole ? formatDuration(BigInt(ns)) : `${ns} ns`;
  const where = field === '' ? '' : `\`${field}\`: `;
  throw usageError(`${where}${shown} is outside ${formatDuration(least)} to ${formatDuration(most)}.`);
}

/** Reads a duration within bounds, ns: for a flag. What is wrong is said without the flag's name, which the program adds. */
export const durationIn =
  (limits: Bounds) =>
  (text: string): bigint =>
    withinBounds(parseDuration(text), limits);

/**
 * Checks the durations among a task's options, for callers that no flag has checked.
 *
 * @throws TscopeError USAGE naming the field.
 */
export function checkBounds<Field extends string>(
  options: Readonly<Record<NoInfer<Field>, number | bigint | readonly bigint[]>>,
  limits: Readonly<Record<Field, Bounds>>,
): void {
  for (const field of Object.keys(limits) as Field[]) {
    const value: number | bigint | readonly bigint[] = options[field];
    if (typeof value !== 'object') withinBounds(value, limits[field], field);
    else for (const ns of value) withinBounds(ns, limits[field], field);
  }
}

/** A duration for people: three significant digits and the unit that fits (`1.50 ms`, `30.0 d`, `79 ns`). */
export function formatNs(ns: number): string {
  // 0.9995 of a unit would be printed as 1000 of the smaller one.
  const found = time.units.find(([size, unit]) => unit !== 'ns' && Math.abs(ns) >= size * 0.9995);
  if (found === undefined) return `${Number.isInteger(ns) ? ns : significant(ns)} ns`;
  const [size, unit] = found;
  return `${significant(ns / size)} ${unit}`;
}

/** `ns` in units of `size` with at most three digits of a fraction, or null where that is not exact or below 1. */
function inUnit(ns: bigint, size: bigint): string | null {
  if (ns < size || (ns * 1000n) % size !== 0n) return null;
  const digits = String((ns * 1000n) / size).padStart(4, '0');
  const fraction = digits.slice(-3).replace(/0+$/, '');
  return `${digits.slice(0, -3)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** The flag value of the fewest digits that `parseDuration` reads back as the same (`200us`, `1.5s`, `51.9d`, `90s`). */
export function formatDuration(ns: bigint): string {
  let shortest = { number: String(ns), unit: 'ns' };
  for (const [unit, size] of NS_PER_UNIT) {
    const number = inUnit(ns, size);
    if (number === null) continue;
    const shorter = number.length - shortest.number.length;
    if (shorter < 0 || (shorter === 0 && !number.includes('.'))) shortest = { number, unit };
  }
  return shortest.number + shortest.unit;
}

/** A ratio for people: parts per million or per billion with its sign (`+0.320 ppm`, `-1.50 ppb`). */
export function formatRatio(ratio: number): string {
  if (ratio === 0) return '0 ppb';
  const sign = ratio < 0 ? '-' : '+';
  const magnitude = Math.abs(ratio);
  if (magnitude >= 0.01) return `${sign}${significant(magnitude * 100)} %`;
  if (magnitude >= 0.9995e-7) return `${sign}${significant(magnitude * 1e6)} ppm`;
  return `${sign}${significant(magnitude * 1e9)} ppb`;
}

/** A frequency for people, to the hertz and finer: `2596.130 165 MHz`. */
export function formatHz(hz: number): string {
  const [whole = '', fraction = ''] = (hz / 1e6).toFixed(6).split('.');
  return `${whole}.${fraction.slice(0, 3)} ${fraction.slice(3)} MHz`;
}

import { formatCount } from '../../units.ts';

/** A linear mark's text with as many digits as `step` needs. */
export function linearText(value: number, step: number): string {
  if (Math.abs(value) < step / 2) return '0';
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) {
    const digits = Math.max(0, Math.floor(Math.log10(size)) - Math.floor(Math.log10(step)));
    return value.toExponential(Math.min(12, digits));
  }
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return decimals === 0 ? formatCount(Math.round(value)) : value.toFixed(Math.min(12, decimals));
}

const UNITS: ReadonlyArray<readonly [ns: number, unit: string]> = [
  [86_400e9, 'd'],
  [3_600e9, 'h'],
  [60e9, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'us'],
  [1, 'ns'],
];

/** A duration's mark: `10 us`, `1 min`, `-10 us`. */
export function durationText(ns: number): string {
  const [size, unit] = UNITS.find(([size]) => Math.abs(ns) >= size * 0.999) ?? [1, 'ns'];
  return `${Number((ns / size).toPrecision(3))} ${unit}`;
}

/** Marks that people expect on a logarithmic axis of durations, ns: decades up to 10 s, then min, h and d. */
export const DURATION_MARKS: readonly number[] = [
  ...Array.from({ length: 14 }, (_, i) => 10 ** (i - 3)),
  60e9,
  600e9,
  3_600e9,
  86_400e9,
  864_000e9,
  8_640_000e9,
  86_400_000e9,
];

/** A power of ten as `1e-9`. */
export const exponentText = (value: number): string => value.toExponential(0).replace('e+', 'e');

/** The unit in which a set of durations reads well, by the largest of them. */
export function timeUnit(largestNs: number): { readonly ns: number; readonly unit: string } {
  const unit = [
    { ns: 1e9, unit: 's' },
    { ns: 1e6, unit: 'ms' },
    { ns: 1e3, unit: 'us' },
  ].find(({ ns }) => largestNs >= ns * 2);
  return unit ?? { ns: 1, unit: 'ns' };
}

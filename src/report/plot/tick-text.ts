import { time } from '../../digits.ts';

/** A duration's tick: `10 us`, `1 min`, `-10 us`. */
export function durationText(ns: number): string {
  const [size, unit] = time.units.find(([one]) => Math.abs(ns) >= one * 0.999) ?? [1, 'ns'];
  return `${Number((ns / size).toPrecision(3))} ${unit}`;
}

/** Where people expect ticks on a logarithmic axis of durations, ns: decades up to 10 s, then min, h and d. */
export const DURATION_TICKS: readonly number[] = [
  ...Array.from({ length: 14 }, (_, i) => 10 ** (i - 3)),
  60e9,
  600e9,
  3_600e9,
  86_400e9,
  864_000e9,
  8_640_000e9,
  86_400_000e9,
];

/** A ratio's tick in ppm or ppb: `10 ppb`, `-1,000 ppm`. */
export function ratioText(ratio: number): string {
  if (ratio === 0) return '0';
  const [unit, name] = Math.abs(ratio) >= 0.99e-6 ? [1e-6, 'ppm'] : [1e-9, 'ppb'];
  const scaled = Number((ratio / unit).toPrecision(2));
  return `${scaled.toLocaleString('en-US', { maximumSignificantDigits: 2 })} ${name}`;
}

/** A power of ten as `1e-9`. */
export const exponentText = (value: number): string => value.toExponential(0).replace('e+', 'e');

/** The unit in which a set of durations reads well, by the largest of them. */
export function timeUnit(largestNs: number): { readonly ns: number; readonly unit: string } {
  const [ns, unit] = time.units.find(([size]) => size <= 1e9 && largestNs >= size * 2) ?? [1, 'ns'];
  return { ns, unit };
}

import type { Conversion } from '../host/vvar.ts';

/** The clocksource core keeps cycles * mult within 64 bits for this long. */
const MAX_SECONDS = 600n;
const US_PER_S = 1_000_000n;

/**
 * mult and shift for a counter of `khz`, as `clocks_calc_mult_shift` finds them for `clocksource_register_khz`
 * (kernel/time/clocksource.c): the largest shift of at most 32 whose mult leaves room for 600 s of cycles.
 */
export function multShift(khz: number): Conversion {
  const from = BigInt(khz);
  let accuracy = 32n;
  for (let rest = (MAX_SECONDS * 1000n * from) >> 32n; rest > 0n; rest >>= 1n) accuracy--;
  for (let shift = 32n; shift > 0n; shift--) {
    const mult = ((US_PER_S << shift) + from / 2n) / from;
    if (mult >> accuracy === 0n) return { mult: Number(mult), shift: Number(shift) };
  }
  return { mult: Number((US_PER_S + from / 2n) / from), shift: 0 };
}

/** The exact frequency that a ratio stands for, Hz. */
export const kernelHz = ({ mult, shift }: Conversion): number => (1e9 * 2 ** shift) / mult;

/** One mult and shift, with every integer kHz that leads to it (for a fast counter, more than one does). */
export interface Candidate extends Conversion {
  readonly khz: readonly number[];
  readonly hz: number;
}

/** No counter below 9 GHz gets a smaller mult. */
const LEAST_MULT = 2 ** 20;

/** No interval that is worth searching holds more kHz than this. */
const MOST_KHZ = 10_000;

/**
 * The ratios that a kernel could use whose exact frequency lies within [low, high] Hz.
 *
 * @returns null where the interval is too wide to say anything.
 */
export function candidatesWithin(low: number, high: number): Candidate[] | null {
  // mult is rounded: its exact frequency may be half a step of it away from the integer.
  const margin = 1 + Math.ceil(high / 1000 / LEAST_MULT);
  const from = Math.max(1, Math.floor(low / 1000) - margin);
  const to = Math.ceil(high / 1000) + margin;
  if (!(to - from <= MOST_KHZ)) return null;
  const byMult = new Map<number, Candidate & { khz: number[] }>();
  for (let khz = from; khz <= to; khz++) {
    const ratio = multShift(khz);
    const hz = kernelHz(ratio);
    if (hz < low || hz > high) continue;
    const known = byMult.get(ratio.mult);
    if (known === undefined) byMult.set(ratio.mult, { ...ratio, hz, khz: [khz] });
    else known.khz.push(khz);
  }
  return [...byMult.values()];
}

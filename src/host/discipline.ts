import { type Adjtimex, native } from '../native.ts';

// Bits of adjtimex(2)'s status, and the state that it returns.
const STA_UNSYNC = 0x40;
const STA_CLOCKERR = 0x1000;
export const STA_NANO = 0x2000;
const TIME_ERROR = 5;

/** User-space ticks in a second; 100 on every x86 kernel. */
const USER_HZ = 100;
const NO_CORRECTION_TICK = 1e6 / USER_HZ;

/** The kernel accepts a tick within a tenth of the nominal one and 500 ppm of frequency: anything beyond was not read from it. */
const TICKS = [9_000, 11_000] as const;
const MOST_FREQ = 500 * 65_536;

/** Whether these are numbers that the kernel can have given. */
const isPossible = ({ tick, freq, maxErrorUs, estErrorUs }: Adjtimex): boolean =>
  tick >= TICKS[0] && tick <= TICKS[1] && Math.abs(freq) <= MOST_FREQ && maxErrorUs >= 0 && estErrorUs >= 0;

/** At this maxerror the kernel itself gives up (NTP_PHASE_LIMIT): the last correction is nine hours old. */
const MOST_MAX_ERROR_US = 16_000_000;

/** How much faster than the raw clock the kernel lets its other clocks run, a ratio: of tick and freq together. */
export const correctionOf = ({ tick, freq }: Pick<Adjtimex, 'tick' | 'freq'>): number =>
  tick / NO_CORRECTION_TICK - 1 + freq / (65_536 * 1e6);

/**
 * What disciplines the kernel's clock:
 * - `told`: something disciplines it and tells the kernel so;
 * - `untold`: it is corrected, and the kernel is not told that it is synchronised, as by chronyd without `rtcsync`;
 * - `failing`: the kernel itself reports an error or what cannot be, or nobody has corrected it for hours;
 * - `none`: nothing steers it.
 */
export type Discipline = 'told' | 'untold' | 'failing' | 'none';

/** What the kernel says of its own clock; null where that is refused. */
export function kernelClock(): Adjtimex | null {
  try {
    return native().readAdjtimex();
  } catch {
    return null;
  }
}

/** Judges state, status, maxerror, tick and freq together. */
export function disciplineOf(kernel: Adjtimex): Discipline {
  const { state, status, maxErrorUs } = kernel;
  if ((status & STA_CLOCKERR) !== 0 || !isPossible(kernel)) return 'failing';
  if ((status & STA_UNSYNC) !== 0) return correctionOf(kernel) === 0 ? 'none' : 'untold';
  return state === TIME_ERROR || maxErrorUs >= MOST_MAX_ERROR_US ? 'failing' : 'told';
}

import { readFileSync } from 'node:fs';
import { type Bracket, bracketAt, narrowestRow, newRows } from '../clock/bracket-rows.ts';
import { nativeWithTsc } from '../native.ts';
import { type Fact, factOf } from './fact.ts';

/** The kernel's own conversion of TSC cycles: ns = (cycles * mult) >> shift. */
export interface Conversion {
  readonly mult: number;
  readonly shift: number;
}

const PAGE = 4096n;
const WORDS = 512;
const MONOTONIC_RAW = 4;
const TRIES = 16;

/** The page is rewritten at every tick; one that was caught in the middle fits no reading. */
const ATTEMPTS = 4;

/** The TSC's mask as a clocksource; it stands before mult and shift in every layout (struct vdso_clock, vdso_data). */
const MASK = -1n;
const MOST_SHIFT = 32n;

/** cycle_last stands before the mask; since Linux 6.10 max_cycles may stand between the two. */
const CYCLE_LAST = [2, 3];

/** The times of day that follow mult and shift: 12 pairs of s and shifted ns, of which one is CLOCK_MONOTONIC_RAW's. */
const BASE_WORDS = 24;

const NS_PER_S = 1_000_000_000n;

/**
 * The conversion of CLOCK_MONOTONIC_RAW in a page that the kernel shares with its vDSO. Nothing is believed for its
 * place, which differs between kernels: of all words that might be a mult and a shift, those count from which, with a
 * cycle_last before and a base time behind them, the clock's reading in `bracket` follows to the nanosecond.
 *
 * @param bracket of CLOCK_MONOTONIC_RAW, taken just before or after.
 * @returns null where nothing in the page gives that reading.
 */
export function conversionIn(words: BigInt64Array, { before, ns, after }: Bracket): Conversion | null {
  const word = (at: number): bigint => words[at] ?? 0n;
  // From the end: the raw clock's own part stands behind that of the steered clocks, whose mult may be another.
  for (let at = words.length - 1; at > 3; at--) {
    const [mult, shift] = [BigInt.asUintN(32, word(at)), word(at) >> 32n];
    if (word(at - 1) !== MASK || mult === 0n || shift < 1n || shift > MOST_SHIFT) continue;
    for (const back of CYCLE_LAST) {
      const scaled = (tsc: bigint): bigint => BigInt.asIntN(64, tsc - word(at - back)) * mult;
      for (let base = at + 1; base < at + BASE_WORDS; base++) {
        const since = ((ns - word(base) * NS_PER_S) << shift) - word(base + 1);
        if (scaled(before) < since + (1n << shift) && scaled(after) >= since)
          return { mult: Number(mult), shift: Number(shift) };
      }
    }
  }
  return null;
}

/** Where the kernel maps the pages that its vDSO reads the time from. */
export function vvarPages(maps: string): bigint[] {
  const range = /^([0-9a-f]+)-([0-9a-f]+) .* \[vvar\]$/m.exec(maps);
  if (range === null) return [];
  const [from, to] = [BigInt(`0x${range[1]}`), BigInt(`0x${range[2]}`)];
  return Array.from({ length: Number((to - from) / PAGE) }, (_, i) => from + BigInt(i) * PAGE);
}

/**
 * What the kernel's vDSO makes CLOCK_MONOTONIC_RAW of the TSC by, from the page itself, which every process may read.
 * The addon has the kernel copy it, so that a page that is not there is an error and no signal.
 */
export const vvarConversion = (): Fact<Conversion> =>
  factOf('vvar page', () => {
    const pages = vvarPages(readFileSync('/proc/self/maps', 'latin1'));
    if (pages.length === 0) throw new Error('the kernel maps none into this process');
    const addon = nativeWithTsc();
    const rows = newRows(TRIES);
    const words = new BigInt64Array(WORDS);
    let readable = 0;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      for (const page of pages) {
        addon.readBrackets(MONOTONIC_RAW, false, rows);
        try {
          addon.peek(page, words);
        } catch {
          // A page of a clocksource that is not in use, or of the time namespace that this process is not in.
          continue;
        }
        readable++;
        const found = conversionIn(words, bracketAt(rows, narrowestRow(rows)));
        if (found !== null) return found;
      }
    }
    throw new Error(
      readable === 0
        ? 'no page of it may be read'
        : 'nothing in it gives the readings of monotonic_raw: another clocksource, or a layout that is not known',
    );
  });

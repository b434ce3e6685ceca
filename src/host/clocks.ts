import { bracketAt, newRows, ROW } from '../clock/bracket-rows.ts';
import { type Native, nativeWithTsc } from '../native.ts';
import { median } from '../statistics.ts';
import { clocksourceFacts } from './clocksource.ts';
import { disciplineOf, kernelClock } from './discipline.ts';
import { type Fact, reasonOf } from './fact.ts';

/** One clock of the kernel, as a program meets it. */
export interface ClockFacts {
  readonly name: ClockName;
  readonly readable: boolean;
  /** What clock_getres says. */
  readonly resolutionNs: number | null;
  /** Median time of one read. */
  readonly readNs: number | null;
  /** True where the vDSO does not serve this clock and each read enters the kernel. */
  readonly syscallFallback: boolean | null;
  /** False where the clock is made from the TSC, so that comparing the two says nothing about the crystal. */
  readonly independent: boolean | null;
  readonly reason: string | null;
}

/** The CLOCK_* numbers of <linux/time.h>. */
export const CLOCK_IDS = {
  realtime: 0,
  monotonic: 1,
  monotonic_raw: 4,
  realtime_coarse: 5,
  monotonic_coarse: 6,
  boottime: 7,
  tai: 11,
} as const;

/** A clock by the name that flags and documents use. */
export type ClockName = keyof typeof CLOCK_IDS;

/** All of them, in the order in which they are shown. */
export const CLOCK_NAMES = Object.keys(CLOCK_IDS) as ClockName[];

const ROWS = 64;

/** Median window of one clock's brackets, ns, by the vDSO or by the system call. */
function medianReadNs(addon: Native, clockId: number, bySyscall: boolean): number {
  const rows = newRows(ROWS);
  const raw = newRows(1);
  // The TSC and the raw clock before and after: how long a tick lasts, to a per cent or so.
  addon.readBrackets(CLOCK_IDS.monotonic_raw, false, raw);
  const first = bracketAt(raw, 0);
  for (let round = 0; round < ROUNDS; round++) addon.readBrackets(clockId, bySyscall, rows);
  addon.readBrackets(CLOCK_IDS.monotonic_raw, false, raw);
  const last = bracketAt(raw, 0);
  const nsPerTick = Number(last.ns - first.ns) / Number(last.before - first.before);
  const windows = Array.from({ length: ROWS }, (_, i) => bracketAt(rows, i * ROW));
  return median(windows.map(({ before, after }) => Number(after - before))) * nsPerTick;
}

/** The first rounds warm the caches; a few together last long enough to tell a tick's length by. */
const ROUNDS = 4;

/** A vDSO read costs a fraction of a system call; a ratio above this means that it fell back to one. */
const FALLBACK_RATIO = 0.7;

/**
 * Whether the clock can tell anything about the TSC that the TSC did not tell it.
 *
 * @param steered true where an outside reference steers the clock (NTP or PTP, by adjtimex).
 */
function independence(
  name: ClockName,
  derived: Fact<boolean>,
  steered: boolean,
): Pick<ClockFacts, 'independent' | 'reason'> {
  if (derived.value === null) return { independent: null, reason: derived.reason };
  if (!derived.value) return { independent: true, reason: derived.source };
  if (steered && name !== 'monotonic_raw') {
    return {
      independent: true,
      reason: `${derived.source}, but its rate is steered to an outside reference`,
    };
  }
  return { independent: false, reason: derived.source };
}

function clockFacts(addon: Native, name: ClockName, derived: Fact<boolean>, steered: boolean): ClockFacts {
  const id = CLOCK_IDS[name];
  try {
    const readNs = medianReadNs(addon, id, false);
    return {
      name,
      readable: true,
      resolutionNs: Number(addon.clockResolution(id)),
      readNs,
      syscallFallback: readNs > FALLBACK_RATIO * medianReadNs(addon, id, true),
      ...independence(name, derived, steered),
    };
  } catch (error) {
    return unreadable(name, reasonOf(error));
  }
}

const unreadable = (name: ClockName, reason: string): ClockFacts => ({
  name,
  readable: false,
  resolutionNs: null,
  readNs: null,
  syscallFallback: null,
  independent: null,
  reason,
});

/** Reads each clock a few hundred times (under a millisecond in all). */
export function clocksFacts(): ClockFacts[] {
  try {
    const addon = nativeWithTsc();
    const { derivedFromTsc } = clocksourceFacts();
    const kernel = kernelClock();
    const steered = kernel !== null && disciplineOf(kernel) !== 'none';
    return CLOCK_NAMES.map((name) => clockFacts(addon, name, derivedFromTsc, steered));
  } catch (error) {
    return CLOCK_NAMES.map((name) => unreadable(name, reasonOf(error)));
  }
}

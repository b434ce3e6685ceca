import { type Native, nativeWithTsc } from '../native.ts';
import { clocksourceFacts } from './clocksource.ts';
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

/** Median window of one clock's brackets in ns, by the vDSO or by the system call. */
function medianReadNs(addon: Native, clockId: number, bySyscall: boolean, tscHz: number): number {
  const rows = new BigInt64Array(ROWS * 4);
  addon.readBrackets(clockId, bySyscall, rows);
  addon.readBrackets(clockId, bySyscall, rows);
  const windows = Array.from({ length: ROWS }, (_, i) =>
    Number((rows[i * 4 + 2] ?? 0n) - (rows[i * 4] ?? 0n)),
  );
  windows.sort((a, b) => a - b);
  return ((windows[ROWS / 2] ?? 0) / tscHz) * 1e9;
}

/** The TSC's rate to a per mille, enough to print a read's cost. */
function roughTscHz(addon: Native): number {
  const rows = new BigInt64Array(4 * 4096);
  addon.readBrackets(CLOCK_IDS.monotonic_raw, false, rows);
  const last = rows.length - 4;
  const ticks = Number((rows[last] ?? 0n) - (rows[0] ?? 0n));
  const ns = Number((rows[last + 1] ?? 0n) - (rows[1] ?? 0n));
  return (ticks / ns) * 1e9;
}

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

function clockFacts(
  addon: Native,
  name: ClockName,
  tscHz: number,
  derived: Fact<boolean>,
  steered: boolean,
): ClockFacts {
  const id = CLOCK_IDS[name];
  try {
    const readNs = medianReadNs(addon, id, false, tscHz);
    return {
      name,
      readable: true,
      resolutionNs: Number(addon.clockResolution(id)),
      readNs,
      syscallFallback: readNs > FALLBACK_RATIO * medianReadNs(addon, id, true, tscHz),
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

const STA_UNSYNC = 0x40;

function steeredNow(addon: Native): boolean {
  try {
    return (addon.readAdjtimex().status & STA_UNSYNC) === 0;
  } catch {
    return false;
  }
}

/** Reads each clock a few hundred times (under a millisecond in all). */
export function clocksFacts(): ClockFacts[] {
  try {
    const addon = nativeWithTsc();
    const { derivedFromTsc } = clocksourceFacts();
    const tscHz = roughTscHz(addon);
    const steered = steeredNow(addon);
    return CLOCK_NAMES.map((name) => clockFacts(addon, name, tscHz, derivedFromTsc, steered));
  } catch (error) {
    return CLOCK_NAMES.map((name) => unreadable(name, reasonOf(error)));
  }
}

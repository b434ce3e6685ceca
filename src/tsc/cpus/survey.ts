import { fileText, reasonOf } from '../../host/fact.ts';
import { native } from '../../native.ts';

/** Words in one round: TSC here, TSC there, TSC here. */
const ROUND = 3;

/** Rounds with each CPU: enough that some pass between two undisturbed threads. */
const ROUNDS = 512;

/** What one exchange says about the other CPU's TSC, in ticks. */
export interface Exchange {
  /** TSC of the first CPU when the exchange began. */
  readonly at: bigint;
  /** Bounds of (other TSC - first TSC); crossed where a reading taken later was lower. */
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
  /** Rounds in which time was seen to go backwards from one CPU to the other. */
  readonly warps: number;
}

/** How two threads on two CPUs exchange their TSCs; the addon's, or a script's. */
export interface Exchanger {
  /** CPUs that this thread may run on. */
  readonly allowed: readonly number[];
  /** CPUs that are online, allowed or not. */
  readonly online: readonly number[];
  /** Rounds between a thread on the first allowed CPU and one on `cpu`. */
  exchange(cpu: number): BigInt64Array;
}

/**
 * Bounds the offset by every round: the other TSC was read after the first and before the last reading here.
 *
 * @returns null for no rounds.
 */
export function boundOffset(rows: BigInt64Array): Exchange | null {
  const at = rows[0];
  if (at === undefined) return null;
  let low = Number.NEGATIVE_INFINITY;
  let high = Number.POSITIVE_INFINITY;
  let warps = 0;
  for (let i = 0; i < rows.length; i += ROUND) {
    const [before = 0n, there = 0n, after = 0n] = rows.subarray(i, i + ROUND);
    const most = Number(there - before);
    const least = Number(there - after);
    if (most < 0 || least > 0) warps++;
    high = Math.min(high, most);
    low = Math.max(low, least);
  }
  return { at, low, high, rounds: rows.length / ROUND, warps };
}

/** "0-3,8" as the kernel writes lists of CPUs. */
export const parseCpuList = (text: string): number[] =>
  text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [from = 0, to = from] = part.split('-').map(Number);
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    });

/** The addon's exchange. It moves the calling thread to the first CPU for its duration, and back. */
export function hostExchanger(): Exchanger {
  const addon = native();
  const allowed = addon.getAffinity();
  return {
    allowed,
    online: parseCpuList(fileText('/sys/devices/system/cpu/online') ?? ''),
    exchange: (cpu) => {
      const rows = new BigInt64Array(ROUNDS * ROUND);
      addon.setAffinity(allowed.slice(0, 1));
      try {
        return rows.subarray(0, addon.exchangeTsc(cpu, rows) * ROUND);
      } finally {
        addon.setAffinity(allowed);
      }
    },
  };
}

/** One exchange with each CPU but the first; a failure keeps its reason. */
export type Survey = ReadonlyMap<number, Exchange | string>;

/** Exchanges TSCs with every other CPU that may be used. */
export function survey(exchanger: Exchanger): Survey {
  const found = new Map<number, Exchange | string>();
  for (const cpu of exchanger.allowed.slice(1)) {
    try {
      found.set(cpu, boundOffset(exchanger.exchange(cpu)) ?? 'no answer within 100 ms: the CPU is busy');
    } catch (error) {
      found.set(cpu, reasonOf(error));
    }
  }
  return found;
}

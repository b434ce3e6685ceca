import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { reasonOf } from '../../host/fact.ts';
import { native } from '../../native.ts';
import { ROW } from '../source.ts';
import type { NoReference, Reference } from './reference.ts';

/** The narrowest bracket of one burst: the PTP clock showed `ns` while the TSC was within [before, after]. */
export interface PtpMoment {
  readonly before: bigint;
  readonly ns: bigint;
  readonly after: bigint;
}

const TRIES = 64;

/** The clock of an open /dev/ptpN, as FD_TO_CLOCKID of <linux/posix-timers.h> makes it. */
const clockIdOf = (file: number): number => (~file << 3) | 3;

/** One PTP hardware clock, held open between its two bursts. */
export interface PtpClock {
  readonly name: string;
  moment(): PtpMoment;
  close(): void;
}

function clockName(device: string): string {
  try {
    return readFileSync(`/sys/class/ptp/${device}/clock_name`, 'utf8').trim();
  } catch {
    return 'unnamed';
  }
}

/** Opens the first PTP clock that can be read. */
export function openPtpClock(): PtpClock | NoReference {
  try {
    const addon = native();
    const reasons: string[] = [];
    for (const device of readdirSync('/dev')
      .filter((name) => /^ptp\d+$/.test(name))
      .sort()) {
      try {
        const file = openSync(`/dev/${device}`, 'r');
        const moment = () => narrowest((rows) => addon.readBrackets(clockIdOf(file), true, rows));
        return { name: `/dev/${device} (${clockName(device)})`, moment, close: () => closeSync(file) };
      } catch (error) {
        reasons.push(`/dev/${device}: ${reasonOf(error)}`);
      }
    }
    return { reason: reasons.join('; ') || 'PTP: there is no /dev/ptp*' };
  } catch (error) {
    return { reason: `PTP: ${reasonOf(error)}` };
  }
}

function narrowest(read: (rows: BigInt64Array) => void): PtpMoment {
  const rows = new BigInt64Array(TRIES * ROW);
  read(rows);
  let best: PtpMoment | null = null;
  for (let i = 0; i < rows.length; i += ROW) {
    const [before = 0n, ns = 0n, after = 0n] = rows.subarray(i, i + 3);
    if (best === null || after - before < best.after - best.before) best = { before, ns, after };
  }
  return best ?? { before: 0n, ns: 0n, after: 0n };
}

/**
 * The TSC's rate between two moments of a PTP clock, bounded by their windows. How true the clock itself is, this
 * cannot tell.
 */
export function ptpReference(name: string, first: PtpMoment, last: PtpMoment): Reference | NoReference {
  const elapsed = Number(last.ns - first.ns);
  if (elapsed <= 0) return { reason: `${name}: it does not advance` };
  const most = Number(last.after - first.before) / elapsed;
  const least = Number(last.before - first.after) / elapsed;
  const ticksPerNs = (most + least) / 2;
  return {
    trueHz: () => ticksPerNs * 1e9,
    errorRatio: (most - least) / 2 / ticksPerNs,
    name: `${name}, as far as that clock is true`,
  };
}

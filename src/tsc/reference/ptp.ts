import { closeSync, openSync, readdirSync } from 'node:fs';
import { type Bracket, bracketAt, narrowestRow, newRows } from '../../clock/bracket-rows.ts';
import { fileText, reasonOf } from '../../host/fact.ts';
import { native } from '../../native.ts';
import type { NoReference, Reference } from './reference.ts';

const TRIES = 64;

/** The clock of an open /dev/ptpN, as FD_TO_CLOCKID of <linux/posix-timers.h> makes it. */
const clockIdOf = (file: number): number => (~file << 3) | 3;

/** Names of clocks that a hypervisor or a cloud keeps true, as their drivers give them. */
const KEPT_TRUE = /kvm|hyperv|hyper-v|vmclock|vmware|ptp_vmw|^xen|^ena/i;

/** One PTP hardware clock, held open between its two bursts. */
export interface PtpClock {
  readonly name: string;
  /** Whether its name is that of a clock that somebody keeps true. */
  readonly keptTrue: boolean;
  /** The narrowest bracket of a burst. */
  read(): Bracket;
  close(): void;
}

function openPtpClock(device: string): PtpClock {
  const addon = native();
  const rows = newRows(TRIES);
  const clock = fileText(`/sys/class/ptp/${device}/clock_name`) ?? 'unnamed';
  const file = openSync(`/dev/${device}`, 'r');
  return {
    name: `/dev/${device} (${clock})`,
    keptTrue: KEPT_TRUE.test(clock),
    read: () => {
      addon.readBrackets(clockIdOf(file), true, rows);
      return bracketAt(rows, narrowestRow(rows));
    },
    close: () => closeSync(file),
  };
}

/** TAI and UTC are 37 s apart; a clock of a network card that nobody sets counts from 1970 or from when it was started. */
const MOST_APART_S = 120;

/** A PTP clock far from the time of day is one that nobody keeps; null where it is near, or its keeper is known. */
function strayReason({ name, keptTrue }: PtpClock, { ns }: Bracket, nowMs: number): string | null {
  const apartS = Math.abs(Number(ns) / 1e9 - nowMs / 1e3);
  if (keptTrue || apartS <= MOST_APART_S) return null;
  const apart = apartS < 172_800 ? `${Math.round(apartS)} s` : `${Math.round(apartS / 86_400)} days`;
  return `${name}: it is ${apart} from this host's time of day: nobody sets it`;
}

const numberOf = (device: string): number => Number(device.slice('ptp'.length));

/**
 * Starts to compare every PTP clock with the TSC: one burst now, one when it is asked to finish.
 *
 * @param open another way to a device, for tests.
 * @param nowMs the time of day, as Date.now() gives it.
 */
export function comparePtpClocks(
  devices: readonly string[] = readdirSync('/dev'),
  open: (device: string) => PtpClock = openPtpClock,
  nowMs: number = Date.now(),
): { finish(): Array<Reference | NoReference> } {
  const names = devices.filter((name) => /^ptp\d+$/.test(name)).sort((a, b) => numberOf(a) - numberOf(b));
  const started = names.map((device) => {
    const missing = (reason: string) => ({ keptTrue: false, finish: (): NoReference => ({ reason }) });
    let opened: PtpClock | null = null;
    try {
      const clock = open(device);
      opened = clock;
      const first = clock.read();
      const stray = strayReason(clock, first, nowMs);
      if (stray === null) return { keptTrue: clock.keptTrue, finish: () => finished(clock, first) };
      clock.close();
      return missing(stray);
    } catch (error) {
      opened?.close();
      return missing(`${opened?.name ?? `/dev/${device}`}: ${reasonOf(error)}`);
    }
  });
  // The sort is stable: those of one kind stay in the order of their numbers.
  started.sort((a, b) => Number(b.keptTrue) - Number(a.keptTrue));
  return {
    finish: () =>
      names.length === 0 ? [{ reason: 'PTP: there is no /dev/ptp*' }] : started.map((each) => each.finish()),
  };
}

function finished(clock: PtpClock, first: Bracket): Reference | NoReference {
  try {
    return ptpReference(clock.name, first, clock.read());
  } catch (error) {
    return { reason: `${clock.name}: ${reasonOf(error)}` };
  } finally {
    clock.close();
  }
}

/**
 * The TSC's rate between two moments of a PTP clock, bounded by their windows. How true the clock itself is, this
 * cannot tell.
 */
export function ptpReference(name: string, first: Bracket, last: Bracket): Reference | NoReference {
  const elapsed = Number(last.ns - first.ns);
  if (elapsed <= 0) return { reason: `${name}: it does not advance` };
  const most = Number(last.after - first.before) / elapsed;
  const least = Number(last.before - first.after) / elapsed;
  const ticksPerNs = (most + least) / 2;
  return {
    trueHz: () => ticksPerNs * 1e9,
    // Never 0: each reading is cut to whole ns.
    errorRatio: (most - least) / 2 / ticksPerNs + 1 / elapsed,
    name: `${name}, as far as that clock is true`,
  };
}

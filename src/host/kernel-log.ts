import { closeSync, constants, openSync, readSync } from 'node:fs';
import { systemCode } from '../errors.ts';
import { type Fact, factOf } from './fact.ts';

/** A record of /dev/kmsg is at most this long. */
const RECORD_BYTES = 8192;

/**
 * The kernel's ring of messages, one a record; reading it at its end would wait for the next one.
 *
 * @throws Error of the system where /dev/kmsg may not be opened.
 */
export function* kernelLog(): Generator<string> {
  const file = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(RECORD_BYTES);
  try {
    for (;;) {
      try {
        const length = readSync(file, buffer);
        if (length === 0) return;
        yield buffer.toString('utf8', 0, length);
      } catch (error) {
        // EPIPE: the record was overwritten before it was read; the next one may be there.
        if (systemCode(error) !== 'EPIPE') return;
      }
    }
  } finally {
    closeSync(file);
  }
}

/** One message of the kernel's own. */
interface KernelLine {
  /** Seconds after boot; null where the line does not say. */
  readonly atS: number | null;
  readonly text: string;
}

/** Facility of a record's priority: 0 is the kernel, any other is what a program wrote into /dev/kmsg. */
const facilityOf = (priority: number): number => priority >> 3;

/**
 * A record of /dev/kmsg ("priority,sequence,us,flags;text"), a line of dmesg ("[ 12.345678] text"), or bare text.
 *
 * @returns null for what the kernel did not write itself.
 */
export function kernelLine(record: string): KernelLine | null {
  const [first = ''] = record.split('\n', 1);
  const kmsg = /^(\d+),\d+,(\d+),[^;]*;(.*)$/.exec(first);
  if (kmsg !== null) {
    const [, priority, us, text = ''] = kmsg;
    return facilityOf(Number(priority)) === 0 ? { atS: Number(us) / 1e6, text } : null;
  }
  const dmesg = /^\[ *(\d+(?:\.\d+)?)\] ?(.*)$/.exec(first);
  return dmesg === null ? { atS: null, text: first } : { atS: Number(dmesg[1]), text: dmesg[2] ?? '' };
}

/** Boot goes through clocksources of its own on the way to the TSC; only the last switch counts. */
const SWITCHED = /switched to clocksource (\S+)/i;

/** What the kernel says where it doubts, corrects or gives up the TSC. */
const REMARKS = [
  /marking (tsc|clocksource '?tsc)/i,
  /\bskew is too large/i,
  /\btsc\b.*(unstable|warp|unreliable|not (synchroni[sz]ed|reliable)|disabled|went backwards|count with P0)/i,
  /tsc[ _]adjust/i,
  /tsc.*recalibrated|recalibrated.*tsc/i,
  /tsc freq.*(differs|check)/i,
  /fast tsc calibration failed|unable to calibrate against pit/i,
  /cpus? \S+ (ahead of|behind) cpu \S+ for clocksource '?tsc/i,
  /cs_name:.*tsc|wd_nsec|clocksource: .*(watchdog|read-back|override)/i,
  SWITCHED,
];

/** Lines of the kernel's that repeat what somebody else wrote: names of processes, and the boot loader's words. */
const REPEATED = /^audit: |command line: |^(traps: )?.{1,16}\[\d+\]:? (segfault|trap|general protection)/i;

/** A remark of the kernel's own about the TSC. */
export interface KernelRemark {
  /** Seconds after boot; 0 where the line does not say. */
  readonly atS: number;
  readonly text: string;
}

/** Remarks kept: a kernel that doubts its TSC says it many times. */
const MOST_REMARKS = 20;

/** What the kernel itself said against the TSC, in its own words. */
export function tscRemarksIn(records: Iterable<string>): KernelRemark[] {
  const remarks: KernelRemark[] = [];
  for (const record of records) {
    const line = kernelLine(record);
    if (line === null || REPEATED.test(line.text) || !REMARKS.some((remark) => remark.test(line.text)))
      continue;
    const clocksource = SWITCHED.exec(line.text)?.[1];
    if (clocksource !== undefined) {
      const earlier = remarks.findIndex(({ text }) => SWITCHED.test(text));
      if (earlier >= 0) remarks.splice(earlier, 1);
      if (clocksource.startsWith('tsc')) continue;
    }
    if (remarks.length < MOST_REMARKS) remarks.push({ atS: line.atS ?? 0, text: line.text.trim() });
  }
  return remarks;
}

/** What it said against the TSC since it booted. */
export const tscRemarks = (): Fact<KernelRemark[]> => factOf('/dev/kmsg', () => tscRemarksIn(kernelLog()));

import { closeSync, constants, openSync, readSync } from 'node:fs';
import { systemCode } from '../../errors.ts';
import { reasonOf } from '../../host/fact.ts';
import { type Claim, noClaim } from './claim.ts';

const DETECTED = 'kernel log, "Detected"';
const REFINED = 'kernel log, "Refined"';

/** A record of /dev/kmsg is at most this long. */
const RECORD_BYTES = 8192;

/** The kernel's ring of messages, one a record; reading it at its end would wait for the next one. */
function* records(): Generator<string> {
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

/** The frequency that a line of the kernel's TSC code names, MHz; a "TSC" line counts more than a "processor" one. */
export function claimsInLog(lines: Iterable<string>): Claim[] {
  let processor: number | null = null;
  let detected: number | null = null;
  let refined: number | null = null;
  for (const line of lines) {
    const found =
      /tsc: (?:Detected ([\d.]+) MHz (processor|TSC)|Refined TSC clocksource calibration: ([\d.]+) MHz)/.exec(
        line,
      );
    if (found === null) continue;
    if (found[3] !== undefined) refined = Number(found[3]);
    else if (found[2] === 'TSC') detected = Number(found[1]);
    else processor = Number(found[1]);
  }
  const claim = (source: string, megahertz: number | null, reason: string, missing: string): Claim =>
    megahertz === null ? noClaim(source, missing) : { source, hz: megahertz * 1e6, reason };
  return [
    claim(
      DETECTED,
      detected ?? processor,
      'what the kernel found early at boot, in whole kHz',
      'no such line; the log may have been overwritten',
    ),
    claim(
      REFINED,
      refined,
      'what the kernel measured against another timer over the first second',
      'no such line: the kernel trusts its source, or the log was overwritten',
    ),
  ];
}

/** What the kernel printed about the TSC while it booted. */
export function kernelLogClaims(): Claim[] {
  try {
    return claimsInLog(records());
  } catch (error) {
    const reason = `/dev/kmsg: ${reasonOf(error)}`;
    return [noClaim(DETECTED, reason), noClaim(REFINED, reason)];
  }
}

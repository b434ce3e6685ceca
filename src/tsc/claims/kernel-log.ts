import { factOf } from '../../host/fact.ts';
import { kernelLine, kernelLog } from '../../host/kernel-log.ts';
import { type Claim, noClaim } from './claim.ts';

const DETECTED = 'kernel log, "Detected"';
const REFINED = 'kernel log, "Refined"';

const FREQUENCY =
  /(?:^|tsc: )(?:Detected (\d+(?:\.\d+)?) MHz (processor|TSC)|Refined TSC clocksource calibration: (\d+(?:\.\d+)?) MHz)/;

/** The frequency that the kernel's own TSC code names, MHz; a "TSC" line counts more than a "processor" one. */
export function claimsInLog(records: Iterable<string>): Claim[] {
  let processor: number | null = null;
  let detected: number | null = null;
  let refined: number | null = null;
  for (const record of records) {
    const found = FREQUENCY.exec(kernelLine(record)?.text ?? '');
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

/** What the kernel printed about the TSC's frequency while it booted. */
export function kernelLogClaims(): Claim[] {
  const claims = factOf('/dev/kmsg', () => claimsInLog(kernelLog()));
  return claims.value ?? [noClaim(DETECTED, claims.reason), noClaim(REFINED, claims.reason)];
}

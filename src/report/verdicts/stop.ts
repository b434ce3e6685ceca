import type { StopResult, StopRow } from '../../schema/stop.ts';
import { formatNs } from '../../units.ts';
import { durationText } from '../svg/mark-text.ts';
import type { Verdict } from './verdict.ts';

/** How long a row took to catch up, measured or projected; null where it never does. */
export const recoveryOf = ({ recoveryNs, projected }: StopRow): number | null =>
  projected === null ? recoveryNs : projected.recoveryNs;

/** What a long stop would do to this host before the fix, and what the fix makes of it. */
export function stopVerdict({ lockupThreshold, rows, watchdogNs, simulated }: StopResult): Verdict {
  const about = 'Long stops';
  const sooner = [...lockupThreshold].sort((a, b) => a.atHostCost.stopNs - b.atHostCost.stopNs)[0];
  const clamped = rows.filter(({ policy }) => policy === 'clamp').sort((a, b) => b.stopNs - a.stopNs)[0];
  const lockup =
    sooner === undefined
      ? ''
      : `Under catch-up (Linux 4.18 to 6.18, on the preemption timer) a stop of ${formatNs(sooner.atHostCost.stopNs)} at a period of ` +
        `${durationText(sooner.periodNs)} takes as long as the watchdog allows (${durationText(watchdogNs)}): a hard lockup.`;
  const recovery = clamped === undefined ? null : recoveryOf(clamped);
  const fixed =
    clamped === undefined || recovery === null
      ? ''
      : `With clamp, the fix, ${durationText(clamped.stopNs)} take ${formatNs(recovery)} to recover from.`;
  const text = [simulated ? 'In virtual time.' : '', lockup, fixed].filter((part) => part !== '').join(' ');
  return {
    level: text === '' ? 'unknown' : 'note',
    about,
    text: text === '' ? 'No stop was measured.' : text,
  };
}

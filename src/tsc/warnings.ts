import type { CalibrateResult, ClockEvent } from '../schema/calibrate.ts';
import type { Warning } from '../schema/envelope.ts';
import { formatNs } from '../units.ts';

/** What a reader can do about each kind of event. */
const HINTS: Readonly<Record<ClockEvent['kind'], string>> = {
  step: 'Something set the time during the run (settimeofday, an NTP client at its start).',
  slew: 'An NTP client is correcting this clock; monotonic_raw is never slewed.',
  suspend: 'Keep the system awake while it is measured.',
  'counter-rate-change':
    'The TSC itself changed its speed: a migration to another host, or a TSC that is not invariant.',
  'counter-step': 'The virtual machine was paused, migrated or restored, or the TSC was written.',
  'counter-backwards':
    'The virtual machine was restored, or the TSCs of two CPUs differ; nothing may rely on it.',
  'clocksource-change': "The kernel's watchdog, or an administrator, chose another counter; see `dmesg`.",
};

const SHARE_NOTE = 'the rate is that of the longest stretch without one';

/** What a reader should doubt about a result. */
export function warningsOf({ events, clock }: CalibrateResult, wanders: boolean): Warning[] {
  const warnings = events.map(
    ({ atNs, kind, detail }): Warning => ({
      code: kind,
      message: `${formatNs(atNs)} into the run ${detail}; ${SHARE_NOTE}.`,
      hint: HINTS[kind],
    }),
  );
  if (wanders) {
    warnings.push({
      code: 'rate-wanders',
      message: `No single rate fits all brackets: ${clock} wanders against the TSC, and the rate is the mean over the run.`,
      hint: 'A disciplined clock, or a second oscillator, does so over minutes; `tscope drift` shows how.',
    });
  }
  return warnings;
}

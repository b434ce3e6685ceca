import type { KernelRemark } from '../host/kernel-log.ts';
import type { TscFacts } from '../host/tsc.ts';
import { formatNs } from '../units.ts';
import type { Warning } from '../warning.ts';
import type { CalibrateResult, ClockEvent, CpuTsc } from './result.ts';

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

const CONSEQUENCE = 'the rate is that of the longest part without a disturbance';

/** One warning for all events of a kind. */
function eventWarning(events: readonly ClockEvent[]): Warning[] {
  const [first] = events;
  if (first === undefined) return [];
  const when = `${formatNs(first.atNs)} into the run`;
  const times = events.length === 1 ? when : `${events.length} times, the first ${when}`;
  return [
    { code: first.kind, message: `${times}: ${first.detail}; ${CONSEQUENCE}.`, hint: HINTS[first.kind] },
  ];
}

/** What a reader should doubt about a result. */
export function warningsOf({ events, clock }: CalibrateResult, wanders: boolean): Warning[] {
  const kinds = [...new Set(events.map(({ kind }) => kind))];
  const warnings = kinds.flatMap((kind) => eventWarning(events.filter((event) => event.kind === kind)));
  if (!wanders) return warnings;
  return [
    ...warnings,
    {
      code: 'rate-wanders',
      message: `No single rate fits all brackets: ${clock} wanders against the TSC, and the rate is the mean over the run.`,
      hint: 'A disciplined clock, or a second oscillator, does so over minutes; `tscope drift` shows how.',
    },
  ];
}

/** What the CPU itself says against its TSC. */
export function tscWarnings({ invariant }: Pick<TscFacts, 'invariant'>): Warning[] {
  if (invariant.value !== false) return [];
  return [
    {
      code: 'tsc-not-invariant',
      message: 'This CPU does not promise a TSC of constant rate: it may change with power states.',
      hint: 'Measure for longer, under the load that matters, and use the clock that the kernel chose.',
    },
  ];
}

/** What the kernel itself has said against the TSC. */
export function remarkWarnings(remarks: readonly KernelRemark[]): Warning[] {
  // A bug of the firmware that the kernel works around at boot is shown, and no doubt about the counter.
  const doubts = remarks.filter(({ text }) => !text.startsWith('[Firmware Bug]'));
  const [first] = doubts;
  if (first === undefined) return [];
  const more = doubts.length === 1 ? '' : ` (and ${doubts.length - 1} more)`;
  return [
    {
      code: 'kernel-doubts-tsc',
      message: `The kernel said ${first.atS.toFixed(1)} s after boot: "${first.text}"${more}.`,
      hint: 'See `dmesg`; a TSC that the kernel gave up is no longer its clocksource.',
    },
  ];
}

/**
 * CPUs whose TSC is provably not that of the first one. (An interval for the offset that leaves out 0 is the same
 * thing: some reading taken later was lower.)
 */
export function cpuWarnings(cpus: readonly CpuTsc[]): Warning[] {
  const warped = cpus.filter(({ warps }) => warps > 0).map(({ cpu }) => cpu);
  if (warped.length === 0) return [];
  const [first] = cpus;
  return [
    {
      code: 'tsc-warp',
      message: `Time went backwards between CPU ${first?.cpu ?? 0} and CPU ${warped.join(', ')}: a TSC read later was lower.`,
      hint: 'Pin what reads the TSC to one CPU, or use a clock of the kernel.',
    },
  ];
}

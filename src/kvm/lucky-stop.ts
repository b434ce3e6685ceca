import type { Control } from '../clock/control.ts';
import { NS_PER_S } from '../units.ts';
import { agreementOf } from './agreement.ts';
import type { KvmHost } from './host.ts';
import { pathOf, type TimerPath } from './path.ts';
import { predict } from './prediction.ts';
import { recordSigstop } from './record-sigstop.ts';
import { recordStop, type StopOptions } from './record-stop.ts';
import { findingOf } from './stop-finding.ts';
import type { StopKind, StopTrace } from './trace.ts';

/** Tries of a stop that is over soon; a long one is made once. */
const TRIES = 4;
const SOON_NS = 10 * NS_PER_S;

/** What KVM itself has done over the years; one of these is to predict what a guest sees. */
const KVM_POLICIES = ['independent', 'catch-up', 'clamp'] as const;

/**
 * Whether another try may well tell more. A stall of the host does it, one period is enough: on a fixed kernel it moves
 * the grid of any timer to a place of its own, and on one that catches up it costs the guest the preemption timer.
 */
function unlucky(trace: StopTrace, path: TimerPath, host: KvmHost): boolean {
  if (host.preemptionTimer === true && path === 'hrtimer') return true;
  const { grid } = findingOf(trace);
  if (trace.stop !== 'save-restore') {
    if (grid === 'unclear' || grid === 'other') return true;
    // A timer that runs on in userspace has no reason to start anew at the resume; by chance it may look so.
    if (grid === 'resume' && path === 'hrtimer') return true;
  }
  return !KVM_POLICIES.some(
    (policy) => agreementOf(trace, predict(trace, policy, path, host.tscKhz).deliveriesNs).agrees,
  );
}

/**
 * Records one stop, a few times where it was unlucky, and answers with the last.
 *
 * @param knownPath what an earlier stop showed; for SIGSTOP, during which nothing can be watched.
 * @returns null where the user asked to stop first; `missed` where no try could be measured.
 * @throws TscopeError UNSUPPORTED where this host cannot run the guest.
 */
export async function luckyStop(
  options: Omit<StopOptions, 'stop'> & { readonly stop: StopKind },
  host: KvmHost,
  knownPath: TimerPath,
  control: Control,
): Promise<StopTrace | null | 'missed'> {
  const { stop, ...common } = options;
  const most = options.stopNs <= SOON_NS ? TRIES : 1;
  for (let tries = 1; ; tries++) {
    const trace =
      stop === 'sigstop' ? await recordSigstop(common, control) : recordStop({ ...common, stop }, control);
    if (trace === null || trace === 'missed' || tries === most) return trace;
    const path = stop === 'sigstop' ? knownPath : pathOf(trace, host).path;
    if (!unlucky(trace, path, host)) return trace;
  }
}

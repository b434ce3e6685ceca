import { ktimeOf, tscOf } from '../../clock/time-source.ts';
import type { Delivery, LapicConfig } from '../../lapic/config.ts';
import { LapicTimer } from '../../lapic/kvm-timer.ts';
import { enterFromUserspace, programPeriodic } from '../../lapic/lapic-timer.ts';
import { type PolicyName, policies } from '../../lapic/policies.ts';
import { leaveGuest, type Outcome, runVcpu, Vcpu } from '../../lapic/vcpu.ts';
import type { Notes } from './notes.ts';
import type { StopHost } from './stop-host.ts';

/** One stop of one timer. */
export interface OneStop {
  readonly policy: PolicyName;
  readonly periodNs: bigint;
  readonly stopNs: bigint;
  readonly delivery: Delivery;
  readonly watchdogNs: bigint;
  /** How long the recovery is followed. */
  readonly limitNs: bigint;
  /** How long the guest handles one interrupt. */
  readonly handlingNs: bigint;
  /** Where in a period the guest is left, [0, 1). */
  readonly phase: number;
}

/** What was counted from leaving the guest to the end of the recovery. */
export interface Counts {
  /** hrtimer callbacks. */
  readonly callbacks: number;
  readonly vmExits: number;
  /** The one that waits for the next guest entry included. */
  readonly interrupts: number;
  readonly expirations: number;
}

/** A recovery as it was seen: times are ktime, ns. */
export interface Recovery {
  /** Why the loop ended, and whether it was followed for less than the watchdog allows. */
  readonly outcome: Outcome;
  readonly cut: boolean;
  readonly counts: Counts;
  /** The target when the guest was left, and at the end. */
  readonly targetBefore: bigint;
  readonly targetAfter: bigint;
  readonly returnedAt: bigint;
  readonly endedAt: bigint;
  readonly cycles: bigint;
  /** How long the timer's own time stood still. */
  readonly frozenNs: bigint;
  /** Interrupts still owed to the guest. */
  readonly owed: bigint;
  readonly hvTimerInUse: boolean;
}

/** Ticks after the recovery, to see the intervals between them. */
const TICKS_AFTER = 3n;

const countsOf = ({ timer, callbacks, vmExits }: Vcpu): Counts => ({
  callbacks,
  vmExits,
  interrupts: timer.irqs + timer.pending,
  expirations: timer.expirations,
});

const countsSince = (now: Counts, before: Counts): Counts => ({
  callbacks: now.callbacks - before.callbacks,
  vmExits: now.vmExits - before.vmExits,
  interrupts: now.interrupts - before.interrupts,
  expirations: now.expirations - before.expirations,
});

/** Nothing is late at `endedAt`, and nothing is owed. */
export const caughtUp = ({ targetAfter, endedAt, owed }: Recovery): boolean =>
  targetAfter >= endedAt && owed === 0n;

/**
 * Runs a timer into its stride, leaves the guest for the stop, and follows the recovery.
 *
 * Coalesced delivery: the vCPU leaves for userspace with its HV timer armed. Posted: there is no HV timer, and what
 * stops is the CPU that serves the hrtimer.
 *
 * From leaving to the last tick time goes on, so that whatever is computed in between would show as lag.
 *
 * @param host new for each stop; it writes to `notes`.
 * @returns null where the user asked to stop before the end.
 */
export function recover(host: StopHost, notes: Notes, config: LapicConfig, stop: OneStop): Recovery | null {
  const { periodNs, watchdogNs, limitNs, handlingNs } = stop;
  const timer = new LapicTimer(config, policies[stop.policy], host, stop.delivery);
  const cut = limitNs < watchdogNs;
  const vcpu = new Vcpu(timer, host, { watchdogNs: cut ? limitNs : watchdogNs, handlingNs });
  notes.clear(vcpu);
  const intoPeriod = BigInt(Math.floor(Number(periodNs) * stop.phase));
  programPeriodic(timer, periodNs);
  runVcpu(vcpu, timer.targetExpiration + periodNs + intoPeriod);

  const before = countsOf(vcpu);
  if (stop.delivery === 'coalesced') leaveGuest(vcpu);
  const leftAt = ktimeOf(host);
  const targetBefore = timer.targetExpiration;
  const { frozen } = timer;
  host.leap(stop.stopNs);
  host.read();
  const returnedAt = ktimeOf(host);
  const returnedTsc = tscOf(host);
  notes.begin(host.reading, timer.policy.reinjects);
  enterFromUserspace(timer);
  const frozenNs = frozen ? timer.targetExpiration - timer.remaining - leftAt : 0n;
  const outcome = runVcpu(vcpu, returnedAt + limitNs, 'caught-up');
  notes.end();
  if (outcome === 'aborted') return null;

  // The loop's own last reading: another one could be late, and would not fit the state.
  const recovery = {
    outcome,
    cut,
    counts: countsSince(countsOf(vcpu), before),
    targetBefore,
    targetAfter: timer.targetExpiration,
    returnedAt,
    endedAt: ktimeOf(host),
    cycles: BigInt.asUintN(64, tscOf(host) - returnedTsc),
    frozenNs,
    owed: timer.owed,
    hvTimerInUse: timer.hvTimerInUse,
  };
  if (caughtUp(recovery)) runVcpu(vcpu, recovery.endedAt + TICKS_AFTER * periodNs);
  return recovery;
}

import { ktimeOf, tscOf } from '../../clock/time-source.ts';
import type { LapicConfig } from '../../lapic/config.ts';
import { type Delivery, LapicTimer } from '../../lapic/lapic-timer.ts';
import { type PolicyName, policies } from '../../lapic/policies.ts';
import { programPeriodic } from '../../lapic/program-periodic.ts';
import { leaveGuest, type Outcome, runVcpu } from '../../lapic/run-vcpu.ts';
import { Vcpu } from '../../lapic/vcpu.ts';
import { enterFromUserspace } from '../../lapic/vcpu-transitions.ts';
import type { StopRow } from '../../schema/stop.ts';
import type { Notes } from './notes.ts';
import { catchUpNs } from './projection.ts';
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

/** One measured stop: a row without its statistics over runs. */
export type StopRun = Omit<StopRow, 'runs' | 'phaseShift' | 'recovery'>;

/** Ticks after the recovery, to see the intervals between them. */
const TICKS_AFTER = 3n;

/** `n` modulo `period`, never negative. */
const modulo = (n: bigint, period: bigint): bigint => ((n % period) + period) % period;

/** What a vCPU and its timer have counted so far. */
const countsOf = ({ timer, callbacks, vmExits }: Vcpu) => ({
  callbacks,
  vmExits,
  interrupts: timer.irqs,
  expirations: timer.expirations,
});
type Counts = ReturnType<typeof countsOf>;

const countsSince = (vcpu: Vcpu, before: Counts): Counts => {
  const now = countsOf(vcpu);
  return {
    callbacks: now.callbacks - before.callbacks,
    vmExits: now.vmExits - before.vmExits,
    interrupts: now.interrupts - before.interrupts,
    expirations: now.expirations - before.expirations,
  };
};

/** Lag at the clock's latest reading: of the target, and of interrupts that are owed. */
function behind({ timer, host }: Vcpu): bigint {
  const late = ktimeOf(host) - timer.targetExpiration;
  return (late > 0n ? late : 0n) + timer.owed * timer.period;
}

function endOf(outcome: Outcome, behindNs: bigint, cut: boolean): StopRow['ended'] {
  if (outcome === 'lockup') return cut ? 'budget' : 'watchdog';
  return outcome === 'time' && behindNs > 0n ? 'budget' : 'caught-up';
}

/** The totals at which a recovery that was cut would have ended, at its own mean pace. */
function projectionOf(counts: Counts, steps: number, elapsedNs: number, behindNs: number, periodNs: number) {
  const stepNs = steps > 0 ? elapsedNs / steps : Number.POSITIVE_INFINITY;
  const leftNs = catchUpNs(behindNs, periodNs, stepNs);
  const factor = leftNs === null ? null : 1 + leftNs / elapsedNs;
  // Only what happens once a step goes on; an exit that happened once will not happen again.
  const total = (count: number) =>
    factor === null ? null : Math.round(2 * count > steps ? count * factor : count);
  return {
    callbacks: total(counts.callbacks),
    vmExits: total(counts.vmExits),
    interrupts: total(counts.interrupts),
    recoveryNs: leftNs === null ? null : elapsedNs + leftNs,
  };
}

/**
 * Runs a timer, leaves the guest for the stop, and follows the recovery.
 *
 * Coalesced delivery: the vCPU leaves for userspace with its HV timer armed. Posted: there is no HV timer, and what
 * stops is the CPU that serves the hrtimer.
 *
 * @param host new for each stop; it writes to `notes`.
 * @returns null where the user asked to stop before the recovery's end.
 */
export function runStop(host: StopHost, notes: Notes, config: LapicConfig, stop: OneStop): StopRun | null {
  const { policy, periodNs, stopNs, delivery, watchdogNs, limitNs, handlingNs } = stop;
  const timer = new LapicTimer(config, policies[policy], host, delivery);
  const cut = limitNs < watchdogNs;
  const vcpu = new Vcpu(timer, host, { watchdogNs: cut ? limitNs : watchdogNs, handlingNs });
  programPeriodic(timer, periodNs);
  const intoPeriod = BigInt(Math.floor(Number(periodNs) * stop.phase));
  runVcpu(vcpu, timer.targetExpiration + periodNs + intoPeriod);

  notes.clear(vcpu);
  const before = countsOf(vcpu);
  if (delivery === 'coalesced') leaveGuest(vcpu);
  const leftAt = ktimeOf(host);
  const target = timer.targetExpiration;
  const { frozen } = timer;
  host.leap(stopNs);
  host.read();
  const returnedAt = ktimeOf(host);
  const returnedTsc = tscOf(host);
  notes.begin(host.reading);
  enterFromUserspace(timer);
  const frozenNs = frozen ? timer.targetExpiration - timer.remaining - leftAt : 0n;
  const outcome = runVcpu(vcpu, returnedAt + limitNs, 'caught-up');
  if (outcome === 'aborted') return null;

  // The loop's own last reading: another one could be late, and would not fit the state.
  const now = ktimeOf(host);
  const counts = countsSince(vcpu, before);
  const behindNs = behind(vcpu);
  const ended = endOf(outcome, behindNs, cut);
  const due = now - target - frozenNs;
  const missedPeriods = due < 0n ? 0 : Number(due / periodNs) + 1;
  const recoveryNs = Number(now - returnedAt);
  const recoveryCycles = Number(BigInt.asUintN(64, tscOf(host) - returnedTsc));
  const owed = Number(timer.owed);
  const { stepNs } = notes;
  const callbackNs =
    stepNs.count === 0 ? null : { p50: stepNs.percentile(0.5), p99: stepNs.percentile(0.99) };
  const projected =
    ended === 'caught-up'
      ? null
      : projectionOf(
          counts,
          timer.policy.reinjects ? counts.interrupts : counts.expirations,
          recoveryNs,
          Number(behindNs),
          Number(periodNs),
        );
  const phaseShiftNs = Number(modulo(timer.targetExpiration - target - frozenNs, periodNs));
  if (ended === 'caught-up') runVcpu(vcpu, now + TICKS_AFTER * periodNs);

  return {
    policy,
    periodNs: Number(periodNs),
    stopNs: Number(stopNs),
    ended,
    ...counts,
    missedPeriods,
    lostTicks: Math.max(0, missedPeriods - counts.interrupts - owed),
    recoveryNs,
    recoveryCycles,
    callbackNs,
    phaseShiftNs,
    frozenNs: Number(frozenNs),
    shortestIntervalNs: Number.isFinite(notes.shortestInterval) ? notes.shortestInterval : null,
    backendAfter: timer.hvTimerInUse ? 'hv' : 'sw',
    lockup: outcome === 'lockup' && (projected?.recoveryNs ?? Infinity) >= Number(watchdogNs),
    behindNs: Number(behindNs),
    projected,
  };
}

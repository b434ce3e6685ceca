import { catchUpNs } from '../../lapic/catch-up.ts';
import type { Delivery, LapicConfig } from '../../lapic/config.ts';
import { LapicTimer } from '../../lapic/kvm-timer.ts';
import { programPeriodic } from '../../lapic/lapic-timer.ts';
import { type PolicyName, policies } from '../../lapic/policies.ts';
import { type StopRecord, stopAndResume } from '../../lapic/scene.ts';
import { runVcpu, Vcpu } from '../../lapic/vcpu.ts';
import type { StopRow } from '../../schema/stop.ts';
import type { RecoveryLog, StopHost } from './host.ts';

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

/** Steps that are longer than all but one in a thousand were interrupted. */
const UNDISTURBED = 0.999;

/** `n` modulo `period`, never negative. */
const modulo = (n: bigint, period: bigint): bigint => ((n % period) + period) % period;

const since = (before: number, now: number): number => now - before;

/** The totals at which a recovery that was cut would have ended, at its own mean pace. */
function project(counts: Counts, steps: number, elapsedNs: number, behindNs: number, periodNs: number) {
  const leftNs = steps === 0 ? null : catchUpNs(behindNs, periodNs, elapsedNs / steps);
  // Only what happens once a step goes on; an exit that happened once will not happen again.
  const total = (count: number) =>
    leftNs === null ? null : Math.round(2 * count > steps ? count * (1 + leftNs / elapsedNs) : count);
  return {
    callbacks: total(counts.callbacks),
    vmExits: total(counts.vmExits),
    interrupts: total(counts.interrupts),
    recoveryNs: leftNs === null ? null : elapsedNs + leftNs,
  };
}

type Counts = Pick<StopRow, 'callbacks' | 'vmExits' | 'interrupts' | 'expirations'>;

/** What was counted from leaving the guest to the end of the recovery. */
const countsOf = ({ left, ended }: StopRecord): Counts => ({
  callbacks: since(left.callbacks, ended.callbacks),
  vmExits: since(left.vmExits, ended.vmExits),
  interrupts: since(left.interrupts, ended.interrupts),
  expirations: since(left.expirations, ended.expirations),
});

/**
 * Runs a timer into its stride, leaves the guest for the stop, and follows the recovery.
 *
 * Coalesced delivery: the vCPU leaves for userspace with its HV timer armed. Posted: there is no HV timer, and what
 * stops is the CPU that serves the hrtimer.
 *
 * From leaving to the last tick time goes on, so that whatever is computed in between would show as lag.
 *
 * @param host new for each stop; it writes to `log`.
 * @param look asked now and then in the middle of a recovery, with its ns so far; true ends it.
 * @returns null where `look` ended it.
 */
export function runStop(
  host: StopHost,
  log: RecoveryLog,
  config: LapicConfig,
  stop: OneStop,
  look: (elapsedNs: number) => boolean = () => false,
): StopRun | null {
  const { policy, periodNs, stopNs, watchdogNs, limitNs, handlingNs, delivery } = stop;
  const timer = new LapicTimer(config, policies[policy], host, delivery);
  const cut = limitNs < watchdogNs;
  const vcpu = new Vcpu(timer, host, { watchdogNs: cut ? limitNs : watchdogNs, handlingNs });
  const { reinjects } = timer.policy;
  log.clear(vcpu, look);
  const intoPeriod = BigInt(Math.floor(Number(periodNs) * stop.phase));
  programPeriodic(timer, periodNs);
  const record = stopAndResume(vcpu, {
    leaveAt: timer.targetExpiration + periodNs + intoPeriod,
    staysInGuest: delivery === 'posted',
    pass: () => {
      host.leap(stopNs);
      host.read();
      log.begin(host.reading, reinjects);
      host.resume(vcpu, limitNs);
    },
    followNs: limitNs,
    goal: 'caught-up',
  });
  log.end();
  const { outcome, left, resumed, ended } = record;
  if (outcome === 'aborted') return null;
  const { owed, frozenNs, hvTimerInUse } = timer;
  const inTime = ended.targetExpiration >= ended.ktime && owed === 0n;
  if (inTime) runVcpu(vcpu, ended.ktime + TICKS_AFTER * periodNs);

  const counts = countsOf(record);
  const due = ended.ktime - left.targetExpiration - frozenNs;
  const missedPeriods = due < 0n ? 0 : Number(due / periodNs) + 1;
  const late = ended.ktime > ended.targetExpiration ? ended.ktime - ended.targetExpiration : 0n;
  const behindNs = Number(late + owed * periodNs);
  const recoveryNs = Number(ended.ktime - resumed.ktime);
  const steps = reinjects ? counts.interrupts : Math.max(counts.callbacks, counts.vmExits);
  const caughtUp = outcome !== 'lockup' && inTime;
  const projected = caughtUp ? null : project(counts, steps, recoveryNs, behindNs, Number(periodNs));
  const { stepNs, shortestInterval } = log;
  return {
    policy,
    periodNs: Number(periodNs),
    stopNs: Number(stopNs),
    ended: caughtUp ? 'caught-up' : outcome === 'lockup' && !cut ? 'watchdog' : 'budget',
    ...counts,
    missedPeriods,
    lostTicks: Math.max(0, missedPeriods - counts.interrupts - Number(owed)),
    recoveryNs,
    recoveryCycles: Number(BigInt.asUintN(64, ended.tsc - resumed.tsc)),
    callbackNs:
      stepNs.count === 0
        ? null
        : { p50: stepNs.percentile(0.5), p99: stepNs.percentile(0.99), mean: stepNs.mean(UNDISTURBED) },
    phaseShiftNs: Number(modulo(ended.targetExpiration - left.targetExpiration - frozenNs, periodNs)),
    frozenNs: Number(frozenNs),
    shortestIntervalNs: Number.isFinite(shortestInterval) ? shortestInterval : null,
    backendAfter: hvTimerInUse ? 'hv' : 'sw',
    lockup: outcome === 'lockup' && (projected?.recoveryNs ?? Infinity) >= Number(watchdogNs),
    behindNs,
    projected,
  };
}

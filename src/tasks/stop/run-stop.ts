import type { LapicConfig } from '../../lapic/config.ts';
import { policies } from '../../lapic/policies.ts';
import type { StopRow } from '../../schema/stop.ts';
import type { Histogram } from '../histogram.ts';
import type { Notes } from './notes.ts';
import { catchUpNs } from './projection.ts';
import { caughtUp, type OneStop, type Recovery, recover } from './recover.ts';
import type { StopHost } from './stop-host.ts';

/** One measured stop: a row without its statistics over runs. */
export type StopRun = Omit<StopRow, 'runs' | 'phaseShift' | 'recovery'>;

/** `n` modulo `period`, never negative. */
const modulo = (n: bigint, period: bigint): bigint => ((n % period) + period) % period;

function endOf(recovery: Recovery): StopRow['ended'] {
  if (recovery.outcome === 'lockup') return recovery.cut ? 'budget' : 'watchdog';
  return caughtUp(recovery) ? 'caught-up' : 'budget';
}

/** The lag that is left, ns: of the target, and of the interrupts that are owed. */
function behind({ targetAfter, endedAt, owed }: Recovery, periodNs: bigint): number {
  const late = endedAt > targetAfter ? endedAt - targetAfter : 0n;
  return Number(late + owed * periodNs);
}

/** The totals at which a recovery that was cut would have ended, at its own mean pace. */
function project(
  { counts, endedAt, returnedAt }: Recovery,
  steps: number,
  behindNs: number,
  periodNs: number,
) {
  const elapsedNs = Number(endedAt - returnedAt);
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

/** Steps that are longer than all but one in a thousand were interrupted. */
const UNDISTURBED = 0.999;

const stepStatistics = (stepNs: Histogram): NonNullable<StopRow['callbackNs']> => ({
  p50: stepNs.percentile(0.5),
  p99: stepNs.percentile(0.99),
  mean: stepNs.mean(UNDISTURBED),
});

/** Runs one stop and describes its recovery; null where the user asked to stop before the end. */
export function runStop(host: StopHost, notes: Notes, config: LapicConfig, stop: OneStop): StopRun | null {
  const { policy, periodNs, stopNs, watchdogNs } = stop;
  const recovery = recover(host, notes, config, stop);
  if (recovery === null) return null;
  const { counts, targetBefore, targetAfter, frozenNs, endedAt, owed } = recovery;
  const due = endedAt - targetBefore - frozenNs;
  const missedPeriods = due < 0n ? 0 : Number(due / periodNs) + 1;
  const behindNs = behind(recovery, periodNs);
  const ended = endOf(recovery);
  const steps = policies[policy].reinjects ? counts.interrupts : Math.max(counts.callbacks, counts.vmExits);
  const projected = ended === 'caught-up' ? null : project(recovery, steps, behindNs, Number(periodNs));
  const { stepNs, shortestInterval } = notes;
  return {
    policy,
    periodNs: Number(periodNs),
    stopNs: Number(stopNs),
    ended,
    ...counts,
    missedPeriods,
    lostTicks: Math.max(0, missedPeriods - counts.interrupts - Number(owed)),
    recoveryNs: Number(endedAt - recovery.returnedAt),
    recoveryCycles: Number(recovery.cycles),
    callbackNs: stepNs.count === 0 ? null : stepStatistics(stepNs),
    phaseShiftNs: Number(modulo(targetAfter - targetBefore - frozenNs, periodNs)),
    frozenNs: Number(frozenNs),
    shortestIntervalNs: Number.isFinite(shortestInterval) ? shortestInterval : null,
    backendAfter: recovery.hvTimerInUse ? 'hv' : 'sw',
    lockup: recovery.outcome === 'lockup' && (projected?.recoveryNs ?? Infinity) >= Number(watchdogNs),
    behindNs,
    projected,
  };
}

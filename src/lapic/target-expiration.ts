import { ktimeOf, tscOf } from '../clock/time-source.ts';
import { readL1Tsc } from './guest-tsc.ts';
import type { LapicTimer } from './lapic-timer.ts';
import { advance, advanceOrNow, missedPeriods, nextOnGrid, restartWhenLate } from './policies.ts';
import { APIC_LVT_TIMER_PERIODIC } from './registers.ts';
import { nsecToCycles } from './time-scale.ts';

/** `tmict_to_ns`: what `count` timer ticks last at the current divide count; u64, wraps. */
const tmictToNs = (timer: LapicTimer, count: number): bigint =>
  BigInt.asUintN(64, BigInt(count) * BigInt(timer.config.busCycleNs) * BigInt(timer.divideCount));

/** `limit_periodic_timer_frequency`: keeps a guest from flooding the host with expiries. */
export function limitPeriodicTimerFrequency(timer: LapicTimer): void {
  if (timer.timerMode !== APIC_LVT_TIMER_PERIODIC || timer.period === 0n) return;
  const minimum = BigInt(timer.config.minTimerPeriodUs) * 1000n;
  if (timer.period < minimum) timer.period = minimum;
}

/** The delay of a restored timer: what TMCCT still had to count, within (0, period]. */
function restoredDelay(timer: LapicTimer): bigint {
  const left = BigInt.asIntN(64, tmictToNs(timer, timer.tmcct));
  if (left <= 0n) return timer.timerMode === APIC_LVT_TIMER_PERIODIC ? timer.period : 0n;
  return left > timer.period ? timer.period : left;
}

/**
 * `set_target_expiration`: programs both deadlines from TMICT, or from TMCCT where a restore goes on with a count.
 *
 * @returns false where TMICT is 0 and there is nothing to arm.
 */
export function setTargetExpiration(timer: LapicTimer, countRegister: 'tmict' | 'tmcct'): boolean {
  const { clock } = timer;
  clock.read();
  const tscl = tscOf(clock);
  clock.read();
  const now = ktimeOf(clock);
  timer.period = tmictToNs(timer, timer.tmict);
  if (timer.period === 0n) {
    timer.tscdeadline = 0n;
    return false;
  }
  limitPeriodicTimerFrequency(timer);
  const delay = countRegister === 'tmcct' ? restoredDelay(timer) : timer.period;
  timer.tscdeadline = readL1Tsc(timer, tscl) + nsecToCycles(timer.scale, delay);
  timer.targetExpiration = now + delay;
  return true;
}

/** `update_target_expiration`: a new divide count stretches what remains of the current period. */
export function updateTargetExpiration(timer: LapicTimer, oldDivisor: number): void {
  timer.period = tmictToNs(timer, timer.tmict);
  limitPeriodicTimerFrequency(timer);
  timer.clock.read();
  const now = ktimeOf(timer.clock);
  const remaining = remainingNs(timer, now);
  const rescaled = BigInt.asUintN(64, (remaining * BigInt(timer.divideCount)) / BigInt(oldDivisor));
  timer.tscdeadline += nsecToCycles(timer.scale, rescaled) - nsecToCycles(timer.scale, remaining);
  timer.targetExpiration = now + rescaled;
}

/** ns from `now` to the target; 0 once it is past. */
export function remainingNs(timer: LapicTimer, now: bigint): bigint {
  const remaining = BigInt.asIntN(64, timer.targetExpiration - now);
  return remaining < 0n ? 0n : remaining;
}

/**
 * The policy's rule. Each is called by name and stored by a statement of its own, because V8 puts a bigint on the heap
 * that comes out of a table's function, or out of one of several: 160 bytes for each of millions of callbacks.
 */
function moveTarget(timer: LapicTimer, now: bigint): void {
  const { period } = timer;
  switch (timer.policy.nextTarget) {
    case advance:
      timer.targetExpiration = advance(timer.targetExpiration, now, period);
      break;
    case advanceOrNow:
      timer.targetExpiration = advanceOrNow(timer.targetExpiration, now, period);
      break;
    case nextOnGrid:
      timer.targetExpiration = nextOnGrid(timer.targetExpiration, now, period);
      break;
    case restartWhenLate:
      timer.targetExpiration = restartWhenLate(timer.targetExpiration, now, period);
      break;
    default:
      timer.targetExpiration = timer.policy.nextTarget(timer.targetExpiration, now, period);
  }
}

/**
 * `advance_periodic_target_expiration`: moves both deadlines on from an expiry as the policy says. ktime is read
 * before the TSC. The period is not 0: every caller has checked.
 */
export function advancePeriodicTargetExpiration(timer: LapicTimer): void {
  const { clock, policy, period } = timer;
  clock.read();
  const now = ktimeOf(clock);
  timer.advances += 1;
  if (policy.reinjects) timer.owed += missedPeriods(timer.targetExpiration, now, period);
  moveTarget(timer, now);
  if (policy.tscDeadline === 'accumulated') {
    timer.tscdeadline += nsecToCycles(timer.scale, period);
  } else {
    syncTscdeadline(timer);
  }
}

/**
 * Computes the TSC deadline from the target by the clock's latest reading. A target that is past gives a negative
 * delta, and the unsigned deadline wraps far into the future: only `catch-up` comes to that.
 */
export function syncTscdeadline(timer: LapicTimer): void {
  const delta = BigInt.asIntN(64, timer.targetExpiration - ktimeOf(timer.clock));
  timer.tscdeadline = BigInt.asUintN(
    64,
    readL1Tsc(timer, tscOf(timer.clock)) + nsecToCycles(timer.scale, delta),
  );
}

import { ktimeOf, tscOf } from '../clock/time-source.ts';
import { apicTimerExpired } from './expiring.ts';
import { readL1Tsc } from './guest-tsc.ts';
import { cancelHvTimer } from './hv-timer.ts';
import type { LapicTimer } from './lapic-timer.ts';
import { APIC_LVT_TIMER_ONESHOT, APIC_LVT_TIMER_PERIODIC, APIC_LVT_TIMER_TSCDEADLINE } from './registers.ts';
import { advancePeriodicTargetExpiration } from './target-expiration.ts';

/** kHz times ns. */
const UNITS_PER_CYCLE = 1_000_000n;

/** `hrtimer_start` with an absolute expiry; the past is allowed and fires as soon as interrupts are on. */
function hrtimerStart(timer: LapicTimer, expires: bigint): void {
  timer.hrtimerExpires = expires;
  timer.hrtimerArmed = true;
}

/** `start_sw_period`: a target already past expires here, once, and a periodic timer moves on from it. */
function startSwPeriod(timer: LapicTimer): void {
  if (timer.period === 0n) return;
  timer.clock.read();
  if (ktimeOf(timer.clock) > timer.targetExpiration) {
    apicTimerExpired(timer);
    if (timer.timerMode === APIC_LVT_TIMER_ONESHOT) return;
    advancePeriodicTargetExpiration(timer);
  }
  hrtimerStart(timer, timer.targetExpiration);
}

/** `start_sw_tscdeadline`: the guest's deadline as ktime, early by the timer advance. */
function startSwTscdeadline(timer: LapicTimer): void {
  const { tscdeadline, clock } = timer;
  if (tscdeadline === 0n) return;
  clock.read();
  const now = ktimeOf(clock);
  const guestTsc = readL1Tsc(timer, tscOf(clock));
  const advanceNs = BigInt(timer.config.timerAdvanceNs);
  const ns =
    BigInt.asUintN(64, BigInt.asUintN(64, tscdeadline - guestTsc) * UNITS_PER_CYCLE) /
    BigInt(timer.config.guestTscKhz);
  if (tscdeadline > guestTsc && ns > advanceNs) hrtimerStart(timer, now + ns - advanceNs);
  else apicTimerExpired(timer);
}

/** `start_sw_timer`: the hrtimer instead of the preemption timer. */
export function startSwTimer(timer: LapicTimer): void {
  if (timer.hvTimerInUse) cancelHvTimer(timer);
  const mode = timer.timerMode;
  if (mode !== APIC_LVT_TIMER_PERIODIC && timer.pending !== 0) return;
  if (mode === APIC_LVT_TIMER_PERIODIC || mode === APIC_LVT_TIMER_ONESHOT) startSwPeriod(timer);
  else if (mode === APIC_LVT_TIMER_TSCDEADLINE) startSwTscdeadline(timer);
}

import { apicTimerExpired } from './expiring.ts';
import { cancelHvTimer, startHvTimer } from './hv-timer.ts';
import type { LapicTimer } from './lapic-timer.ts';
import { APIC_LVT_TIMER_ONESHOT, APIC_LVT_TIMER_PERIODIC } from './registers.ts';
import { startSwTimer } from './sw-timer.ts';
import { advancePeriodicTargetExpiration, setTargetExpiration } from './target-expiration.ts';

/** `restart_apic_timer`: the HV timer where it will have the deadline, else the software timer. */
export function restartApicTimer(timer: LapicTimer): void {
  if (timer.timerMode !== APIC_LVT_TIMER_PERIODIC && timer.pending !== 0) return;
  if (!startHvTimer(timer)) startSwTimer(timer);
}

/** `__start_apic_timer`: after the guest, or a restore, has programmed a count or a deadline. */
export function startApicTimer(timer: LapicTimer, countRegister: 'tmict' | 'tmcct' = 'tmict'): void {
  dropPending(timer);
  const counts = timer.timerMode === APIC_LVT_TIMER_PERIODIC || timer.timerMode === APIC_LVT_TIMER_ONESHOT;
  if (counts && !setTargetExpiration(timer, countRegister)) return;
  restartApicTimer(timer);
}

/** `cancel_apic_timer`: both backends stop, and an expiry that has not been injected is forgotten. */
export function cancelApicTimer(timer: LapicTimer): void {
  timer.hrtimerArmed = false;
  if (timer.hvTimerInUse) cancelHvTimer(timer);
  dropPending(timer);
}

function dropPending(timer: LapicTimer): void {
  timer.pending = 0;
  timer.owed = 0n;
}

/** `kvm_lapic_expired_hv_timer`: the preemption timer made the guest exit. */
export function expiredHvTimer(timer: LapicTimer): void {
  if (!timer.hvTimerInUse) return;
  apicTimerExpired(timer);
  cancelHvTimer(timer);
  if (timer.timerMode !== APIC_LVT_TIMER_PERIODIC || timer.period === 0n) return;
  advancePeriodicTargetExpiration(timer);
  restartApicTimer(timer);
}

/**
 * `apic_timer_fn`: the hrtimer's callback, in hard interrupt context.
 *
 * A period of 0 should be impossible here (the timer is cancelled before its period changes); restarting would run
 * for ever on an expiry that does not move, so it warns once and stops.
 */
export function apicTimerFn(timer: LapicTimer): void {
  if (!timer.hrtimerArmed) return;
  timer.hrtimerArmed = false;
  apicTimerExpired(timer);
  if (timer.timerMode !== APIC_LVT_TIMER_PERIODIC) return;
  if (timer.period === 0n) {
    timer.warnings = 1;
    return;
  }
  if (timer.inUserspace && timer.policy.inUserspace === 'gated') {
    timer.gated = true;
    return;
  }
  advancePeriodicTargetExpiration(timer);
  timer.hrtimerExpires =
    timer.policy.hrtimerRestart === 'target'
      ? timer.targetExpiration
      : BigInt.asIntN(64, timer.hrtimerExpires + timer.period);
  timer.hrtimerArmed = true;
}

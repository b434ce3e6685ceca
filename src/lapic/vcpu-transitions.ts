import { ktimeOf } from '../clock/time-source.ts';
import { restartApicTimer } from './apic-timer.ts';
import { cancelHvTimer } from './hv-timer.ts';
import type { LapicTimer } from './lapic-timer.ts';
import { APIC_LVT_TIMER_TSCDEADLINE } from './registers.ts';
import { startSwTimer } from './sw-timer.ts';
import { advancePeriodicTargetExpiration, remainingNs, syncTscdeadline } from './target-expiration.ts';

/** `kvm_arch_vcpu_blocking`: the preemption timer counts in the guest only, so a halted vCPU needs the hrtimer. */
export function blockVcpu(timer: LapicTimer): void {
  timer.hvTimerBeforeBlock = timer.hvTimerInUse;
  if (timer.hvTimerInUse) startSwTimer(timer);
}

/**
 * `kvm_arch_vcpu_unblocking`: back to the HV timer where the halt took it away. A timer that was on the software
 * timer before the halt stays there.
 */
export function unblockVcpu(timer: LapicTimer): void {
  if (timer.hvTimerBeforeBlock) restartApicTimer(timer);
  timer.hvTimerBeforeBlock = false;
}

/**
 * KVM_RUN returns to userspace. KVM does nothing to the timer: the hrtimer keeps running, the HV timer counts in
 * the guest only and falls behind.
 *
 * `freeze` stops either backend and keeps the remaining count, 0 if overdue; a TSC-deadline timer is not frozen,
 * because the guest's TSC is not.
 */
export function leaveForUserspace(timer: LapicTimer): void {
  timer.inUserspace = true;
  if (timer.policy.inUserspace !== 'frozen' || timer.timerMode === APIC_LVT_TIMER_TSCDEADLINE) return;
  if (!timer.hvTimerInUse && !timer.hrtimerArmed) return;
  timer.clock.read();
  timer.remaining = remainingNs(timer, ktimeOf(timer.clock));
  timer.frozen = true;
  timer.hrtimerArmed = false;
  if (timer.hvTimerInUse) cancelHvTimer(timer);
}

/**
 * KVM_RUN is called again. An HV timer that fell behind has its exit at the first entry.
 *
 * `freeze` goes on counting where it stopped; `gate` advances a timer whose hrtimer fired in the meantime. Both then
 * arm the HV timer first.
 */
export function enterFromUserspace(timer: LapicTimer): void {
  timer.inUserspace = false;
  if (timer.frozen) {
    timer.frozen = false;
    timer.clock.read();
    timer.targetExpiration = ktimeOf(timer.clock) + timer.remaining;
    syncTscdeadline(timer);
    restartApicTimer(timer);
  } else if (timer.gated) {
    timer.gated = false;
    advancePeriodicTargetExpiration(timer);
    restartApicTimer(timer);
  }
}

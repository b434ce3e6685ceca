import type { LapicTimer } from './lapic-timer.ts';
import {
  APIC_LVT_MASKED,
  APIC_LVT_TIMER_ONESHOT,
  APIC_LVT_TIMER_PERIODIC,
  APIC_LVT_TIMER_TSCDEADLINE,
} from './registers.ts';

/** `kvm_apic_inject_pending_timer_irqs`: one interrupt, unless masked; what is not periodic is then done with. */
function injectPendingTimerIrqs(timer: LapicTimer): void {
  if ((timer.lvtt & APIC_LVT_MASKED) === 0) deliver(timer);
  if (timer.timerMode === APIC_LVT_TIMER_TSCDEADLINE) {
    timer.tscdeadline = 0n;
  } else if (timer.timerMode === APIC_LVT_TIMER_ONESHOT) {
    timer.tscdeadline = 0n;
    timer.targetExpiration = 0n;
  }
}

/** A posted vector that the guest has not taken yet swallows the next one: IRR has one bit for each vector. */
function deliver(timer: LapicTimer): void {
  if (timer.delivery === 'posted') {
    if (timer.irr) return;
    timer.irr = true;
  }
  timer.irqs += 1;
}

/**
 * `apic_timer_expired`. Coalesced: any number of expiries before the next guest entry leave one `pending`. Posted:
 * the interrupt goes to the running guest at once and `pending` stays 0.
 *
 * Under a policy that reinjects, a periodic expiry that finds `pending` set is owed.
 */
export function apicTimerExpired(timer: LapicTimer): void {
  timer.expirations += 1;
  if (timer.pending !== 0) {
    if (timer.policy.reinjects && timer.timerMode === APIC_LVT_TIMER_PERIODIC) timer.owed += 1n;
    return;
  }
  if (timer.delivery === 'posted') injectPendingTimerIrqs(timer);
  else timer.pending = 1;
}

/**
 * `kvm_inject_apic_timer_irqs`, before a guest entry: delivers what is pending. An interrupt that is owed takes its
 * place, for the entry after the guest's acknowledge.
 */
export function injectApicTimerIrqs(timer: LapicTimer): void {
  if (timer.pending === 0) return;
  injectPendingTimerIrqs(timer);
  timer.pending = 0;
  if (timer.owed > 0n) {
    timer.owed -= 1n;
    timer.pending = 1;
  }
}

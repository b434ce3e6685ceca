import { tscOf } from '../clock/time-source.ts';
import { apicTimerExpired } from './expiring.ts';
import { hostCycles, readL1Tsc } from './guest-tsc.ts';
import { type LapicTimer, NO_HV_DEADLINE } from './lapic-timer.ts';
import { APIC_LVT_TIMER_PERIODIC } from './registers.ts';

/**
 * `vmx_set_hv_timer`: loads the preemption timer for `tscdeadline`. The deadline is unsigned, so one that wrapped is
 * far away and refused (-ERANGE), while one that is merely past has a delta of 0 and expires at once.
 *
 * @returns whether it is loaded, and whether it has expired already.
 */
function setHvTimer(timer: LapicTimer): 'running' | 'expired' | 'out-of-range' {
  timer.clock.read();
  const tscl = tscOf(timer.clock);
  const guestTsc = readL1Tsc(timer, tscl);
  const { tscdeadline, advanceCycles } = timer;
  let guestDelta = tscdeadline > guestTsc ? BigInt.asUintN(64, tscdeadline - guestTsc) : 0n;
  guestDelta = guestDelta > advanceCycles ? BigInt.asUintN(64, guestDelta - advanceCycles) : 0n;
  const delta = hostCycles(timer, guestDelta);
  if (delta === null) return 'out-of-range';
  if (delta >= timer.preemptionTimerRange) return 'out-of-range';
  timer.hvDeadlineTsc = BigInt.asUintN(64, tscl + delta);
  return delta === 0n ? 'expired' : 'running';
}

/** `cancel_hv_timer`. */
export function cancelHvTimer(timer: LapicTimer): void {
  timer.hvDeadlineTsc = NO_HV_DEADLINE;
  timer.hvTimerInUse = false;
}

/**
 * `start_hv_timer`. A periodic timer that has expired already stays armed: the next guest entry exits at once, and
 * that exit computes the next target.
 *
 * @returns false where the timer has to run in software.
 */
export function startHvTimer(timer: LapicTimer): boolean {
  if (!timer.config.hvTimer || timer.delivery === 'posted') return false;
  if (timer.tscdeadline === 0n) return false;
  const state = setHvTimer(timer);
  if (state === 'out-of-range') return false;
  timer.hvTimerInUse = true;
  timer.hrtimerArmed = false;
  if (timer.timerMode === APIC_LVT_TIMER_PERIODIC) return true;
  if (timer.pending !== 0) {
    cancelHvTimer(timer);
  } else if (state === 'expired') {
    apicTimerExpired(timer);
    cancelHvTimer(timer);
  }
  return true;
}

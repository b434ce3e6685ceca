import { ktimeOf } from '../clock/time-source.ts';
import { cancelApicTimer, restartApicTimer, startApicTimer } from './apic-timer.ts';
import type { LapicTimer } from './lapic-timer.ts';
import {
  APIC_LVT_TIMER_TSCDEADLINE,
  divideCountOf,
  lvttTimerMode,
  lvttWritable,
  tdcrWritable,
} from './registers.ts';
import { limitPeriodicTimerFrequency, remainingNs, updateTargetExpiration } from './target-expiration.ts';

/** `apic_update_lvtt`: going to or from TSC-deadline mode forgets what was programmed, all but the target. */
function updateLvtt(timer: LapicTimer): void {
  const mode = lvttTimerMode(timer.lvtt, timer.config.tscDeadlineTimer);
  if (mode === timer.timerMode) return;
  if ((timer.timerMode === APIC_LVT_TIMER_TSCDEADLINE) !== (mode === APIC_LVT_TIMER_TSCDEADLINE)) {
    cancelApicTimer(timer);
    timer.tmict = 0;
    timer.period = 0n;
    timer.tscdeadline = 0n;
  }
  timer.timerMode = mode;
  limitPeriodicTimerFrequency(timer);
}

/** A guest write to LVTT: vector, mask and mode. */
export function writeLvtt(timer: LapicTimer, value: number): void {
  timer.lvtt = lvttWritable(value, timer.config.tscDeadlineTimer);
  updateLvtt(timer);
}

/** A guest write to TMICT, the initial count; ignored in TSC-deadline mode. */
export function writeTmict(timer: LapicTimer, value: number): void {
  if (timer.timerMode === APIC_LVT_TIMER_TSCDEADLINE) return;
  cancelApicTimer(timer);
  timer.tmict = value;
  startApicTimer(timer);
}

/** A guest write to TDCR, the divide configuration: a running timer is rescaled. */
export function writeTdcr(timer: LapicTimer, value: number): void {
  const oldDivisor = timer.divideCount;
  timer.tdcr = tdcrWritable(value);
  timer.divideCount = divideCountOf(timer.tdcr);
  if (timer.divideCount === oldDivisor || timer.period === 0n) return;
  timer.hrtimerArmed = false;
  updateTargetExpiration(timer, oldDivisor);
  restartApicTimer(timer);
}

/** `kvm_set_lapic_tscdeadline_msr`: ignored outside TSC-deadline mode; 0 disarms. */
export function setTscdeadlineMsr(timer: LapicTimer, value: bigint): void {
  if (timer.timerMode !== APIC_LVT_TIMER_TSCDEADLINE) return;
  timer.hrtimerArmed = false;
  timer.tscdeadline = value;
  startApicTimer(timer);
}

/** `apic_get_tmcct`: the current count, u32; 0 while overdue and at exactly one period to go. */
export function readTmcct(timer: LapicTimer): number {
  if (timer.timerMode === APIC_LVT_TIMER_TSCDEADLINE) return 0;
  if (timer.tmict === 0 || timer.period === 0n) return 0;
  timer.clock.read();
  const ns = remainingNs(timer, ktimeOf(timer.clock)) % BigInt.asUintN(64, timer.period);
  const count = ns / (BigInt(timer.config.busCycleNs) * BigInt(timer.divideCount));
  return Number(BigInt.asUintN(32, count));
}

/** What KVM_GET_LAPIC saves of the timer. */
export interface SavedRegisters {
  readonly lvtt: number;
  readonly tmict: number;
  readonly tdcr: number;
  readonly tmcct: number;
}

/** `kvm_apic_get_state`: the registers, TMCCT computed. */
export function saveRegisters(timer: LapicTimer): SavedRegisters {
  return { lvtt: timer.lvtt, tmict: timer.tmict, tdcr: timer.tdcr, tmcct: readTmcct(timer) };
}

/**
 * `kvm_apic_set_state`: the remaining count goes on from now, whatever passed since the save, so that a migration
 * never makes a backlog.
 */
export function restoreRegisters(timer: LapicTimer, saved: SavedRegisters): void {
  timer.lvtt = saved.lvtt;
  timer.tmict = saved.tmict;
  timer.tdcr = saved.tdcr;
  timer.tmcct = saved.tmcct;
  cancelApicTimer(timer);
  updateLvtt(timer);
  timer.divideCount = divideCountOf(timer.tdcr);
  startApicTimer(timer, 'tmcct');
  timer.tmcct = 0;
}

// The timer of lapic.c, in the order of lapic.c; each function names its model there.

import { ktimeOf, tscOf } from '../clock/time-source.ts';
import { type LapicTimer, NO_HV_DEADLINE } from './kvm-timer.ts';
import {
  APIC_LVT_MASKED,
  APIC_LVT_TIMER_ONESHOT,
  APIC_LVT_TIMER_PERIODIC,
  APIC_LVT_TIMER_TSCDEADLINE,
  divideCountOf,
  lvttTimerMode,
  lvttWritable,
  tdcrByDivide,
  tdcrWritable,
} from './registers.ts';
import { hostCycles, nsecToCycles, readL1Tsc } from './time-scale.ts';

/** kHz times ns. */
const UNITS_PER_CYCLE = 1_000_000n;

/** Any vector will do; Linux guests use this one for the local timer. */
const LOCAL_TIMER_VECTOR = 0xec;

/** ns from `now` to the target; 0 once it is past. */
function remainingNs(timer: LapicTimer, now: bigint): bigint {
  const remaining = BigInt.asIntN(64, timer.targetExpiration - now);
  return remaining < 0n ? 0n : remaining;
}

/**
 * `apic_get_tmcct`: the current count, u32; 0 while overdue, at exactly one period to go, and in TSC-deadline mode, which
 * forgets both of what it looks at first.
 */
export function readTmcct(timer: LapicTimer): number {
  if (timer.tmict === 0 || timer.period === 0n) return 0;
  timer.clock.read();
  const ns = remainingNs(timer, ktimeOf(timer.clock)) % BigInt.asUintN(64, timer.period);
  const count = ns / (BigInt(timer.config.busCycleNs) * BigInt(timer.divideCount));
  return Number(BigInt.asUintN(32, count));
}

/** `limit_periodic_timer_frequency`: keeps a guest from flooding the host with expiries. */
function limitPeriodicTimerFrequency(timer: LapicTimer): void {
  if (timer.timerMode !== APIC_LVT_TIMER_PERIODIC || timer.period === 0n) return;
  const minimum = BigInt(timer.config.minTimerPeriodUs) * 1000n;
  if (timer.period < minimum) timer.period = minimum;
}

function dropPending(timer: LapicTimer): void {
  timer.pending = 0;
  timer.owed = 0n;
}

/** `cancel_apic_timer`: both backends stop, and an expiry that has not been injected is forgotten. */
function cancelApicTimer(timer: LapicTimer): void {
  timer.hrtimerArmed = false;
  cancelHvTimer(timer);
  dropPending(timer);
}

/** `apic_update_lvtt`: going to or from TSC-deadline mode forgets what was programmed, all but the target. */
function updateLvtt(timer: LapicTimer): void {
  const mode = lvttTimerMode(timer.lvtt, timer.config.tscDeadlineTimer);
  if ((timer.timerMode === APIC_LVT_TIMER_TSCDEADLINE) !== (mode === APIC_LVT_TIMER_TSCDEADLINE)) {
    cancelApicTimer(timer);
    timer.tmict = 0;
    timer.period = 0n;
    timer.tscdeadline = 0n;
  }
  timer.timerMode = mode;
  limitPeriodicTimerFrequency(timer);
}

/**
 * `kvm_apic_inject_pending_timer_irqs`: one interrupt, unless masked; what is not periodic is then done with. A vector
 * that the guest has not taken from its IRR swallows the next one.
 */
function injectPendingTimerIrqs(timer: LapicTimer): void {
  if ((timer.lvtt & APIC_LVT_MASKED) === 0 && !timer.irr) {
    timer.irr = timer.usesIrr;
    timer.interrupts += 1;
  }
  if (timer.timerMode === APIC_LVT_TIMER_TSCDEADLINE) {
    timer.tscdeadline = 0n;
  } else if (timer.timerMode === APIC_LVT_TIMER_ONESHOT) {
    timer.tscdeadline = 0n;
    timer.targetExpiration = 0n;
  }
}

/**
 * `apic_timer_expired`. Any number of expiries before the next guest entry leave one `pending`; with APICv those
 * outside the hrtimer's callback, and with posted delivery all, go to the guest at once instead.
 *
 * Under a policy that reinjects, a periodic expiry that finds `pending` set is owed.
 */
function apicTimerExpired(timer: LapicTimer, fromTimerFn: boolean): void {
  timer.expirations += 1;
  if (timer.pending !== 0) {
    if (timer.policy.reinjects && timer.timerMode === APIC_LVT_TIMER_PERIODIC) timer.owed += 1n;
    return;
  }
  if (timer.usesIrr && (timer.delivery === 'posted' || !fromTimerFn)) injectPendingTimerIrqs(timer);
  else timer.pending = 1;
}

/** `hrtimer_start` with an absolute expiry; the past is allowed and fires as soon as interrupts are on. */
function hrtimerStart(timer: LapicTimer, expires: bigint): void {
  timer.hrtimerExpires = expires;
  timer.hrtimerArmed = true;
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
  else apicTimerExpired(timer, false);
}

/** `tmict_to_ns`: what `count` timer ticks last at the current divide count; u64, wraps. */
const tmictToNs = (timer: LapicTimer, count: number): bigint =>
  BigInt.asUintN(64, BigInt(count) * BigInt(timer.config.busCycleNs) * BigInt(timer.divideCount));

/** `update_target_expiration`: a new divide count stretches what remains of the current period. */
function updateTargetExpiration(timer: LapicTimer, oldDivisor: number): void {
  timer.period = tmictToNs(timer, timer.tmict);
  limitPeriodicTimerFrequency(timer);
  timer.clock.read();
  const now = ktimeOf(timer.clock);
  const remaining = remainingNs(timer, now);
  const rescaled = BigInt.asUintN(64, (remaining * BigInt(timer.divideCount)) / BigInt(oldDivisor));
  timer.tscdeadline += nsecToCycles(timer.scale, rescaled) - nsecToCycles(timer.scale, remaining);
  timer.targetExpiration = now + rescaled;
}

/** The delay of a restored timer: what TMCCT still had to count, within (0, period]. */
function restoredDelay(timer: LapicTimer): bigint {
  const left = BigInt.asIntN(64, tmictToNs(timer, timer.tmcct));
  if (left <= 0n) return timer.timerMode === APIC_LVT_TIMER_PERIODIC ? timer.period : 0n;
  return left > timer.period ? timer.period : left;
}

/**
 * `set_target_expiration`: programs both deadlines from TMICT, or from TMCCT where a restore goes on with a count. The
 * TSC is read before ktime.
 *
 * @returns false where TMICT is 0 and there is nothing to arm.
 */
function setTargetExpiration(timer: LapicTimer, countRegister: 'tmict' | 'tmcct'): boolean {
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

/** Whole periods of lag at `now`: the expiries that an on-time timer would have had since its target. */
function missedPeriods({ targetExpiration, period }: LapicTimer, now: bigint): bigint {
  if (now <= targetExpiration || period === 0n) return 0n;
  return BigInt.asIntN(64, now - targetExpiration) / period;
}

/**
 * The policy's rule. Each result is stored by a statement of its own, because V8 puts a bigint on the heap that comes
 * out of one of several expressions: 160 bytes for each of millions of callbacks.
 */
function moveTarget(timer: LapicTimer, now: bigint): void {
  const { period } = timer;
  switch (timer.policy.rule) {
    case 'advance':
      timer.targetExpiration += period;
      break;
    case 'clamp':
      timer.targetExpiration += period;
      if (timer.targetExpiration < now) timer.targetExpiration = now;
      break;
    case 'skip':
      timer.targetExpiration += period * (missedPeriods(timer, now) + 1n);
      break;
    case 'delay':
      if (BigInt.asIntN(64, now - timer.targetExpiration) >= period) timer.targetExpiration = now + period;
      else timer.targetExpiration += period;
      break;
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
  if (policy.reinjects) timer.owed += missedPeriods(timer, now);
  moveTarget(timer, now);
  if (policy.tscDeadline === 'accumulated') timer.tscdeadline += nsecToCycles(timer.scale, period);
  else syncTscdeadline(timer);
}

/**
 * Computes the TSC deadline from the target by the clock's latest reading. A target that is past gives a negative
 * delta, and the unsigned deadline wraps far into the future: only `catch-up` comes to that.
 */
function syncTscdeadline(timer: LapicTimer): void {
  const delta = BigInt.asIntN(64, timer.targetExpiration - ktimeOf(timer.clock));
  timer.tscdeadline = BigInt.asUintN(
    64,
    readL1Tsc(timer, tscOf(timer.clock)) + nsecToCycles(timer.scale, delta),
  );
}

/** `start_sw_period`: a target already past expires here, once, and a periodic timer moves on from it. */
function startSwPeriod(timer: LapicTimer): void {
  if (timer.period === 0n) return;
  timer.clock.read();
  if (ktimeOf(timer.clock) > timer.targetExpiration) {
    apicTimerExpired(timer, false);
    if (timer.timerMode === APIC_LVT_TIMER_ONESHOT) return;
    advancePeriodicTargetExpiration(timer);
  }
  hrtimerStart(timer, timer.targetExpiration);
}

/** `cancel_hv_timer`. */
function cancelHvTimer(timer: LapicTimer): void {
  timer.hvDeadlineTsc = NO_HV_DEADLINE;
  timer.hvTimerInUse = false;
}

/**
 * `vmx_set_hv_timer` (vmx.c): loads the preemption timer for `tscdeadline`. The deadline is unsigned, so one that
 * wrapped is far away and refused (-ERANGE), while one that is merely past has a delta of 0 and expires at once.
 *
 * @returns host cycles until it fires, 0 where it has expired already; null where its counter cannot hold them.
 */
function setHvTimer(timer: LapicTimer): bigint | null {
  timer.clock.read();
  const tscl = tscOf(timer.clock);
  const guestTsc = readL1Tsc(timer, tscl);
  const { tscdeadline, advanceCycles } = timer;
  let guestDelta = tscdeadline > guestTsc ? BigInt.asUintN(64, tscdeadline - guestTsc) : 0n;
  guestDelta = guestDelta > advanceCycles ? BigInt.asUintN(64, guestDelta - advanceCycles) : 0n;
  const delta = hostCycles(timer, guestDelta);
  if (delta === null || delta >= timer.preemptionTimerRange) return null;
  timer.hvDeadlineTsc = BigInt.asUintN(64, tscl + delta);
  return delta;
}

/**
 * `start_hv_timer`. A periodic timer that has expired already stays armed: the next guest entry exits at once, and
 * that exit computes the next target.
 *
 * @returns false where the timer has to run in software.
 */
function startHvTimer(timer: LapicTimer): boolean {
  if (!timer.canUseHvTimer || timer.tscdeadline === 0n) return false;
  const delta = setHvTimer(timer);
  if (delta === null) return false;
  timer.hvTimerInUse = true;
  timer.hrtimerArmed = false;
  if (timer.timerMode === APIC_LVT_TIMER_PERIODIC) return true;
  if (timer.pending !== 0) {
    cancelHvTimer(timer);
  } else if (delta === 0n) {
    apicTimerExpired(timer, false);
    cancelHvTimer(timer);
  }
  return true;
}

/** `start_sw_timer`: the hrtimer instead of the preemption timer. */
function startSwTimer(timer: LapicTimer): void {
  cancelHvTimer(timer);
  const mode = timer.timerMode;
  if (mode !== APIC_LVT_TIMER_PERIODIC && timer.pending !== 0) return;
  if (mode === APIC_LVT_TIMER_PERIODIC || mode === APIC_LVT_TIMER_ONESHOT) startSwPeriod(timer);
  else if (mode === APIC_LVT_TIMER_TSCDEADLINE) startSwTscdeadline(timer);
}

/** `restart_apic_timer`: the HV timer where it will have the deadline, else the software timer. */
function restartApicTimer(timer: LapicTimer): void {
  if (timer.timerMode !== APIC_LVT_TIMER_PERIODIC && timer.pending !== 0) return;
  if (!startHvTimer(timer)) startSwTimer(timer);
}

/** `kvm_lapic_expired_hv_timer`: the preemption timer made the guest exit. */
export function lapicExpiredHvTimer(timer: LapicTimer): void {
  if (!timer.hvTimerInUse) return;
  apicTimerExpired(timer, false);
  cancelHvTimer(timer);
  if (timer.timerMode !== APIC_LVT_TIMER_PERIODIC || timer.period === 0n) return;
  advancePeriodicTargetExpiration(timer);
  restartApicTimer(timer);
}

/** `kvm_lapic_switch_to_hv_timer`: the halted vCPU runs again. */
export function lapicSwitchToHvTimer(timer: LapicTimer): void {
  restartApicTimer(timer);
}

/** `kvm_lapic_switch_to_sw_timer`: the preemption timer counts in the guest only, so a halted vCPU needs the hrtimer. */
export function lapicSwitchToSwTimer(timer: LapicTimer): void {
  if (timer.hvTimerInUse) startSwTimer(timer);
}

/** `__start_apic_timer`: after the guest, or a restore, has programmed a count or a deadline. */
function startApicTimer(timer: LapicTimer, countRegister: 'tmict' | 'tmcct' = 'tmict'): void {
  dropPending(timer);
  const counts = timer.timerMode === APIC_LVT_TIMER_PERIODIC || timer.timerMode === APIC_LVT_TIMER_ONESHOT;
  if (counts && !setTargetExpiration(timer, countRegister)) return;
  restartApicTimer(timer);
}

/** `kvm_lapic_reg_write`, APIC_LVTT: vector, mask and mode. */
export function writeLvtt(timer: LapicTimer, value: number): void {
  timer.lvtt = lvttWritable(value, timer.config.tscDeadlineTimer);
  updateLvtt(timer);
}

/** `kvm_lapic_reg_write`, APIC_TMICT, the initial count; ignored in TSC-deadline mode. */
export function writeTmict(timer: LapicTimer, value: number): void {
  if (timer.timerMode === APIC_LVT_TIMER_TSCDEADLINE) return;
  cancelApicTimer(timer);
  timer.tmict = value;
  startApicTimer(timer);
}

/** `kvm_lapic_reg_write`, APIC_TDCR, the divide configuration: a running timer is rescaled. */
export function writeTdcr(timer: LapicTimer, value: number): void {
  const oldDivisor = timer.divideCount;
  timer.tdcr = tdcrWritable(value);
  timer.divideCount = divideCountOf(timer.tdcr);
  if (timer.divideCount === oldDivisor || timer.period === 0n) return;
  timer.hrtimerArmed = false;
  updateTargetExpiration(timer, oldDivisor);
  restartApicTimer(timer);
}

/**
 * What a guest does to get an interrupt every `periodNs`: LVTT, TDCR with the smallest divide count under which the
 * count fits 32 bits, TMICT.
 *
 * @param periodNs a multiple of the bus cycle and that divide count.
 * @throws RangeError for a period that the registers cannot hold.
 */
export function programPeriodic(timer: LapicTimer, periodNs: bigint): void {
  for (const [divide, tdcr] of tdcrByDivide) {
    const tick = BigInt(timer.config.busCycleNs * divide);
    const count = periodNs / tick;
    if (count < 1n || count >= 2n ** 32n || count * tick !== periodNs) continue;
    writeLvtt(timer, APIC_LVT_TIMER_PERIODIC | LOCAL_TIMER_VECTOR);
    writeTdcr(timer, tdcr);
    writeTmict(timer, Number(count));
    return;
  }
  throw new RangeError(`a period of ${periodNs} ns does not fit the timer's 32-bit count`);
}

/** `kvm_set_lapic_tscdeadline_msr`: ignored outside TSC-deadline mode; 0 disarms. */
export function setLapicTscdeadlineMsr(timer: LapicTimer, value: bigint): void {
  if (timer.timerMode !== APIC_LVT_TIMER_TSCDEADLINE) return;
  timer.hrtimerArmed = false;
  timer.tscdeadline = value;
  startApicTimer(timer);
}

/**
 * `apic_timer_fn`: the hrtimer's callback, in hard interrupt context.
 *
 * A period of 0 should be impossible here (the timer is cancelled before its period changes); restarting would never
 * end on an expiry that does not move, so it warns once and stops.
 */
export function apicTimerFn(timer: LapicTimer): void {
  if (!timer.hrtimerArmed) return;
  timer.hrtimerArmed = false;
  apicTimerExpired(timer, true);
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

/** What KVM_GET_LAPIC saves of the timer. */
export interface SavedRegisters {
  readonly lvtt: number;
  readonly tmict: number;
  readonly tdcr: number;
  readonly tmcct: number;
}

/** `kvm_apic_get_state`: the registers, TMCCT computed. */
export function apicGetState(timer: LapicTimer): SavedRegisters {
  return { lvtt: timer.lvtt, tmict: timer.tmict, tdcr: timer.tdcr, tmcct: readTmcct(timer) };
}

/**
 * `kvm_apic_set_state`: the remaining count goes on from now, whatever passed since the save, so that a migration
 * never makes a backlog.
 */
export function apicSetState(timer: LapicTimer, saved: SavedRegisters): void {
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

/**
 * KVM_RUN returns to userspace. KVM does nothing to the timer: the hrtimer keeps running, the HV timer counts in
 * the guest only and falls behind.
 *
 * `freeze`, which no kernel has, stops either backend and keeps the remaining count, 0 if overdue; a TSC-deadline timer
 * is not frozen, because the guest's TSC is not.
 */
export function leaveForUserspace(timer: LapicTimer): void {
  timer.inUserspace = true;
  if (timer.policy.inUserspace !== 'frozen' || timer.timerMode === APIC_LVT_TIMER_TSCDEADLINE) return;
  if (!timer.hvTimerInUse && !timer.hrtimerArmed) return;
  timer.clock.read();
  timer.frozenAt = ktimeOf(timer.clock);
  timer.remaining = remainingNs(timer, timer.frozenAt);
  timer.frozen = true;
  timer.hrtimerArmed = false;
  cancelHvTimer(timer);
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
    const now = ktimeOf(timer.clock);
    timer.frozenNs += now - timer.frozenAt;
    timer.targetExpiration = now + timer.remaining;
    syncTscdeadline(timer);
    restartApicTimer(timer);
  } else if (timer.gated) {
    timer.gated = false;
    advancePeriodicTargetExpiration(timer);
    restartApicTimer(timer);
  }
}

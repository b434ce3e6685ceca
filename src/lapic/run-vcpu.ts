import { ktimeOf, tscOf } from '../clock/time-source.ts';
import { expiredHvTimer } from './apic-timer.ts';
import { hrtimerInterrupt } from './hrtimer-interrupt.ts';
import { takeInterrupt } from './take-interrupt.ts';
import { hrtimerDue, interruptWaits, type Vcpu } from './vcpu.ts';
import { blockVcpu, enterFromUserspace, leaveForUserspace, unblockVcpu } from './vcpu-transitions.ts';

/** Why a loop ended. */
export type Outcome =
  /** It is `until`. */
  | 'time'
  /** The next expiry is in the future and nothing is owed. */
  | 'caught-up'
  /** The hrtimer interrupt was not left for as long as the watchdog allows; the timer is as it was then. */
  | 'lockup'
  /** The host set `aborted`. */
  | 'aborted';

/** The next expiry is in the future, or there is none, and the guest is owed nothing. */
function caughtUp({ timer, host }: Vcpu): boolean {
  // An HV timer in the past has exited before this is asked.
  return timer.owed === 0n && !(timer.hrtimerArmed && timer.hrtimerExpires <= ktimeOf(host));
}

/** Runs the hrtimer interrupt if it is due. @returns false where it was not left. */
function serveHrtimer(vcpu: Vcpu): boolean {
  if (!hrtimerDue(vcpu)) return true;
  if (vcpu.inGuest && vcpu.timer.delivery === 'coalesced') vcpu.vmExits += 1;
  vcpu.inGuest = false;
  return hrtimerInterrupt(vcpu);
}

/**
 * Guest entry with an HV timer in use: one that has expired exits before the guest executes anything, so nothing
 * can be delivered on that entry; one exit for each missed period under `independent`. It fires at its deadline to
 * the cycle: that the counter's unit is 2^shift cycles is left out.
 *
 * @returns whether it exited.
 */
function exitAtOnce(vcpu: Vcpu): boolean {
  const { timer, host } = vcpu;
  if (!timer.hvTimerInUse || timer.hvDeadlineTsc > tscOf(host)) return false;
  vcpu.vmExits += 1;
  vcpu.inGuest = false;
  expiredHvTimer(timer);
  host.exitDone();
  return true;
}

/** The idle guest's HLT, and its end. @returns whether it halted or woke just now. */
function haltOrWake(vcpu: Vcpu): boolean {
  if (!vcpu.idle) return false;
  const wanted = !interruptWaits(vcpu) && ktimeOf(vcpu.host) >= vcpu.eoiAt;
  if (wanted === vcpu.halted) return false;
  vcpu.halted = wanted;
  if (wanted) blockVcpu(vcpu.timer);
  else unblockVcpu(vcpu.timer);
  return true;
}

/** Sets `wakeAt` to the next hrtimer interrupt, or to `until` where that is earlier. */
function wakeForHrtimer(vcpu: Vcpu, until: bigint): void {
  const { timer } = vcpu;
  vcpu.wakeAt = until;
  if (!timer.hrtimerArmed) return;
  if (timer.hrtimerExpires < vcpu.wakeAt) vcpu.wakeAt = timer.hrtimerExpires;
  if (vcpu.wakeAt < vcpu.hangUntil) vcpu.wakeAt = vcpu.hangUntil < until ? vcpu.hangUntil : until;
}

/** Lets time pass until whatever comes first. */
function waitForEvent(vcpu: Vcpu, until: bigint): void {
  const { timer, host } = vcpu;
  wakeForHrtimer(vcpu, until);
  const awaitsEoi = interruptWaits(vcpu) || (vcpu.idle && !vcpu.halted);
  if (awaitsEoi && vcpu.eoiAt < vcpu.wakeAt) vcpu.wakeAt = vcpu.eoiAt;
  if (timer.hvTimerInUse) host.waitUntilTsc(timer.hvDeadlineTsc, vcpu.wakeAt);
  else host.waitUntilKtime(vcpu.wakeAt);
}

/**
 * KVM_RUN, over and over: enters the guest, takes the exits and the host's timer interrupts, injects, halts and
 * wakes, until the ktime `until`.
 *
 * @param goal `caught-up` ends the loop as soon as the timer has no lag.
 */
export function runVcpu(vcpu: Vcpu, until: bigint, goal: 'time' | 'caught-up' = 'time'): Outcome {
  const { timer, host } = vcpu;
  enterFromUserspace(timer);
  while (!vcpu.aborted) {
    host.read();
    if (!serveHrtimer(vcpu)) return vcpu.aborted ? 'aborted' : 'lockup';
    // An overdue HV timer counts as lag, and `until` bounds the exits of `independent`.
    const exited = ktimeOf(host) < until && exitAtOnce(vcpu);
    if (exited) continue;
    takeInterrupt(vcpu);
    if (ktimeOf(host) >= until) return 'time';
    if (goal === 'caught-up' && caughtUp(vcpu)) return 'caught-up';
    if (haltOrWake(vcpu)) continue;
    vcpu.inGuest = !vcpu.halted;
    waitForEvent(vcpu, until);
  }
  return 'aborted';
}

/** KVM_RUN returns to userspace; a halt ends first. */
export function leaveGuest(vcpu: Vcpu): void {
  if (vcpu.halted) unblockVcpu(vcpu.timer);
  vcpu.halted = false;
  vcpu.inGuest = false;
  leaveForUserspace(vcpu.timer);
}

/** Userspace does something else until `until`, while the host goes on serving its timers. */
export function stayInUserspace(vcpu: Vcpu, until: bigint): Outcome {
  const { host } = vcpu;
  while (!vcpu.aborted) {
    host.read();
    if (!serveHrtimer(vcpu)) return vcpu.aborted ? 'aborted' : 'lockup';
    if (ktimeOf(host) >= until) return 'time';
    wakeForHrtimer(vcpu, until);
    host.waitUntilKtime(vcpu.wakeAt);
  }
  return 'aborted';
}

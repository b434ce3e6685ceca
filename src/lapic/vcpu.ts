import { ktimeOf, type TimeSource, tscOf, type Words } from '../clock/time-source.ts';
import type { LapicTimer } from './kvm-timer.ts';
import {
  apicTimerFn,
  enterFromUserspace,
  injectApicTimerIrqs,
  lapicExpiredHvTimer,
  lapicSwitchToHvTimer,
  lapicSwitchToSwTimer,
  leaveForUserspace,
} from './lapic-timer.ts';

/**
 * The time that a vCPU's loop runs in: real, real but moved forward, or virtual. The loop calls these and nothing
 * else; the last reading of the clock is then at most one step old.
 */
export interface VcpuHost extends TimeSource {
  /** One hrtimer callback has run, still in the interrupt. Virtual time pays for it; a measurement notes it. */
  callbackDone(): void;
  /** One exit of the HV timer has been handled; the guest is about to be entered. */
  exitDone(): void;
  /** The guest has taken an interrupt. */
  interruptTaken(): void;
  /** Lets time pass until `ktime`. May return early: the loop looks at the clock and asks again. */
  waitUntilKtime(ktime: bigint): void;
  /** Lets time pass until the TSC shows `tsc` or it is `ktime`, whichever is first. May return early. */
  waitUntilTsc(tsc: bigint, ktime: bigint): void;
}

/** How the host and the guest behave, beside the timer's own configuration. */
export interface VcpuOptions {
  /** `watchdog_thresh`: this long in one hrtimer interrupt is a hard lockup. Linux: 10 s. */
  readonly watchdogNs: bigint;
  /** From taking an interrupt to the guest's EOI; the next one waits for that. */
  readonly handlingNs: bigint;
  /** The guest halts whenever it has nothing to handle, as an idle one does; else it never halts. */
  readonly idle: boolean;
}

/** Linux's watchdog, and a guest that never halts and handles an interrupt in no time. */
export const vcpuDefaults: VcpuOptions = { watchdogNs: 10_000_000_000n, handlingNs: 0n, idle: false };

const WATCHDOG = 0;
const HANDLING = 1;
const EOI_AT = 2;
const HANG_UNTIL = 3;
const WAKE_AT = 4;
type VcpuWords = Words<
  typeof WATCHDOG | typeof HANDLING | typeof EOI_AT | typeof HANG_UNTIL | typeof WAKE_AT
>;
const LONG_AGO = -(2n ** 63n);

/** Passes over the expired timers before the interrupt gives up (`if (++retries < 3) goto retry`). */
const PASSES = 3;
/** The longest that a hang puts the next event off, ns. */
const LONGEST_HANG_NS = 100_000_000n;

/** One vCPU with its timer, on one CPU of the host: where it is, and what has been counted. */
export class Vcpu {
  readonly timer: LapicTimer;
  readonly host: VcpuHost;
  readonly idle: boolean;

  /** The guest executes instructions: not halted, not in userspace. */
  inGuest = false;
  halted = false;
  /** Set by a host that wants the loop to end; checked after every callback and exit. */
  aborted = false;

  /** Calls of `apicTimerFn` from the hrtimer interrupt. */
  callbacks = 0;
  /** Exits from the guest: one for each expired HV timer, one for each hrtimer interrupt that found it running. */
  vmExits = 0;
  hrtimerInterrupts = 0;
  /** hrtimer interrupts that gave up after three passes. */
  hangs = 0;

  readonly #words: VcpuWords;

  /** @param host the clock that `timer` was made with. */
  constructor(timer: LapicTimer, host: VcpuHost, options: Partial<VcpuOptions> = {}) {
    if (timer.clock !== host) throw new RangeError('the timer and its vCPU need the same clock');
    const { watchdogNs, handlingNs, idle } = { ...vcpuDefaults, ...options };
    this.timer = timer;
    this.host = host;
    this.idle = idle;
    this.#words = new BigInt64Array([watchdogNs, handlingNs, LONG_AGO, LONG_AGO, 0n]) as VcpuWords;
  }

  get watchdogNs(): bigint {
    return this.#words[WATCHDOG];
  }

  get handlingNs(): bigint {
    return this.#words[HANDLING];
  }

  /** ktime from which the guest can take another interrupt. */
  get eoiAt(): bigint {
    return this.#words[EOI_AT];
  }
  set eoiAt(ktime: bigint) {
    this.#words[EOI_AT] = ktime;
  }

  /** ktime before which no hrtimer interrupt comes, because the last one took too long. */
  get hangUntil(): bigint {
    return this.#words[HANG_UNTIL];
  }
  set hangUntil(ktime: bigint) {
    this.#words[HANG_UNTIL] = ktime;
  }

  /** ktime until which the loop waits. */
  get wakeAt(): bigint {
    return this.#words[WAKE_AT];
  }
  set wakeAt(ktime: bigint) {
    this.#words[WAKE_AT] = ktime;
  }
}

/** The hrtimer interrupt comes now, by the clock's latest reading. */
const hrtimerDue = ({ timer, host, hangUntil }: Vcpu): boolean =>
  timer.hrtimerArmed && timer.hrtimerExpires <= ktimeOf(host) && hangUntil <= ktimeOf(host);

/** An interrupt waits for the guest to take it. */
const interruptWaits = ({ timer }: Vcpu): boolean => timer.pending !== 0 || timer.irr;

/** Gives the guest the interrupt that waits, if one does and the last one has seen its EOI. */
function takeInterrupt(vcpu: Vcpu): void {
  const { timer } = vcpu;
  if (!interruptWaits(vcpu) || ktimeOf(vcpu.host) < vcpu.eoiAt) return;
  const before = timer.interrupts;
  injectApicTimerIrqs(timer);
  if (timer.usesIrr ? !timer.irr : timer.interrupts === before) return;
  timer.irr = false;
  vcpu.eoiAt = ktimeOf(vcpu.host) + vcpu.handlingNs;
  vcpu.host.interruptTaken();
}

/** `vcpu_block` (x86.c), its first half: the guest halts. */
export function vcpuBlock(timer: LapicTimer): void {
  timer.hvTimerBeforeBlock = timer.hvTimerInUse;
  lapicSwitchToSwTimer(timer);
}

/**
 * `vcpu_block`, its second half: back to the HV timer where the halt took it away. A timer that was on the software
 * timer before the halt stays there.
 */
export function vcpuUnblock(timer: LapicTimer): void {
  if (timer.hvTimerBeforeBlock) lapicSwitchToHvTimer(timer);
  timer.hvTimerBeforeBlock = false;
}

/**
 * `hrtimer_interrupt`: at most three passes over the expired timers. In each, the callback runs back to back while
 * the expiry is not after the time sampled when the pass began. If the next expiry is past even then, the next event
 * is put off by the time spent here, at most 100 ms, so that the CPU gets on with something else.
 *
 * @returns false where the watchdog fired, or the host wants to end, before it was left.
 */
export function hrtimerInterrupt(vcpu: Vcpu): boolean {
  const { timer, host, watchdogNs } = vcpu;
  const guestRunsElsewhere = timer.delivery === 'posted' && !timer.inUserspace;
  vcpu.hrtimerInterrupts += 1;
  host.read();
  const entryTime = ktimeOf(host);
  let now = entryTime;
  for (let pass = 1; pass <= PASSES; pass++) {
    while (timer.hrtimerArmed && timer.hrtimerExpires <= now) {
      apicTimerFn(timer);
      vcpu.callbacks += 1;
      if (guestRunsElsewhere) takeInterrupt(vcpu);
      host.callbackDone();
      if (BigInt.asIntN(64, ktimeOf(host) - entryTime) >= watchdogNs || vcpu.aborted) return false;
    }
    host.read();
    now = ktimeOf(host);
    if (!timer.hrtimerArmed || timer.hrtimerExpires > now) return true;
  }
  vcpu.hangs += 1;
  const spent = BigInt.asIntN(64, now - entryTime);
  vcpu.hangUntil = now + (spent > LONGEST_HANG_NS ? LONGEST_HANG_NS : spent);
  return true;
}

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
  lapicExpiredHvTimer(timer);
  host.exitDone();
  return true;
}

/** The idle guest's HLT, and its end. @returns whether it halted or woke just now. */
function haltOrWake(vcpu: Vcpu): boolean {
  if (!vcpu.idle) return false;
  const wanted = !interruptWaits(vcpu) && ktimeOf(vcpu.host) >= vcpu.eoiAt;
  if (wanted === vcpu.halted) return false;
  vcpu.halted = wanted;
  if (wanted) vcpuBlock(vcpu.timer);
  else vcpuUnblock(vcpu.timer);
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
  // Left in a halt: what is overdue on the HV timer is so on the hrtimer now.
  if (vcpu.halted && timer.hvTimerInUse && !interruptWaits(vcpu)) vcpuBlock(timer);
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

/**
 * KVM_RUN returns to userspace. That ends `vcpu_block`, so the HV timer is back; but the vCPU stays
 * KVM_MP_STATE_HALTED, and the next KVM_RUN blocks again before it enters the guest.
 */
export function leaveGuest(vcpu: Vcpu): void {
  if (vcpu.halted) vcpuUnblock(vcpu.timer);
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

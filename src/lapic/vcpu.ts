import { ktimeOf, type TimeSource } from '../clock/time-source.ts';
import type { LapicTimer } from './lapic-timer.ts';

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
const LONG_AGO = -(2n ** 63n);

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

  readonly #words: BigInt64Array;

  /** @param host the clock that `timer` was made with. */
  constructor(timer: LapicTimer, host: VcpuHost, options: Partial<VcpuOptions> = {}) {
    if (timer.clock !== host) throw new RangeError('the timer and its vCPU need the same clock');
    const { watchdogNs, handlingNs, idle } = { ...vcpuDefaults, ...options };
    this.timer = timer;
    this.host = host;
    this.idle = idle;
    this.#words = new BigInt64Array([watchdogNs, handlingNs, LONG_AGO, LONG_AGO, 0n]);
  }

  get watchdogNs(): bigint {
    return this.#words[WATCHDOG] as bigint;
  }

  get handlingNs(): bigint {
    return this.#words[HANDLING] as bigint;
  }

  /** ktime from which the guest can take another interrupt. */
  get eoiAt(): bigint {
    return this.#words[EOI_AT] as bigint;
  }
  set eoiAt(ktime: bigint) {
    this.#words[EOI_AT] = ktime;
  }

  /** ktime before which no hrtimer interrupt comes, because the last one took too long. */
  get hangUntil(): bigint {
    return this.#words[HANG_UNTIL] as bigint;
  }
  set hangUntil(ktime: bigint) {
    this.#words[HANG_UNTIL] = ktime;
  }

  /** ktime until which the loop waits. */
  get wakeAt(): bigint {
    return this.#words[WAKE_AT] as bigint;
  }
  set wakeAt(ktime: bigint) {
    this.#words[WAKE_AT] = ktime;
  }
}

/** The hrtimer interrupt comes now, by the clock's latest reading. */
export const hrtimerDue = ({ timer, host, hangUntil }: Vcpu): boolean =>
  timer.hrtimerArmed && timer.hrtimerExpires <= ktimeOf(host) && hangUntil <= ktimeOf(host);

/** An interrupt waits for the guest to take it. */
export const interruptWaits = ({ timer }: Vcpu): boolean => timer.pending !== 0 || timer.irr;

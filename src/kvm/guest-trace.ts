import type { KvmStopTrace } from '../schema/kvm.ts';
import {
  ACCEPT,
  callbacksBetween,
  ENTRY,
  EXIT,
  expiriesOf,
  FIELDS,
  HV_TIMER,
  START,
  type TraceResult,
  timerAmong,
  traceResultOf,
  untraced,
  untracedStop,
  vcpuEventsOf,
  WAIT,
} from './expiries.ts';
import type { Guest } from './guest.ts';
import type { NotedMoment } from './recording.ts';
import { findTracefs, orObstacle, TraceInstance, TraceObstacle } from './tracefs.ts';

/** Whether the kernel's trace is wanted: `auto` where this user may have it, `on` as well, but its lack is a warning. */
export const TRACE_MODES = ['auto', 'on', 'off'] as const;
export type TraceMode = (typeof TRACE_MODES)[number];

/** The interrupt that the guest's timer raises (native/kvm/guest-code.h). */
const TIMER_VECTOR = 0x20;

export const NOT_ASKED_FOR = 'it was not asked for';
export const INTERRUPTED = 'the run was interrupted before';

/** A conversion of TSC to ktime through two moments at which both were read. @throws TraceObstacle. */
function ktimeOfTsc({ recording }: Guest): (tsc: bigint) => bigint {
  const [first, last] = [recording.deliveries[0], recording.deliveries.at(-1)];
  if (first === undefined || last === undefined || last.tsc === first.tsc)
    throw new TraceObstacle('the guest took no interrupts to set the clocks by');
  const [ns, cycles] = [last.ktime - first.ktime, last.tsc - first.tsc];
  return (tsc) => first.ktime + ((tsc - first.tsc) * ns) / cycles;
}

/** What is asked of the kernel's trace. */
type Instance = Pick<TraceInstance, 'record' | 'take' | 'lost' | 'remove'>;

/**
 * The kernel's trace of one guest's timer. It is found by what it does, without symbols: the vCPU's thread starts it,
 * due whole periods after its local APIC was set. What fails is a reason, and the guest runs on without.
 */
export class GuestTrace {
  #instance: Instance | null = null;
  /** Why there is no trace; null while there is. */
  #reason: string | null = null;
  #timer: bigint | null = null;
  /** KVM's events that this kernel does not have, each with the reason. */
  readonly #missing = new Map<string, string>();

  /** @param cpu where the guest runs; null: anywhere. @param refusal why it is not to be traced, if so. */
  constructor(
    mode: TraceMode,
    cpu: number | null,
    refusal: string | null = null,
    open = (): Instance => new TraceInstance(findTracefs(), cpu),
  ) {
    this.#reason = mode === 'off' ? NOT_ASKED_FOR : refusal;
    if (this.#reason !== null) return;
    const opened = orObstacle(open);
    if (opened instanceof TraceObstacle) this.#reason = opened.message;
    else this.#instance = opened;
  }

  /** A trace that fails is a reason; the run goes on. */
  #guard<T>(step: (instance: Instance) => T): T | null {
    const instance = this.#instance;
    if (instance === null || this.#reason !== null) return null;
    const answer = orObstacle(() => step(instance));
    if (!(answer instanceof TraceObstacle)) return answer;
    this.#reason = answer.message;
    return null;
  }

  /** Before the guest first runs: from here on the trace holds what the vCPU's thread does to its timer. */
  prepare(guest: Guest): void {
    const own = `common_pid == ${guest.native.threadId()}`;
    this.#guard((instance) => {
      instance.record(START, FIELDS[START], own);
      for (const event of [HV_TIMER, ACCEPT, WAIT] as const) {
        const refused = orObstacle(() => instance.record(event, FIELDS[event], own));
        if (refused instanceof TraceObstacle) this.#missing.set(event, refused.message);
      }
    });
  }

  /** After it has ticked, and on the hrtimer: from here on every expiry is recorded. */
  watchExpiries(guest: Guest, periodNs: number): void {
    this.#guard((instance) => {
      this.#timer = timerAmong(instance.take(), guest.started(), periodNs);
      if (this.#timer === null)
        throw new TraceObstacle("the guest's timer was not found among those its thread started");
      const filter = `hrtimer == 0x${this.#timer.toString(16)}`;
      for (const event of [START, ENTRY, EXIT] as const) instance.record(event, FIELDS[event], filter);
    });
  }

  /**
   * Before the guest is resumed: from here on every callback is recorded; of all timers where this one's was not
   * started yet, since on the preemption timer it is not before the guest falls back.
   */
  watchResume(guest: Guest, periodNs: number): void {
    this.#guard((instance) => {
      this.#timer = timerAmong(instance.take(), guest.started(), periodNs);
      const filter = this.#timer === null ? '0' : `hrtimer == 0x${this.#timer.toString(16)}`;
      instance.record(ENTRY, FIELDS[ENTRY], filter);
    });
  }

  /** What was traced since `watchExpiries`, beside the model. */
  expiries(guest: Guest, periodNs: number, tscKhz: number): TraceResult {
    const result = this.#guard((instance) => {
      const events = instance.take();
      const expiries = expiriesOf(events, ktimeOfTsc(guest));
      const vcpu = vcpuEventsOf(events, this.#missing, tscKhz, TIMER_VECTOR);
      return traceResultOf({ periodNs, expiries, vcpu, lost: instance.lost() });
    });
    return result ?? untraced(this.#reason ?? INTERRUPTED);
  }

  /** What was traced since `watchResume`. */
  resume(guest: Guest, resumed: NotedMoment, periodNs: number, tscKhz: number): KvmStopTrace {
    const result = this.#guard((instance): KvmStopTrace => {
      const events = instance.take().filter(({ time }) => time >= resumed.tsc);
      const timer = this.#timer ?? timerAmong(events, guest.started(), periodNs);
      const first = guest.recording.deliveries.find(({ tsc }) => tsc >= resumed.tsc);
      return {
        reason: null,
        callbacks: first === undefined ? null : callbacksBetween(events, timer, resumed.tsc, first.tsc),
        vcpu: vcpuEventsOf(events, this.#missing, tscKhz, TIMER_VECTOR),
        lost: instance.lost(),
      };
    });
    return result ?? untracedStop(this.#reason ?? INTERRUPTED);
  }

  remove(): void {
    this.#instance?.remove();
  }
}

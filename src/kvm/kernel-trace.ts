import { ScriptedClock } from '../clock/scripted.ts';
import { lapicDefaults } from '../lapic/config.ts';
import { LapicTimer } from '../lapic/kvm-timer.ts';
import { apicTimerFn } from '../lapic/lapic-timer.ts';
import { type PolicyName, policies, policyNames } from '../lapic/policies.ts';
import { APIC_LVT_TIMER_PERIODIC } from '../lapic/registers.ts';
import { median, quantile, sorted } from '../statistics.ts';
import type { Guest } from './guest.ts';
import { type EventFormat, fieldValue, type RawEvent } from './trace-pages.ts';
import { findTracefs, removeLeftBehind, TraceInstance, TraceObstacle } from './tracefs.ts';

/** One run of the guest's timer callback (`apic_timer_fn`), as the kernel's tracepoints saw it. */
export interface Expiry {
  /** ktime at which the timer was due, and at which it was started again. */
  readonly before: bigint;
  readonly after: bigint;
  /** Any ktime that the callback read lies between these. */
  readonly from: bigint;
  readonly to: bigint;
}

/** What was traced: expiries in order, how long each callback took, and what one tracepoint costs. */
export interface TraceRecord {
  readonly periodNs: number;
  readonly expiries: readonly Expiry[];
  /** From expire_entry to expire_exit, ns, of callbacks that found the last interrupt pending, as in a burst. */
  readonly callbackNs: readonly number[];
  /** The same expire_exit in two instances: how long writing one event takes, ns. */
  readonly eventNs: readonly number[];
  readonly lost: number;
}

/** The first expiry that the policy with the most agreeing ones does not explain. */
export interface TraceDifference {
  readonly index: number;
  readonly policy: PolicyName;
  readonly beforeKtime: string;
  readonly afterKtime: string;
  readonly predictedKtime: string;
}

/** The model held against the kernel, expiry by expiry; part of the documents. */
export interface TraceResult {
  readonly available: boolean;
  /** Why there is none; null where there is. */
  readonly reason: string | null;
  readonly expiries: number;
  /** Of those, how many came a period or more late: only they tell policies apart. */
  readonly late: number;
  /** For each policy, to how many the model gives exactly the kernel's next expiry. */
  readonly agree: Partial<Record<PolicyName, number>>;
  readonly firstDifference: TraceDifference | null;
  /** One callback that finds the last interrupt pending, as those of a burst do, less what the tracepoints cost; null where it was not measured. */
  readonly callbackNs: { readonly p50: number; readonly low: number; readonly high: number } | null;
  readonly lost: number;
}

/** Two clock readings and a conversion between them are this exact, ns. */
const CLOCK_ERROR_NS = 500n;
/** Two instances record one event within this time, a small part of any period. */
const SAME_EVENT_CYCLES = 20_000n;
const ANY_TSC_KHZ = 1_000_000;

/** One timer that the model is asked about, expiry by expiry. */
function modelTimer(policy: PolicyName, periodNs: number): (expiry: Expiry) => bigint {
  const clock = new ScriptedClock();
  const config = { ...lapicDefaults, guestTscKhz: ANY_TSC_KHZ, hvTimer: false };
  const timer = new LapicTimer(config, policies[policy], clock);
  return ({ before, after, from, to }) => {
    // The callback read the clock once, at a moment that its answer shows where that is a reading.
    clock.set(after >= from && after <= to ? after : from, 0n);
    timer.timerMode = APIC_LVT_TIMER_PERIODIC;
    timer.period = BigInt(periodNs);
    timer.pending = 0;
    timer.targetExpiration = before;
    timer.hrtimerExpires = before;
    timer.hrtimerArmed = true;
    apicTimerFn(timer);
    return timer.hrtimerExpires;
  };
}

const nothing = { expiries: 0, late: 0, agree: {}, firstDifference: null, callbackNs: null, lost: 0 };

/** A result without a trace. @param reason ends a sentence. */
export const untraced = (reason: string): TraceResult => ({ available: false, reason, ...nothing });

function callbackOf({ callbackNs, eventNs }: TraceRecord): TraceResult['callbackNs'] {
  if (callbackNs.length === 0 || eventNs.length === 0) return null;
  const [took, cost] = [median(callbackNs), sorted(eventNs)];
  const less = (share: number) => Math.round(Math.max(0, took - quantile(cost, share)));
  return { p50: less(0.5), low: less(0.95), high: less(0.05) };
}

/** Pure: each traced expiry beside what the model computes under every policy. */
export function traceResultOf(record: TraceRecord): TraceResult {
  const { expiries, periodNs, lost } = record;
  if (expiries.length === 0) return { ...untraced("the trace holds no expiry of the guest's timer"), lost };
  const counted = policyNames.map((policy) => {
    const predict = modelTimer(policy, periodNs);
    const predicted = expiries.map(predict);
    const agreeing = predicted.filter((ktime, i) => ktime === expiries[i]?.after).length;
    return { policy, predicted, agreeing };
  });
  // Of policies that explain as many, KVM's own come first in the table.
  const best = counted.reduce((a, b) => (b.agreeing > a.agreeing ? b : a));
  const index = expiries.findIndex(({ after }, i) => after !== best.predicted[i]);
  const off = expiries[index];
  return {
    available: true,
    reason: null,
    expiries: expiries.length,
    late: expiries.filter(({ before, to }) => to - before > BigInt(periodNs)).length,
    agree: Object.fromEntries(counted.map(({ policy, agreeing }) => [policy, agreeing])),
    firstDifference:
      off === undefined
        ? null
        : {
            index,
            policy: best.policy,
            beforeKtime: `${off.before}`,
            afterKtime: `${off.after}`,
            predictedKtime: `${best.predicted[index]}`,
          },
    callbackNs: callbackOf(record),
    lost,
  };
}

const START = 'timer/hrtimer_start';
const ENTRY = 'timer/hrtimer_expire_entry';
const EXIT = 'timer/hrtimer_expire_exit';

/** A conversion of TSC to ktime through two moments at which both were read. */
function ktimeOfTsc({ recording }: Guest): (tsc: bigint) => bigint {
  const [first, last] = [recording.deliveries[0], recording.deliveries.at(-1)];
  if (first === undefined || last === undefined || last.tsc === first.tsc)
    throw new TraceObstacle('the guest took no interrupts to set the clocks by');
  const [ns, cycles] = [last.ktime - first.ktime, last.tsc - first.tsc];
  return (tsc) => first.ktime + ((tsc - first.tsc) * ns) / cycles;
}

/**
 * The kernel's trace of one guest's timer. It is found by what it does, without symbols: the vCPU's thread starts it,
 * due one period after its local APIC was set. From then on the events are those of that timer only.
 */
export class KernelTrace {
  readonly #main: TraceInstance;
  readonly #second: TraceInstance;
  readonly #formats: { readonly start: EventFormat; readonly entry: EventFormat; readonly exit: EventFormat };
  #failed: TraceObstacle | null = null;
  #record: TraceRecord | null = null;

  /** @throws TraceObstacle where the kernel cannot be traced by this user. */
  constructor(cpu: number) {
    const mount = findTracefs();
    removeLeftBehind(mount);
    this.#main = new TraceInstance(mount, cpu);
    try {
      this.#second = new TraceInstance(mount, cpu);
    } catch (error) {
      this.#main.remove();
      throw error;
    }
    try {
      this.#second.format(EXIT, ['hrtimer']);
      this.#formats = {
        start: this.#main.format(START, ['hrtimer', 'function', 'expires']),
        entry: this.#main.format(ENTRY, ['hrtimer', 'now']),
        exit: this.#main.format(EXIT, ['hrtimer']),
      };
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Before the guest's timer starts: the vCPU's thread will start it. */
  prepare(guest: Guest): void {
    this.#guard(() => this.#main.enable(START, `common_pid == ${guest.native.threadId()}`));
  }

  /** After it has ticked: from here on every expiry is recorded. */
  begin(guest: Guest, periodNs: number): void {
    this.#guard(() => {
      const timer = this.#find(guest, periodNs);
      const filter = `hrtimer == 0x${timer.toString(16)}`;
      for (const event of [START, ENTRY, EXIT]) this.#main.enable(event, filter);
      this.#second.enable(EXIT, filter);
    });
  }

  /** After the last expiry: takes the record out, in one go. */
  finish(guest: Guest, periodNs: number, tscKhz: number): void {
    this.#guard(() => {
      this.#record = this.#read(this.#main.take(), this.#second.take(), guest, periodNs, tscKhz);
    });
  }

  result(): TraceResult {
    if (this.#failed !== null) return untraced(this.#failed.message);
    return this.#record === null ? untraced('the run was interrupted before') : traceResultOf(this.#record);
  }

  remove(): void {
    this.#main.remove();
    this.#second.remove();
  }

  /** A trace that fails is a reason; the run goes on. */
  #guard(step: () => void): void {
    if (this.#failed !== null) return;
    try {
      step();
    } catch (error) {
      if (!(error instanceof TraceObstacle)) throw error;
      this.#failed = error;
    }
  }

  #value({ record }: RawEvent, format: EventFormat, name: string): bigint {
    const field = format.fields.get(name);
    return field === undefined ? 0n : fieldValue(record, field);
  }

  #find(guest: Guest, periodNs: number): bigint {
    const { start } = this.#formats;
    const [from, to] = guest.started();
    const period = BigInt(periodNs);
    const found = this.#main
      .take()
      .filter(({ id }) => id === start.id)
      .find((event) => {
        const late = this.#value(event, start, 'expires') - from;
        return late >= period && late % period <= to - from;
      });
    if (found === undefined)
      throw new TraceObstacle("the guest's timer was not found among those its thread started");
    return this.#value(found, start, 'hrtimer');
  }

  #read(
    events: readonly RawEvent[],
    second: readonly RawEvent[],
    guest: Guest,
    periodNs: number,
    tscKhz: number,
  ): TraceRecord {
    const { start, entry, exit } = this.#formats;
    const nsOf = (cycles: bigint) => (Number(cycles) * 1e6) / tscKhz;
    const expiries: Expiry[] = [];
    const callbackNs: number[] = [];
    const eventNs: number[] = [];
    let before: bigint | null = null;
    let entered: bigint | null = null;
    let left: bigint | null = null;
    let next = 0;
    // The first one after the guest has left sets what the others find pending.
    let unlike = 1;
    const paused = guest.recording.left.at(-1)?.tsc ?? 0n;
    const ktimeOf = ktimeOfTsc(guest);
    for (const event of events) {
      if (event.id === entry.id) entered = event.time;
      if (event.id === exit.id) {
        while (next < second.length && (second[next]?.time ?? 0n) < event.time - SAME_EVENT_CYCLES) next += 1;
        const candidate = second[next]?.time;
        const again =
          candidate !== undefined && candidate < event.time + SAME_EVENT_CYCLES ? candidate : undefined;
        // Whichever instance is served first has the callback's end.
        left = again !== undefined && again < event.time ? again : event.time;
        if (entered !== null && entered > paused && unlike-- <= 0) callbackNs.push(nsOf(left - entered));
        if (again !== undefined) eventNs.push(Math.abs(nsOf(again - event.time)));
      }
      if (event.id !== start.id) continue;
      const after = this.#value(event, start, 'expires');
      if (before !== null && entered !== null && left !== null) {
        const [from, to] = [ktimeOf(entered) - CLOCK_ERROR_NS, ktimeOf(left) + CLOCK_ERROR_NS];
        expiries.push({ before, after, from, to });
      }
      before = after;
      entered = null;
      left = null;
    }
    const lost = this.#main.lost() + this.#second.lost();
    return { periodNs, expiries, callbackNs, eventNs: lost === 0 ? eventNs : [], lost };
  }
}

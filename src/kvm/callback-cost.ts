import type { Control } from '../clock/control.ts';
import { hostWaiter } from '../clock/wait.ts';
import { TscopeError } from '../errors.ts';
import { kvmNative, type NativeGuest } from '../native.ts';
import type { CallbackCost, CostInterval } from '../schema/stop.ts';
import { quantile, sorted } from '../statistics.ts';
import { NS_PER_MS, NS_PER_S } from '../units.ts';
import { ENTRY, EXIT, FIELDS, START } from './expiries.ts';
import { ktimeNow, pauseMachine } from './guest.ts';
import { INTERRUPTED } from './guest-trace.ts';
import { besideCpu, idlestCpu, kvmTscKhz } from './host.ts';
import { kvmError } from './kvm-error.ts';
import { minPeriodNs, timerSetup } from './timer-setup.ts';
import { findTracefs, type TracedEvent, TraceInstance, TraceObstacle } from './tracefs.ts';

/** Guests whose timers come due together: their callbacks run one after the other, as those of a burst. */
const GUESTS = 16;
const PERIOD_NS = 400_000;
/** The trace is read this often, so that its buffers do not fill. */
const BATCHES = 10;
const BATCH_NS = 50 * NS_PER_MS;
/** On a busy host reading takes longer; no batch begins after this. */
const BUDGET_NS = BigInt(3 * NS_PER_S);
/** Between the end of one callback and the start of the next of a burst, ns: the second finds the caches warm. */
const BACK_TO_BACK_NS = 1_500;
/** Two instances record one event within this time; a timer comes back no sooner than a period later. */
const SAME_EVENT_NS = 8_000;
/** Fewer callbacks than this are no measure. */
const LEAST_CALLBACKS = 100;
/** Shares of the callbacks below and above the interval: where nine of ten lie, the next run's median will be. */
const OUTSIDE = 0.05;

/**
 * What each callback of a burst took. From entry to exit, one event is written and the writing of another begins;
 * a second instance records the same exit right after the first, and the time between the two is that of one event.
 *
 * @param events of every timer's entries and exits, in order. @param again the exits, in the second instance.
 */
export function costsAmong(
  events: readonly TracedEvent[],
  again: readonly TracedEvent[],
  tscKhz: number,
): number[] {
  const cycles = (ns: number) => BigInt(Math.round((ns * tscKhz) / 1e6));
  const [near, together] = [cycles(SAME_EVENT_NS), cycles(BACK_TO_BACK_NS)];
  const costs: number[] = [];
  let entered: bigint | null = null;
  let lastEnd: bigint | null = null;
  let next = 0;
  for (const { name, time, fields } of events) {
    if (name === ENTRY) entered = time;
    if (name !== EXIT) continue;
    while (next < again.length && (again[next] as TracedEvent).time < time - near) next += 1;
    let twin: bigint | null = null;
    for (let i = next; i < again.length && (again[i] as TracedEvent).time <= time + near; i++)
      if (again[i]?.fields['hrtimer'] === fields['hrtimer']) twin = (again[i] as TracedEvent).time;
    if (twin !== null) {
      // Whichever instance is served first has the callback's end.
      const [left, end] = twin < time ? [twin, time] : [time, twin];
      if (entered !== null && lastEnd !== null && entered - lastEnd <= together)
        costs.push((Number(left - entered - (end - left)) * 1e6) / tscKhz);
      lastEnd = end;
    } else lastEnd = null;
    entered = null;
  }
  return costs;
}

/** The median and its interval. @returns null where there are too few. */
export function callbackOf(costsNs: readonly number[]): CostInterval | null {
  if (costsNs.length < LEAST_CALLBACKS) return null;
  const ascending = sorted(costsNs);
  // A time that is divided by later on.
  const at = (share: number) => Math.max(1, Math.round(quantile(ascending, share)));
  return { ns: at(0.5), lowNs: at(OUTSIDE), highNs: at(1 - OUTSIDE) };
}

/** The costs of ten batches of 50 ms each, or of as many as begin within three seconds. */
export function inBatches(batch: (end: bigint) => readonly number[], now: () => bigint): number[] {
  const costs: number[] = [];
  const latest = now() + BUDGET_NS;
  for (let i = 0; i < BATCHES && now() < latest; i++)
    for (const cost of batch(now() + BigInt(BATCH_NS))) costs.push(cost);
  return costs;
}

function makeGuests(guests: NativeGuest[], cpu: number): void {
  const { Guest } = kvmNative();
  const { divideRegister, initialCount } = timerSetup(Math.max(PERIOD_NS, minPeriodNs()), 1, minPeriodNs());
  for (let i = 0; i < GUESTS; i++) {
    const guest = new Guest(false);
    guests.push(guest);
    guest.pin(cpu);
    guest.program(divideRegister, initialCount);
  }
}

/** Starts their timers and leaves them: a callback then finds the last interrupt pending, as all but the first of a burst do. */
function startTimers(guests: readonly NativeGuest[], control: Control): void {
  for (const guest of guests) guest.resume();
  hostWaiter(control).sleepUntil(ktimeNow() + BigInt(10 * NS_PER_MS));
  for (const guest of guests) pauseMachine(guest);
}

function measure(mount: string, cpu: number, tscKhz: number, control: Control): CostInterval {
  const instances: TraceInstance[] = [];
  const guests: NativeGuest[] = [];
  try {
    const [first, second] = [new TraceInstance(mount, cpu), new TraceInstance(mount, cpu)];
    instances.push(first, second);
    makeGuests(guests, cpu);
    const own = guests.map((guest) => `common_pid == ${guest.threadId()}`).join(' || ');
    first.record(START, FIELDS[START], own);
    startTimers(guests, control);
    const timers = [...new Set(first.take().map(({ fields }) => fields['hrtimer'] ?? 0n))];
    if (timers.length === 0) throw new TraceObstacle('the preemption timer drives the guests of this host');
    const filter = timers.map((timer) => `hrtimer == 0x${timer.toString(16)}`).join(' || ');
    for (const event of [ENTRY, EXIT] as const) first.record(event, FIELDS[event], filter);
    second.record(EXIT, FIELDS[EXIT], filter);
    const wait = hostWaiter(control);
    const costs = inBatches((end) => {
      for (const instance of instances) instance.recording(true);
      if (!wait.sleepUntil(end)) throw new TraceObstacle(INTERRUPTED);
      for (const instance of instances) instance.recording(false);
      return costsAmong(first.take(), second.take(), tscKhz);
    }, ktimeNow);
    const found = callbackOf(costs);
    if (found === null) throw new TraceObstacle(`only ${costs.length} callbacks ran one after the other`);
    return found;
  } finally {
    for (const instance of instances) instance.remove();
    for (const guest of guests) guest.destroy();
  }
}

/** Measures it for half a second, where this user may trace the kernel and run guests. */
export function measureCallback(control: Control): CallbackCost {
  if (control.cancelled()) return { value: null, reason: INTERRUPTED };
  try {
    const [tscKhz, mount] = [kvmTscKhz(), findTracefs()];
    const cpu = idlestCpu(control);
    return { value: besideCpu(cpu, () => measure(mount, cpu, tscKhz, control)) };
  } catch (error) {
    if (error instanceof TraceObstacle) return { value: null, reason: error.message };
    const refusal = kvmError(error);
    if (refusal instanceof TscopeError) return { value: null, reason: refusal.message.replace(/\.$/, '') };
    throw error;
  }
}

import { ScriptedClock } from '../clock/scripted.ts';
import { configFor } from '../lapic/config.ts';
import { LapicTimer } from '../lapic/kvm-timer.ts';
import { apicTimerFn } from '../lapic/lapic-timer.ts';
import { type PolicyName, policies, policyNames } from '../lapic/policies.ts';
import { APIC_LVT_TIMER_PERIODIC } from '../lapic/registers.ts';
import type { KvmStopTrace, KvmTrace } from '../schema/kvm.ts';
import { median } from '../statistics.ts';
import type { TracedEvent } from './tracefs.ts';

/** The tracepoints of a guest's timer, and the fields that are read. */
export const START = 'timer/hrtimer_start';
export const ENTRY = 'timer/hrtimer_expire_entry';
export const EXIT = 'timer/hrtimer_expire_exit';
export const HV_TIMER = 'kvm/kvm_hv_timer_state';
export const ACCEPT = 'kvm/kvm_apic_accept_irq';
export const WAIT = 'kvm/kvm_wait_lapic_expire';
export const FIELDS = {
  [START]: ['hrtimer', 'expires'],
  [ENTRY]: ['hrtimer'],
  [EXIT]: ['hrtimer'],
  [HV_TIMER]: ['hv_timer_in_use'],
  [ACCEPT]: ['vec'],
  [WAIT]: ['delta'],
} as const;

/** One run of the guest's timer callback (`apic_timer_fn`), as the kernel's tracepoints saw it. */
export interface Expiry {
  /** ktime at which the timer was due, and at which it was started again. */
  readonly before: bigint;
  readonly after: bigint;
  /** Any ktime that the callback read lies between these. */
  readonly from: bigint;
  readonly to: bigint;
}

/** Two clock readings and a conversion between them are this exact, ns. */
const CLOCK_ERROR_NS = 500n;

/** The expiries among the events of one timer, in order. */
export function expiriesOf(events: readonly TracedEvent[], ktimeOf: (tsc: bigint) => bigint): Expiry[] {
  const expiries: Expiry[] = [];
  let before: bigint | null = null;
  let entered: bigint | null = null;
  let left: bigint | null = null;
  for (const { name, time, fields } of events) {
    if (name === ENTRY) entered = time;
    if (name === EXIT) left = time;
    if (name !== START) continue;
    const after = fields['expires'] ?? 0n;
    if (before !== null && entered !== null && left !== null) {
      expiries.push({
        before,
        after,
        from: ktimeOf(entered) - CLOCK_ERROR_NS,
        to: ktimeOf(left) + CLOCK_ERROR_NS,
      });
    }
    before = after;
    entered = null;
    left = null;
  }
  return expiries;
}

/** What KVM's own tracepoints say of a vCPU's timer. */
type VcpuEvents = NonNullable<KvmTrace['vcpu']>;

/** Counts of some events. @param missing tracepoints that this kernel lacks, each with the reason. @param tscKhz the guest's TSC rate. @param vector the guest's timer interrupt. */
export function vcpuEventsOf(
  events: readonly TracedEvent[],
  missing: ReadonlyMap<string, string>,
  tscKhz: number,
  vector: number,
): VcpuEvents {
  const count = (name: string, field: string, value: number): number | null =>
    missing.has(name)
      ? null
      : events.filter((event) => event.name === name && event.fields[field] === BigInt(value)).length;
  const waits = events
    .filter(({ name }) => name === WAIT)
    .map(({ fields }) => (Number(fields['delta'] ?? 0n) * 1e6) / tscKhz);
  return {
    toPreemptionTimer: count(HV_TIMER, 'hv_timer_in_use', 1),
    toSoftwareTimer: count(HV_TIMER, 'hv_timer_in_use', 0),
    accepted: count(ACCEPT, 'vec', vector),
    entryLateNs: waits.length === 0 ? null : Math.round(median(waits)),
    missing: [...missing.values()],
  };
}

/** What was traced of a guest: the expiries of its timer in order, and KVM's own events. */
export interface TraceRecord {
  readonly periodNs: number;
  readonly expiries: readonly Expiry[];
  readonly vcpu: VcpuEvents;
  readonly lost: number;
}

/** The model held against the kernel, expiry by expiry. */
export type TraceResult = Omit<KvmTrace, 'callbackNs' | 'callbackReason'>;

/** Another rate than any host's: nothing depends on it where a timer is on the hrtimer. */
const ANY_TSC_KHZ = 1_000_000;

/** One timer that the model is asked about, expiry by expiry. */
function modelTimer(policy: PolicyName, periodNs: number): (expiry: Expiry) => bigint {
  const clock = new ScriptedClock();
  const config = configFor(ANY_TSC_KHZ, BigInt(periodNs), false);
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

const nothing = { expiries: 0, late: 0, agree: {}, firstDifference: null, vcpu: null, lost: 0 };

/** A result without a trace. @param reason ends a sentence. */
export const untraced = (reason: string): TraceResult => ({ available: false, reason, ...nothing });

/** Each traced expiry beside what the model computes under every policy. */
export function traceResultOf({ expiries, periodNs, vcpu, lost }: TraceRecord): TraceResult {
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
    vcpu,
    lost,
  };
}

/** A stop without a trace. @param reason ends a sentence. */
export const untracedStop = (reason: string): KvmStopTrace => ({
  reason,
  callbacks: null,
  vcpu: null,
  lost: 0,
});

/** Runs of one timer's callback between two moments (TSC). @param timer null: it was never started. */
export const callbacksBetween = (
  events: readonly TracedEvent[],
  timer: bigint | null,
  from: bigint,
  to: bigint,
): number =>
  events.filter(
    ({ name, time, fields }) => name === ENTRY && fields['hrtimer'] === timer && time >= from && time <= to,
  ).length;

/**
 * The timer that a vCPU's thread started, due whole periods after its local APIC was set; null where none was.
 *
 * @param started its local APIC was set between these two, ktime.
 */
export function timerAmong(
  events: readonly TracedEvent[],
  [from, to]: readonly [bigint, bigint],
  periodNs: number,
): bigint | null {
  const period = BigInt(periodNs);
  const found = events.find(({ name, fields }) => {
    const late = (fields['expires'] ?? 0n) - from;
    return name === START && late >= period && late % period <= to - from;
  });
  return found?.fields['hrtimer'] ?? null;
}

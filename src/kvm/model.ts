import { folded } from '../circle.ts';
import { configFor } from '../lapic/config.ts';
import { LapicTimer } from '../lapic/kvm-timer.ts';
import { apicGetState, apicSetState, writeLvtt, writeTdcr, writeTmict } from '../lapic/lapic-timer.ts';
import { type PolicyName, policies } from '../lapic/policies.ts';
import { APIC_LVT_TIMER_PERIODIC } from '../lapic/registers.ts';
import { stopAndResume } from '../lapic/scene.ts';
import { stayInUserspace, Vcpu } from '../lapic/vcpu.ts';
import { CRASH_CALLBACK_NS, NotingHost } from '../lapic/virtual-host.ts';
import type { KvmModel } from '../schema/kvm.ts';
import { mean } from '../statistics.ts';
import { latenessOf, latenessOn, ticksOn } from './grid.ts';
import type { GuestStop } from './guest-stop.ts';
import { timerSetup } from './timer-setup.ts';
import type { TimerPath } from './verdict.ts';

/** What the model says that a host would have done in a stop's place; of its interrupts all. */
type Prediction = Omit<KvmModel, 'agreement' | 'alike'>;

/** Absolute ktime of the resume in virtual time: far enough from 0 for any stop. */
const RESUME = 2n ** 62n;
const EXIT_NS = 2_000n;
const VECTOR = 0x20;

const at = (ns: number): bigint => RESUME + BigInt(Math.round(ns));
const middle = ([from, to]: readonly [number, number]): number => (from + to) / 2;

/**
 * Runs the model through a stop's start, stop and resume, under one policy.
 *
 * @param path `preemption-timer` gives the model its HV timer; on any other it runs on the hrtimer.
 * @param tscKhz the guest's TSC rate.
 * @param callbackNs what one hrtimer callback costs on this host; where nothing was measured, the crash dump's 79 ns.
 */
export function predict(
  stop: GuestStop,
  policy: PolicyName,
  path: TimerPath,
  tscKhz: number,
  callbackNs: number = CRASH_CALLBACK_NS,
): Prediction {
  const costs = { callbackNs: BigInt(Math.round(callbackNs)), exitNs: EXIT_NS };
  const host = new NotingHost(tscKhz, costs, at(middle(stop.startNs)));
  const config = configFor(tscKhz, BigInt(stop.periodNs), path === 'preemption-timer');
  const timer = new LapicTimer(config, policies[policy], host);
  const vcpu = new Vcpu(timer, host, { idle: stop.loop === 'halt' });
  const setup = timerSetup(stop.periodNs, stop.divide, 0);
  writeTdcr(timer, setup.divideRegister);
  writeLvtt(timer, APIC_LVT_TIMER_PERIODIC | VECTOR);
  writeTmict(timer, setup.initialCount);

  const { outcome, resumed, ended } = stopAndResume(vcpu, {
    leaveAt: at(stop.leftNs),
    pass: () => {
      if (stop.saved !== null) stayInUserspace(vcpu, at(stop.saved.atNs));
      const saved = stop.saved === null ? null : apicGetState(timer);
      if (stop.restoredNs !== null) stayInUserspace(vcpu, at(middle(stop.restoredNs)));
      if (saved !== null) apicSetState(timer, saved);
      stayInUserspace(vcpu, RESUME);
    },
    followNs: BigInt(Math.round(stop.deliveriesNs.at(-1) ?? 0)) + 1n,
    goal: 'time',
  });
  return {
    policy,
    deliveriesNs: host.takenAt.map((ktime) => Number(ktime - RESUME)).filter((ns) => ns >= 0),
    callbacks: ended.callbacks - resumed.callbacks,
    vmExits: ended.vmExits - resumed.vmExits,
    lockup: outcome === 'lockup',
  };
}

/** Share of the interrupts that may be off on a host with other work to do. */
const EXCUSED = 0.1;
/** How much later or earlier than usual the matches may be on average, in periods. */
const OFFSET = 1 / 5;

/** Two predictions that an agreement cannot tell apart: the same grid, and as many interrupts but for one. */
export function cannotBeTold(a: Prediction, b: Prediction, periodNs: number): boolean {
  if (Math.abs(a.deliveriesNs.length - b.deliveriesNs.length) > 1) return false;
  const [last, other] = [a.deliveriesNs.at(-1) ?? 0, b.deliveriesNs.at(-1) ?? 0];
  return Math.abs(folded(last - other, periodNs)) <= OFFSET * periodNs;
}

/** Before the stop: how late interrupts were, and the share of ticks that had one of their own. */
function usual({ deliveriesNs, startNs: [start], periodNs }: GuestStop): { meanNs: number; share: number } {
  const before = deliveriesNs.filter((time) => time < 0);
  const ticks = ticksOn(before, start, periodNs);
  const passed = (ticks.at(-1) ?? 0) - (ticks[0] ?? 0) + 1;
  return { meanNs: latenessOf(latenessOn(before, start, periodNs)).meanNs, share: before.length / passed };
}

/**
 * Compares the interrupts after the resume with those predicted, in order, each prediction used once. A late interrupt
 * belongs to the latest tick that was due; a whole grid in the wrong place shows in the mean lateness.
 */
export function agreementOf(stop: GuestStop, predictedNs: readonly number[]): KvmModel['agreement'] {
  const { periodNs } = stop;
  const { meanNs, share } = usual(stop);
  const uncertaintyNs = stop.startNs[1] - stop.startNs[0];
  const came = stop.deliveriesNs.filter((time) => time >= 0);
  const last = came.at(-1) ?? 0;
  const predicted = predictedNs.filter((time) => time <= last);
  const due = (i: number) => (predicted[i] ?? Number.POSITIVE_INFINITY) - uncertaintyNs;
  const lateness: number[] = [];
  let next = 0;
  for (const time of came) {
    while (due(next + 1) <= time) next += 1;
    if (due(next) > time) continue;
    lateness.push(time - due(next) - uncertaintyNs);
    next += 1;
  }
  const matched = lateness.length;
  const extra = came.length - matched;
  const meanLatenessNs = matched === 0 ? null : mean(lateness);
  return {
    predicted: predicted.length,
    matched,
    extra,
    meanLatenessNs,
    agrees:
      matched >= (Math.min(1, share) - EXCUSED) * predicted.length &&
      extra <= EXCUSED * came.length &&
      Math.abs((meanLatenessNs ?? 0) - meanNs) <= OFFSET * periodNs,
  };
}

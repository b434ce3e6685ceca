import { ktimeOf } from '../clock/time-source.ts';
import { lapicDefaults } from '../lapic/config.ts';
import { LapicTimer } from '../lapic/lapic-timer.ts';
import { type PolicyName, policies } from '../lapic/policies.ts';
import {
  restoreRegisters,
  saveRegisters,
  writeLvtt,
  writeTdcr,
  writeTmict,
} from '../lapic/register-writes.ts';
import { APIC_LVT_TIMER_PERIODIC } from '../lapic/registers.ts';
import { leaveGuest, runVcpu, stayInUserspace } from '../lapic/run-vcpu.ts';
import { Vcpu } from '../lapic/vcpu.ts';
import { VirtualHost } from '../lapic/virtual-host.ts';
import type { TimerPath } from './path.ts';
import { BURST_CALLBACK_NS } from './safety.ts';
import { timerSetup } from './timer-setup.ts';
import type { StopTrace } from './trace.ts';

/** What the model says that a host would have done in a trace's place. */
export interface Prediction {
  readonly policy: PolicyName;
  /** Interrupts after the resume, ns from it. */
  readonly deliveriesNs: readonly number[];
  /** hrtimer callbacks, and exits of the guest, from the resume to the last interrupt of the trace. */
  readonly callbacks: number;
  readonly vmExits: number;
  /** The catch-up burst would have reached the hard-lockup watchdog. */
  readonly lockup: boolean;
}

/** Absolute ktime of the resume in virtual time: far enough from 0 for any stop. */
const RESUME = 2n ** 62n;
const COSTS = { callbackNs: BigInt(BURST_CALLBACK_NS), exitNs: 2_000n };
const VECTOR = 0x20;

/** A host in virtual time that notes when its guest takes an interrupt. */
class NotingHost extends VirtualHost {
  readonly taken: number[] = [];

  override interruptTaken(): void {
    this.taken.push(Number(ktimeOf(this) - RESUME));
  }
}

const at = (ns: number): bigint => RESUME + BigInt(Math.round(ns));
const middle = ([from, to]: readonly [number, number]): number => (from + to) / 2;

/**
 * Runs the model through a trace's start, stop and resume, under one policy.
 *
 * @param path `preemption-timer` gives the model its HV timer; on any other it runs on the hrtimer.
 * @param tscKhz the guest's TSC rate.
 */
export function predict(trace: StopTrace, policy: PolicyName, path: TimerPath, tscKhz: number): Prediction {
  const host = new NotingHost(tscKhz, COSTS, at(middle(trace.startNs)));
  const config = {
    ...lapicDefaults,
    guestTscKhz: tscKhz,
    hvTimer: path === 'preemption-timer',
    // The trace's period is what KVM's limit has left of it.
    minTimerPeriodUs: 0,
  };
  const timer = new LapicTimer(config, policies[policy], host);
  const vcpu = new Vcpu(timer, host, { idle: trace.loop === 'halt' });
  const setup = timerSetup(trace.periodNs, trace.divide, 0);
  writeTdcr(timer, setup.divideRegister);
  writeLvtt(timer, APIC_LVT_TIMER_PERIODIC | VECTOR);
  writeTmict(timer, setup.initialCount);

  runVcpu(vcpu, at(trace.leftNs));
  leaveGuest(vcpu);
  if (trace.saved !== null) stayInUserspace(vcpu, at(trace.saved.atNs));
  const saved = trace.saved === null ? null : saveRegisters(timer);
  stayInUserspace(vcpu, at(trace.restoredNs === null ? 0 : middle(trace.restoredNs)));
  if (saved !== null) restoreRegisters(timer, saved);
  stayInUserspace(vcpu, RESUME);

  const [callbacks, vmExits] = [vcpu.callbacks, vcpu.vmExits];
  const outcome = runVcpu(vcpu, at((trace.deliveriesNs.at(-1) ?? 0) + 1));
  return {
    policy,
    deliveriesNs: host.taken.filter((time) => time >= 0),
    callbacks: vcpu.callbacks - callbacks,
    vmExits: vcpu.vmExits - vmExits,
    lockup: outcome === 'lockup',
  };
}

import { type Delivery, lapicDefaults } from './config.ts';
import { LapicTimer } from './kvm-timer.ts';
import { programPeriodic } from './lapic-timer.ts';
import { type PolicyName, policies } from './policies.ts';
import { stopAndResume } from './scene.ts';
import { runVcpu, stayInUserspace, Vcpu } from './vcpu.ts';
import { NotingHost, VIRTUAL_TSC_KHZ } from './virtual-host.ts';

/** A stop, in whole numbers of ns. */
export interface StopSetup {
  readonly periodNs: number;
  readonly stopNs: number;
  /** What one hrtimer callback takes. */
  readonly callbackNs: number;
  /** What one exit of an expired HV timer takes, back to the guest's entry. */
  readonly exitNs: number;
  /** From an interrupt to the guest's EOI. */
  readonly handlingNs: number;
  /** Coalesced: the vCPU leaves the guest for the stop. Posted: its CPU is taken away, because leaving would leave no lag. */
  readonly delivery: Delivery;
  /** False: no preemption timer, so that the software timer keeps running. */
  readonly hvTimer: boolean;
  /** Periods to look at, before the stop and after the resume. */
  readonly periodsBefore: number;
  readonly periodsAfter: number;
}

/** What the model does around a stop. Times in ns from the resume. */
export interface AroundStop {
  readonly policy: PolicyName;
  readonly interruptsNs: readonly number[];
  /** From the resume until there was no lag and nothing owed; null where that was not before the limit. */
  readonly caughtUpNs: number | null;
  /** hrtimer callbacks after the resume, and exits of the guest. */
  readonly callbacks: number;
  readonly vmExits: number;
  /** How far the interrupts' grid moved, 0 up to a period. */
  readonly phaseShiftNs: number;
}

const RESUME = 2n ** 62n;
/** How long the resume is followed, ns: past it, a recovery counts as not ended. */
const LIMIT_NS = 10_000_000_000n;
/** Where in a period the stop begins: past the middle, so that a moved grid shows. */
const LEAVE_AT = 0.6;

/**
 * Runs the timer model in virtual time through a stop.
 *
 * @throws RangeError for a period that the timer cannot hold.
 */
export function aroundStop(setup: StopSetup, policy: PolicyName): AroundStop {
  const { periodNs, periodsBefore, stopNs, delivery } = setup;
  const start = RESUME - BigInt(stopNs + Math.round((periodsBefore + LEAVE_AT) * periodNs));
  const costs = { callbackNs: BigInt(setup.callbackNs), exitNs: BigInt(setup.exitNs) };
  const host = new NotingHost(VIRTUAL_TSC_KHZ, costs, start);
  const config = { ...lapicDefaults, guestTscKhz: VIRTUAL_TSC_KHZ, hvTimer: setup.hvTimer };
  const timer = new LapicTimer(config, policies[policy], host, delivery);
  const vcpu = new Vcpu(timer, host, { handlingNs: BigInt(setup.handlingNs) });
  programPeriodic(timer, BigInt(periodNs));
  const staysInGuest = delivery === 'posted';
  const { outcome, resumed, ended } = stopAndResume(vcpu, {
    leaveAt: RESUME - BigInt(stopNs),
    staysInGuest,
    pass: () => {
      if (staysInGuest) host.advanceTo(RESUME);
      else stayInUserspace(vcpu, RESUME);
      host.read();
    },
    followNs: LIMIT_NS,
    goal: 'caught-up',
  });
  runVcpu(vcpu, RESUME + BigInt(setup.periodsAfter * periodNs));
  return {
    policy,
    interruptsNs: host.takenAt.map((ktime) => Number(ktime - RESUME)),
    caughtUpNs: outcome === 'caught-up' ? Number(ended.ktime - RESUME) : null,
    callbacks: ended.callbacks - resumed.callbacks,
    vmExits: ended.vmExits - resumed.vmExits,
    phaseShiftNs: Number((timer.targetExpiration - start) % BigInt(periodNs)),
  };
}

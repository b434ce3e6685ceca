import { ktimeOf } from '../clock/time-source.ts';
import { lapicDefaults } from '../lapic/config.ts';
import { type Delivery, LapicTimer } from '../lapic/lapic-timer.ts';
import { type PolicyName, policies } from '../lapic/policies.ts';
import { programPeriodic } from '../lapic/program-periodic.ts';
import { leaveGuest, runVcpu, stayInUserspace } from '../lapic/run-vcpu.ts';
import { Vcpu } from '../lapic/vcpu.ts';
import { VirtualHost } from '../lapic/virtual-host.ts';

/** A stop, in whole numbers of ns. */
export interface StopScene {
  readonly periodNs: number;
  readonly stopNs: number;
  /** What one hrtimer callback takes. */
  readonly callbackNs: number;
  /** What one exit of an expired HV timer takes, back to the guest's entry. */
  readonly exitNs: number;
  /** From an interrupt to the guest's EOI. */
  readonly handlingNs: number;
  /** Coalesced: the vCPU leaves the guest for the stop. Posted: its CPU stalls, because leaving would leave no lag. */
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
  /** When the stop began. */
  readonly leftNs: number;
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

class NotingHost extends VirtualHost {
  readonly taken: number[] = [];

  override interruptTaken(): void {
    this.taken.push(Number(ktimeOf(this) - RESUME));
  }
}

/**
 * Runs the timer model in virtual time through a stop.
 *
 * @throws RangeError for a period that the timer cannot hold.
 */
export function aroundStop(scene: StopScene, policy: PolicyName): AroundStop {
  const { periodNs, periodsBefore, stopNs, delivery } = scene;
  const leaveNs = Math.round((periodsBefore + LEAVE_AT) * periodNs);
  const start = RESUME - BigInt(stopNs + leaveNs);
  const tscKhz = 2_600_000;
  const host = new NotingHost(
    tscKhz,
    { callbackNs: BigInt(scene.callbackNs), exitNs: BigInt(scene.exitNs) },
    start,
  );
  const timer = new LapicTimer(
    { ...lapicDefaults, guestTscKhz: tscKhz, hvTimer: scene.hvTimer },
    policies[policy],
    host,
    delivery,
  );
  const vcpu = new Vcpu(timer, host, { handlingNs: BigInt(scene.handlingNs) });
  programPeriodic(timer, BigInt(periodNs));
  runVcpu(vcpu, start + BigInt(leaveNs));
  if (delivery === 'posted') host.advanceTo(RESUME);
  else {
    leaveGuest(vcpu);
    stayInUserspace(vcpu, RESUME);
  }
  const before = { callbacks: vcpu.callbacks, vmExits: vcpu.vmExits };
  const outcome = runVcpu(vcpu, RESUME + LIMIT_NS, 'caught-up');
  const caughtUp = ktimeOf(host) - RESUME;
  const counts = { callbacks: vcpu.callbacks - before.callbacks, vmExits: vcpu.vmExits - before.vmExits };
  runVcpu(vcpu, RESUME + BigInt(scene.periodsAfter * periodNs));
  const period = BigInt(periodNs);
  const shift = (timer.targetExpiration - start) % period;
  return {
    policy,
    interruptsNs: host.taken,
    leftNs: -stopNs,
    caughtUpNs: outcome === 'caught-up' ? Number(caughtUp) : null,
    ...counts,
    phaseShiftNs: Number(shift),
  };
}

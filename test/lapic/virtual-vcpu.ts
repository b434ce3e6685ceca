import { ktimeOf } from '../../src/clock/time-source.ts';
import { type Delivery, type LapicConfig, lapicDefaults } from '../../src/lapic/config.ts';
import { LapicTimer } from '../../src/lapic/kvm-timer.ts';
import { programPeriodic } from '../../src/lapic/lapic-timer.ts';
import { type PolicyName, policies } from '../../src/lapic/policies.ts';
import { stopAndResume } from '../../src/lapic/scene.ts';
import { type Outcome, stayInUserspace, Vcpu, type VcpuOptions } from '../../src/lapic/vcpu.ts';
import { NotingHost } from '../../src/lapic/virtual-host.ts';

export const SECOND = 1_000_000_000n;
/** When the guest programs its timer. */
export const START = 5n * SECOND;

export interface Setup {
  readonly period?: bigint;
  readonly callbackNs?: bigint;
  readonly exitNs?: bigint;
  readonly config?: Partial<LapicConfig>;
  readonly delivery?: Delivery;
  readonly options?: Partial<VcpuOptions>;
}

/** Readings of one and the same time, after which a loop is taken to go on forever. */
const MOST_LOOKS = 1_000_000;

/** A test that fails says more than one that hangs. */
class WatchedHost extends NotingHost {
  seen = 0n;
  looks = 0;

  override read(): void {
    super.read();
    const ktime = ktimeOf(this);
    this.looks = ktime === this.seen ? this.looks + 1 : 0;
    this.seen = ktime;
    if (this.looks > MOST_LOOKS) throw new Error(`the loop is stuck at ${ktime} ns`);
  }
}

/** A vCPU in virtual time; its guest has just programmed a periodic timer (1 ms unless said). */
export function periodicVcpu(policy: PolicyName, setup: Setup = {}): Vcpu & { host: NotingHost } {
  const { callbackNs = 79n, exitNs = 1_000n, delivery = 'coalesced' } = setup;
  const config = { ...lapicDefaults, guestTscKhz: 2_599_993, ...setup.config };
  const host = new WatchedHost(config.guestTscKhz, { callbackNs, exitNs }, START, 13_000_000_000n);
  const timer = new LapicTimer(config, policies[policy], host, delivery);
  const vcpu = new Vcpu(timer, host, setup.options ?? {});
  programPeriodic(timer, setup.period ?? 1_000_000n);
  return Object.assign(vcpu, { host });
}

export function now({ host }: Vcpu): bigint {
  host.read();
  return ktimeOf(host);
}

/** What happened from the return to the guest until the timer had caught up. */
export interface Resume {
  readonly outcome: Outcome;
  readonly advances: number;
  readonly expirations: number;
  readonly callbacks: number;
  readonly exits: number;
  readonly interrupts: number;
  /** ktime of the return, and how long catching up took. */
  readonly resumedAt: bigint;
  readonly recoveryNs: bigint;
}

/** Stops a vCPU in userspace for `ns`, then runs it until it has caught up. */
export function stopFor(vcpu: Vcpu, ns: bigint): Resume {
  const { timer } = vcpu;
  const leaveAt = now(vcpu);
  const before = { advances: 0, interrupts: 0 };
  const { outcome, resumed, ended } = stopAndResume(vcpu, {
    leaveAt,
    pass: () => {
      stayInUserspace(vcpu, leaveAt + ns);
      before.advances = timer.advances;
      before.interrupts = timer.interrupts;
    },
    followNs: 1_000_000n * SECOND,
    goal: 'caught-up',
  });
  return {
    outcome,
    advances: timer.advances - before.advances,
    expirations: ended.expirations - resumed.expirations,
    callbacks: ended.callbacks - resumed.callbacks,
    exits: ended.vmExits - resumed.vmExits,
    interrupts: timer.interrupts - before.interrupts,
    resumedAt: resumed.ktime,
    recoveryNs: ended.ktime - resumed.ktime,
  };
}

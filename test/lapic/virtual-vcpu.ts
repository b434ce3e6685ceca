import { ktimeOf } from '../../src/clock/time-source.ts';
import { type LapicConfig, lapicDefaults } from '../../src/lapic/config.ts';
import { type Delivery, LapicTimer } from '../../src/lapic/lapic-timer.ts';
import { type PolicyName, policies } from '../../src/lapic/policies.ts';
import { programPeriodic } from '../../src/lapic/program-periodic.ts';
import { leaveGuest, type Outcome, runVcpu, stayInUserspace } from '../../src/lapic/run-vcpu.ts';
import { Vcpu, type VcpuOptions } from '../../src/lapic/vcpu.ts';
import { VirtualHost } from '../../src/lapic/virtual-host.ts';

export const SECOND = 1_000_000_000n;
/** When the guest programs its timer. */
export const START = 5n * SECOND;

/** Notes when each interrupt was taken. */
export class NotingHost extends VirtualHost {
  readonly interrupts: bigint[] = [];

  override interruptTaken(): void {
    this.interrupts.push(ktimeOf(this));
  }
}

export interface Setup {
  readonly period?: bigint;
  readonly callbackNs?: bigint;
  readonly exitNs?: bigint;
  readonly config?: Partial<LapicConfig>;
  readonly delivery?: Delivery;
  readonly options?: Partial<VcpuOptions>;
}

/** A vCPU in virtual time; its guest has just programmed a periodic timer (1 ms unless said). */
export function periodicVcpu(policy: PolicyName, setup: Setup = {}): Vcpu & { host: NotingHost } {
  const { callbackNs = 79n, exitNs = 1_000n, delivery = 'coalesced' } = setup;
  const config = { ...lapicDefaults, guestTscKhz: 2_599_993, ...setup.config };
  const host = new NotingHost(config.guestTscKhz, { callbackNs, exitNs }, START, 13_000_000_000n);
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
  readonly irqs: number;
  /** ktime of the return, and how long catching up took. */
  readonly resumedAt: bigint;
  readonly recoveryNs: bigint;
}

/** Stops a vCPU in userspace for `ns`, then runs it until it has caught up. */
export function stopAndResume(vcpu: Vcpu, ns: bigint): Resume {
  leaveGuest(vcpu);
  stayInUserspace(vcpu, now(vcpu) + ns);
  const { timer } = vcpu;
  const resumedAt = now(vcpu);
  const before = [timer.advances, timer.expirations, vcpu.callbacks, vcpu.vmExits, timer.irqs] as const;
  const outcome = runVcpu(vcpu, resumedAt + 1_000_000n * SECOND, 'caught-up');
  return {
    outcome,
    advances: timer.advances - before[0],
    expirations: timer.expirations - before[1],
    callbacks: vcpu.callbacks - before[2],
    exits: vcpu.vmExits - before[3],
    irqs: timer.irqs - before[4],
    resumedAt,
    recoveryNs: now(vcpu) - resumedAt,
  };
}

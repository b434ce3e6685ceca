import { ktimeOf, type Words } from '../clock/time-source.ts';
import { VirtualClock } from '../clock/virtual.ts';
import type { VcpuHost } from './vcpu.ts';

/** The TSC of an imagined host, and of its guest, kHz. */
export const VIRTUAL_TSC_KHZ = 2_600_000;

/** One hrtimer callback in the production crash: 193 million in 15.3 s, ns. */
export const CRASH_CALLBACK_NS = 79;

/** What each piece of work takes in virtual time, ns. */
export interface Costs {
  readonly callbackNs: bigint;
  /** From the exit of an expired HV timer to the next guest entry. */
  readonly exitNs: bigint;
}

const CALLBACK = 0;
const EXIT = 1;
type CostWords = Words<typeof CALLBACK | typeof EXIT>;

/** A host in virtual time: work takes a fixed time, waiting takes none of ours, and every run is the same. */
export class VirtualHost extends VirtualClock implements VcpuHost {
  readonly #costs: CostWords;

  /** @throws RangeError where `tscKhz` is out of range. */
  constructor(tscKhz: number, costs: Costs, ktime = 0n, tsc = 0n) {
    super(tscKhz, ktime, tsc);
    this.#costs = new BigInt64Array([costs.callbackNs, costs.exitNs]) as CostWords;
  }

  callbackDone(): void {
    this.advance(this.#costs[CALLBACK]);
  }

  exitDone(): void {
    this.advance(this.#costs[EXIT]);
  }

  interruptTaken(): void {}

  waitUntilKtime(ktime: bigint): void {
    this.advanceTo(ktime);
  }

  waitUntilTsc(tsc: bigint, ktime: bigint): void {
    this.read();
    const reached = ktimeOf(this) + this.nsUntilTsc(tsc);
    this.advanceTo(reached < ktime ? reached : ktime);
  }
}

/** A host in virtual time that remembers when its guest took each interrupt. */
export class NotingHost extends VirtualHost {
  /** ktime, ns. */
  readonly takenAt: bigint[] = [];

  override interruptTaken(): void {
    this.takenAt.push(ktimeOf(this));
  }
}

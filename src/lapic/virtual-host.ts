import { VirtualClock } from '../clock/virtual.ts';
import type { VcpuHost } from './vcpu.ts';

/** What each piece of work takes in virtual time, ns. */
export interface Costs {
  readonly callbackNs: bigint;
  /** From the exit of an expired HV timer to the next guest entry. */
  readonly exitNs: bigint;
}

/** A host in virtual time: work takes a fixed time, waiting takes none of ours, and every run is the same. */
export class VirtualHost extends VirtualClock implements VcpuHost {
  readonly #costs: BigInt64Array;

  /** @throws RangeError where `tscKhz` is out of range. */
  constructor(tscKhz: number, costs: Costs, ktime = 0n, tsc = 0n) {
    super(tscKhz, ktime, tsc);
    this.#costs = new BigInt64Array([costs.callbackNs, costs.exitNs]);
  }

  callbackDone(): void {
    this.advance(this.#costs[0] as bigint);
  }

  exitDone(): void {
    this.advance(this.#costs[1] as bigint);
  }

  interruptTaken(): void {}

  waitUntilKtime(ktime: bigint): void {
    this.advanceTo(ktime);
  }

  waitUntilTsc(tsc: bigint, ktime: bigint): void {
    this.read();
    const ns = this.nsUntilTsc(tsc);
    const most = BigInt.asIntN(64, ktime - (this.reading[0] as bigint));
    if (most > 0n) this.advance(ns < most ? ns : most);
  }
}

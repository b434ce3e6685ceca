import type { TimeSource } from '../../clock/time-source.ts';
import { ktimeOf, tscOf } from '../../clock/time-source.ts';
import { WarpedClock } from '../../clock/warped.ts';
import type { VcpuHost } from '../../lapic/vcpu.ts';
import { type Costs, VirtualHost } from '../../lapic/virtual-host.ts';
import type { Notes } from './notes.ts';

/** A host on which a stop need not be waited for. */
export interface StopHost extends VcpuHost {
  /** Both clocks move forward by `ns`. */
  leap(ns: bigint): void;
}

/** Fractional bits of the rate in `cyclesIn`. */
const RATE_BITS = 20n;
/** Waits are leapt over but for this much, which is spun: the clocks then read as they would after a real wait. */
const SPUN_NS = 2000n;

/** Cycles in `ns` at `hz`, by integers: a stop of years keeps the double's 53 bits of the rate. */
export function cyclesIn(ns: bigint, hz: number): bigint {
  const rate = BigInt(Math.round(hz * 2 ** Number(RATE_BITS)));
  return (ns * rate) / (1_000_000_000n << RATE_BITS);
}

/** This host's own clocks, moved forward by stops and waits; all work between them takes its real time. */
export class RealStopHost extends WarpedClock implements StopHost {
  readonly #notes: Notes;
  readonly #tscHz: number;

  constructor(source: TimeSource, tscHz: number, notes: Notes) {
    super(source);
    this.#notes = notes;
    this.#tscHz = tscHz;
  }

  override leap(ns: bigint): void {
    super.leap(ns, cyclesIn(ns, this.#tscHz));
  }

  callbackDone(): void {
    this.#notes.expiry(this.reading);
  }

  exitDone(): void {
    this.#notes.expiry(this.reading);
  }

  interruptTaken(): void {
    this.#notes.interrupt(this.reading);
  }

  waitUntilKtime(ktime: bigint): void {
    const ns = BigInt.asIntN(64, ktime - ktimeOf(this));
    if (ns > SPUN_NS) this.leap(ns - SPUN_NS);
  }

  waitUntilTsc(tsc: bigint, ktime: bigint): void {
    const cycles = BigInt.asIntN(64, tsc - tscOf(this));
    const ns = BigInt(Math.floor((Number(cycles) / this.#tscHz) * 1e9));
    const most = BigInt.asIntN(64, ktime - ktimeOf(this));
    const wait = ns < most ? ns : most;
    if (wait > SPUN_NS) this.leap(wait - SPUN_NS);
  }
}

/** Virtual time: each callback and each exit takes a fixed time, and nothing else takes any. */
export class VirtualStopHost extends VirtualHost implements StopHost {
  readonly #notes: Notes;

  constructor(tscKhz: number, costs: Costs, notes: Notes) {
    super(tscKhz, costs);
    this.#notes = notes;
  }

  leap(ns: bigint): void {
    this.advance(ns);
  }

  override callbackDone(): void {
    super.callbackDone();
    this.read();
    this.#notes.expiry(this.reading);
  }

  override exitDone(): void {
    super.exitDone();
    this.read();
    this.#notes.expiry(this.reading);
  }

  override interruptTaken(): void {
    this.#notes.interrupt(this.reading);
  }
}

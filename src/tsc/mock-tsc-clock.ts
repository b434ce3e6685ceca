/// <reference lib="esnext.disposable" preserve="true" />
import { ktimeOf, tscOf } from '../clock/time-source.ts';
import { VirtualClock } from '../clock/virtual.ts';
import type { ClockOfTsc } from './clock-of-tsc.ts';

/** Where a mock clock begins. */
export interface MockTscClockOptions {
  /** Whole kHz of the TSC; 2 600 000 by default. */
  readonly tscKhz?: number;
  readonly ns?: bigint;
  readonly tsc?: bigint;
  /** What `toDate` says at `ns`. */
  readonly date?: Date;
}

/** `TscClock` for tests: time passes only as it is told to, or waited for. */
export class MockTscClock implements ClockOfTsc {
  readonly hz: number;
  readonly #clock: VirtualClock;
  readonly #start: { readonly ns: bigint; readonly tsc: bigint; readonly date: Date };

  constructor({ tscKhz = 2_600_000, ns = 0n, tsc = 0n, date = new Date(0) }: MockTscClockOptions = {}) {
    this.#clock = new VirtualClock(tscKhz, ns, tsc);
    this.#start = { ns, tsc, date };
    this.hz = tscKhz * 1000;
  }

  /** Lets this many ns pass. */
  advance(ns: bigint): void {
    this.#clock.advance(ns);
  }

  rdtsc(): bigint {
    this.#clock.read();
    return tscOf(this.#clock);
  }

  now(): bigint {
    this.#clock.read();
    return ktimeOf(this.#clock);
  }

  nowNumber(): number {
    return Number(this.now());
  }

  nowInto(out: BigInt64Array, index = 0): void {
    out[index] = this.now();
  }

  errorBoundNs(): number {
    return 0;
  }

  fromTsc(tsc: bigint): bigint {
    return this.#start.ns + (BigInt.asIntN(64, tsc - this.#start.tsc) * 1_000_000_000n) / BigInt(this.hz);
  }

  toTsc(ns: bigint): bigint {
    return BigInt.asUintN(64, this.#start.tsc + ((ns - this.#start.ns) * BigInt(this.hz)) / 1_000_000_000n);
  }

  elapsed(from: bigint, to: bigint = this.rdtsc()): number {
    return (Number(BigInt.asIntN(64, to - from)) / this.hz) * 1e9;
  }

  anchor(): void {}

  spinUntil(ns: bigint): void {
    this.#clock.advanceTo(ns);
  }

  sleepUntil(ns: bigint): void {
    this.#clock.advanceTo(ns);
  }

  toDate(ns: bigint = this.now()): Date {
    return new Date(this.#start.date.getTime() + Number(ns - this.#start.ns) / 1e6);
  }

  close(): void {}

  [Symbol.dispose](): void {}
}

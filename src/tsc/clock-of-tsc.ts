/// <reference lib="esnext.disposable" preserve="true" />
/**
 * CLOCK_MONOTONIC on the scale of the TSC: what `TscClock` and `MockTscClock` both are. All ns are CLOCK_MONOTONIC's,
 * as process.hrtime.bigint() counts them.
 */
export interface ClockOfTsc {
  /** Ticks of the TSC in one second of the clock, as far as is known now. */
  readonly hz: number;
  /** The counter itself, unsigned. */
  rdtsc(): bigint;
  /** The time, ns; never less than what it answered before. */
  now(): bigint;
  /** The same as a double: exact to a ns for the first 104 days after boot. */
  nowNumber(): number;
  /** The same into `out[index]`, with nothing allocated. */
  nowInto(out: BigInt64Array, index?: number): void;
  /** How far `now` may be from the kernel's clock at this moment, ns. */
  errorBoundNs(): number;
  /** The time at a reading of the TSC, ns. */
  fromTsc(tsc: bigint): bigint;
  /** The TSC at a time, ticks. */
  toTsc(ns: bigint): bigint;
  /** Time between two readings of the TSC, ns; up to now where only one is given. */
  elapsed(from: bigint, to?: bigint): number;
  /**
   * Sets the clock by the kernel's now. Only a loop that never yields needs it: no timer can run meanwhile. Calling it
   * more often than once a millisecond does nothing.
   */
  anchor(): void;
  /** Waits awake until a time, ns. */
  spinUntil(ns: bigint): void;
  /** Waits asleep until a time, ns; blocks the thread. */
  sleepUntil(ns: bigint): void;
  /** The time of day at a time of this clock, now where none is given; to the millisecond. */
  toDate(ns?: bigint): Date;
  /** Ends the corrections; the clock goes on at its last rate. */
  close(): void;
  /** The same as `close`, for `using`. */
  [Symbol.dispose](): void;
}

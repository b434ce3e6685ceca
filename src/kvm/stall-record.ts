import type { TraceResult } from './expiries.ts';

/**
 * One time that the timer interrupt of the guest's CPU was kept busy. Times are ktime in ns from the instant at which
 * the burst of timers was due.
 */
export interface Stall {
  /** Timers that were due. */
  readonly timers: number;
  /** A process that was running on that CPU was interrupted, and went on. */
  readonly fromNs: number;
  readonly toNs: number;
  /** The guest's interrupts from some tens of periods before to as many after. */
  readonly deliveriesNs: readonly number[];
}

/** Every stall of one guest, or why there is none. */
export interface StallRecord {
  readonly periodNs: number;
  /** How late interrupts came without a stall: median, ns after the points of the timer's grid. */
  readonly usualLatenessNs: number;
  readonly cpu: number;
  readonly stalls: readonly Stall[];
  /** What the kernel's own tracepoints say of the same expiries. */
  readonly trace: TraceResult;
  /** Why no stall, or none that is long enough, could be made; null where they were. */
  readonly reason: string | null;
}

import { nativeWithTsc } from '../native.ts';
import type { Control } from './control.ts';

/** Waits for a deadline and leaves (ktime, TSC) of the end in `out`, where given; see the addon's waits of the same names. */
export interface Waiter {
  /** clock_nanosleep, as the hrtimer of a halted vCPU. @returns false where it was cancelled first. */
  sleepUntil(ktime: bigint, out?: BigInt64Array): boolean;
  /** Spins on the TSC, as the preemption timer's hardware. */
  spinUntilTsc(tsc: bigint, out?: BigInt64Array): boolean;
  /** Sleeps until `spinNs` before the deadline, then spins. */
  sleepThenSpin(ktime: bigint, spinNs: number, out?: BigInt64Array): boolean;
}

/**
 * Waits of any length out of the addon's waits of at most 100 ms. Between two of them the thread can be terminated
 * or cancelled.
 *
 * @throws TscopeError where the addon cannot be loaded or rdtsc is forbidden.
 */
export function hostWaiter(control: Control): Waiter {
  const addon = nativeWithTsc();
  const unasked = new BigInt64Array(2);
  const until = (wait: () => boolean): boolean => {
    while (!wait()) if (control.cancelled()) return false;
    return true;
  };
  return {
    sleepUntil: (ktime, out = unasked) => until(() => addon.sleepUntil(ktime, out)),
    spinUntilTsc: (tsc, out = unasked) => until(() => addon.spinUntilTsc(tsc, out)),
    sleepThenSpin: (ktime, spinNs, out = unasked) => until(() => addon.sleepThenSpin(ktime, spinNs, out)),
  };
}

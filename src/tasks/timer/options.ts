import { usageError } from '../../errors.ts';
import type { PolicyName } from '../../lapic/policies.ts';
import type { TimerBackend } from '../../schema/timer.ts';
import { bounds, within } from '../../units.ts';
import { type QuietOptions, quietDefaults } from '../quiet-thread.ts';

/** A real stop of the thread, again and again. */
interface RealStops {
  readonly everyNs: bigint;
  readonly forNs: bigint;
}

/** One periodic timer on this host. */
export interface TimerOptions {
  readonly periodNs: bigint;
  readonly durationNs: bigint;
  readonly policy: PolicyName;
  readonly backend: TimerBackend;
  readonly stops: RealStops | null;
  readonly quiet: QuietOptions;
  /** Runs cyclictest first, at the same period, time, priority and CPU. */
  readonly cyclictest?: boolean;
  /** Counts the ticks in bars of this width too, ns; null or left out: it does not. */
  readonly barNs?: bigint | null;
}

/** What is accepted: the count register has 32 bits of ns; below 10 us the waiting is all that is seen. */
export const timerBounds = {
  periodNs: bounds('10us', '4294967295ns'),
  durationNs: bounds('1ms', '30d'),
  everyNs: bounds('1ms', '1d'),
  forNs: bounds('1us', '1d'),
  barNs: bounds('1ns', '1s'),
} as const;

const US = 1_000n;

/**
 * Refuses what cannot be done.
 *
 * @throws TscopeError USAGE naming the field.
 */
export function checkTimerOptions({
  periodNs,
  durationNs,
  stops,
  cyclictest = false,
  barNs = null,
}: TimerOptions): void {
  within(periodNs, timerBounds.periodNs, 'periodNs');
  within(durationNs, timerBounds.durationNs, 'durationNs');
  if (barNs !== null) within(barNs, timerBounds.barNs, 'barNs');
  if (durationNs < periodNs) throw usageError('`durationNs`: it is shorter than one `periodNs`.');
  if (stops !== null) {
    within(stops.everyNs, timerBounds.everyNs, 'stops.everyNs');
    within(stops.forNs, timerBounds.forNs, 'stops.forNs');
    if (stops.everyNs + stops.forNs > durationNs) {
      throw usageError('`stops`: not even one fits into `durationNs`.');
    }
  }
  if (cyclictest && stops !== null)
    throw usageError('`cyclictest`: it never leaves; give it without `stops`.');
  if (cyclictest && periodNs % US !== 0n) {
    throw usageError('`cyclictest`: it counts in us; give a `periodNs` of whole microseconds.');
  }
}

/** The contract's defaults. */
export const timerDefaults: TimerOptions = {
  periodNs: 1_000_000n,
  durationNs: 10_000_000_000n,
  policy: 'clamp',
  backend: 'hrtimer',
  stops: null,
  quiet: quietDefaults,
};

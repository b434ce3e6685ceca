import { usageError } from '../../errors.ts';
import type { PolicyName } from '../../lapic/policies.ts';
import type { TimerBackend } from '../../schema/timer.ts';
import { bounds, withinBounds } from '../../units.ts';
import { type QuietOptions, quietDefaults } from '../quiet-thread.ts';

/** One periodic timer on this host. */
export interface TimerOptions {
  readonly periodNs: bigint;
  readonly durationNs: bigint;
  readonly policy: PolicyName;
  readonly backend: TimerBackend;
  /** The thread really leaves this often, and for this long; it never does where they are left out. */
  readonly stopEveryNs?: bigint | undefined;
  readonly stopForNs?: bigint | undefined;
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
  stopEveryNs: bounds('1ms', '1d'),
  stopForNs: bounds('1us', '1d'),
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
  stopEveryNs,
  stopForNs,
  cyclictest = false,
  barNs = null,
}: TimerOptions): void {
  withinBounds(periodNs, timerBounds.periodNs, 'periodNs');
  withinBounds(durationNs, timerBounds.durationNs, 'durationNs');
  if (barNs !== null) withinBounds(barNs, timerBounds.barNs, 'barNs');
  if (durationNs < periodNs) throw usageError('`durationNs`: it is shorter than one `periodNs`.');
  if ((stopEveryNs === undefined) !== (stopForNs === undefined))
    throw usageError('`stopEveryNs` and `stopForNs` go together; give both or neither.');
  if (stopEveryNs !== undefined && stopForNs !== undefined) {
    withinBounds(stopEveryNs, timerBounds.stopEveryNs, 'stopEveryNs');
    withinBounds(stopForNs, timerBounds.stopForNs, 'stopForNs');
    if (stopEveryNs + stopForNs > durationNs) {
      throw usageError(
        '`stopEveryNs`: not even one stop (`stopEveryNs` plus `stopForNs`) fits into `durationNs`.',
      );
    }
    if (cyclictest)
      throw usageError('`cyclictest`: it never leaves; give it without `stopEveryNs` and `stopForNs`.');
  }
  if (cyclictest && periodNs % US !== 0n) {
    throw usageError('`cyclictest`: it counts in us; give a `periodNs` of whole microseconds.');
  }
}

export const timerDefaults: TimerOptions = {
  periodNs: 1_000_000n,
  durationNs: 10_000_000_000n,
  policy: 'clamp',
  backend: 'hrtimer',
  quiet: quietDefaults,
};

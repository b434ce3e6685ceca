import type { PolicyName } from '../../lapic/policies.ts';
import type { TimerBackend } from '../../schema/timer.ts';
import { bounds } from '../../units.ts';
import { type QuietOptions, quietDefaults } from '../quiet-thread.ts';

/** A real stop of the thread, again and again. */
export interface RealStops {
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
}

/** What is accepted: the count register has 32 bits of ns; below 10 us the waiting is all that is seen. */
export const timerBounds = {
  periodNs: bounds('10us', '4294967295ns'),
  durationNs: bounds('1ms', '30d'),
  everyNs: bounds('1ms', '1d'),
  forNs: bounds('1us', '1d'),
};

/** The contract's defaults. */
export const timerDefaults: TimerOptions = {
  periodNs: 1_000_000n,
  durationNs: 10_000_000_000n,
  policy: 'clamp',
  backend: 'hrtimer',
  stops: null,
  quiet: quietDefaults,
};

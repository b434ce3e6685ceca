import type { PolicyName } from '../../lapic/policies.ts';
import type { TimerBackend } from '../../schema/timer.ts';
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

/** The contract's defaults. */
export const timerDefaults: TimerOptions = {
  periodNs: 1_000_000n,
  durationNs: 10_000_000_000n,
  policy: 'clamp',
  backend: 'hrtimer',
  stops: null,
  quiet: quietDefaults,
};

import type { ClockName } from '../../../src/host/clocks.ts';
import type { DriftHost } from '../../../src/tasks/drift/drift.ts';
import type { Watcher } from '../../../src/tasks/drift/events.ts';

/** The TSC of the script: one tick a nanosecond, so that numbers can be read. */
const HZ = 1e9;
const WINDOW = 60;

/** How far each clock is from true time, ns, as a function of true time, ns. */
export type Errors = Partial<Record<ClockName | 'tsc', (ns: number) => number>>;

export interface Script {
  readonly errors?: Errors;
  /** CPU at a true time; -1 moves in every bracket. */
  readonly cpu?: (ns: number) => number;
  readonly watchers?: readonly Watcher[];
  /** Noise of each read within its window, -1 to 1. */
  readonly noise?: () => number;
  /** Called at each sample with true time. */
  readonly onWait?: (ns: number) => void;
  readonly cancelAfter?: number;
  /** Window of each bracket at a true time, ns. */
  readonly window?: (ns: number) => number;
}

/** A host whose clocks do what the script says, in virtual time. */
export function scriptedHost({
  errors = {},
  cpu = () => 0,
  watchers = [],
  noise = () => 0,
  onWait,
  cancelAfter,
  window = () => WINDOW,
}: Script) {
  let now = 1_000_000;
  let waits = 0;
  const host: DriftHost = {
    source: {
      readBrackets: (clock, out) => {
        for (let row = 0; row < out.length; row += 4) {
          const tsc = now + (errors.tsc?.(now) ?? 0);
          const width = window(now);
          const reading = now + width / 2 + (errors[clock]?.(now) ?? 0) + (noise() * width) / 2;
          out[row] = BigInt(Math.round(tsc));
          out[row + 1] = BigInt(Math.round(reading));
          out[row + 2] = BigInt(Math.round(tsc)) + BigInt(width);
          out[row + 3] = BigInt(cpu(now));
          now += width;
        }
      },
    },
    nominal: { hz: HZ, source: 'script' },
    now: () => BigInt(now),
    date: () => new Date(now / 1e6),
    waitUntil: (ktime) => {
      now = Math.max(now, Number(ktime));
      onWait?.(now);
      waits += 1;
      return cancelAfter === undefined || waits <= cancelAfter;
    },
    watchers,
    independence: () => ({ independent: false, independentReason: 'script' }),
  };
  return host;
}

/** A small linear congruential generator, so that a failure can be run again. */
export function seededNoise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 16807) % 2147483647;
    return (state / 2147483647) * 2 - 1;
  };
}

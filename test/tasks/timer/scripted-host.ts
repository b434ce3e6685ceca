import { KTIME, type Reading, type TimeSource, TSC } from '../../../src/clock/time-source.ts';
import type { TimerHost } from '../../../src/tasks/timer/timer.ts';

/** What the host of a test does. */
export interface Script {
  readonly tscKhz?: number;
  /** The TSC's true rate, where it is not what KVM was told. */
  readonly tscHz?: number;
  /** How late the nth wait ends, ns. */
  lateness?(wait: number): number;
  /** It is cancelled at the nth wait. */
  readonly cancelAtWait?: number;
}

const BEGINNING = 5_000_000_000n;
/** What handling a tick takes: no reading of the clocks takes any time of its own. */
const HANDLING_NS = 200n;

/** A timeline that moves when somebody waits, its TSC at exactly `tscHz`. */
export function scriptedHost({ tscKhz = 2_600_000, tscHz = tscKhz * 1000, lateness, cancelAtWait }: Script) {
  let now = BEGINNING;
  let waits = 0;
  const tscAt = (ktime: bigint): bigint => (ktime * BigInt(Math.round(tscHz * 1000))) / 1_000_000_000_000n;
  const ktimeOfTsc = (tsc: bigint): bigint =>
    (tsc * 1_000_000_000_000n + BigInt(Math.round(tscHz * 1000)) - 1n) / BigInt(Math.round(tscHz * 1000));
  const clock: TimeSource = {
    reading: new BigInt64Array([now, tscAt(now)]) as Reading,
    read: () => {
      clock.reading[KTIME] = now;
      clock.reading[TSC] = tscAt(now);
    },
  };
  const waitUntil = (ktime: bigint, out: BigInt64Array = new BigInt64Array(2)): boolean => {
    if (waits === cancelAtWait) return false;
    const end = ktime + BigInt(lateness?.(waits) ?? 0);
    waits += 1;
    now = (end > now ? end : now) + 0n;
    out[KTIME] = now;
    out[TSC] = tscAt(now);
    now += HANDLING_NS;
    return true;
  };
  const host: TimerHost = {
    clock,
    waiter: {
      sleepUntil: waitUntil,
      spinUntilTsc: (tsc, out) => waitUntil(ktimeOfTsc(tsc), out),
      sleepThenSpin: (ktime, _spinNs, out) => waitUntil(ktime, out),
    },
    tscKhz,
    tscHz,
    granularityTicks: 1,
    rateSince: () => ({ low: (tscHz * (1 - 1e-9)) / 1e9, high: (tscHz * (1 + 1e-9)) / 1e9 }),
  };
  return host;
}

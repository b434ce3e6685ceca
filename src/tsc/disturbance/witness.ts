import type { ClockName } from '../../host/clocks.ts';
import type { Fact } from '../../host/fact.ts';
import { NS_PER_MS, NS_PER_S } from '../../units.ts';
import { type BracketSource, ROW } from '../source.ts';

/** What the other clocks showed at one moment of a run. */
export interface Testimony {
  /** Batches of the measured clock taken before. */
  readonly batch: number;
  /** The narrowest of a few brackets of each clock: TSC before, ns, TSC after. */
  readonly brackets: Readonly<Record<WitnessClock, readonly [bigint, bigint, bigint]>>;
  readonly clocksource: Fact<string>;
}

/** Clocks whose differences show what happened: only a step parts the first two, only a suspend the last two. */
const WITNESSES = ['realtime', 'monotonic', 'boottime', 'monotonic_raw'] as const satisfies ClockName[];
export type WitnessClock = (typeof WITNESSES)[number];

const TRIES = 4;

/** How often to ask: 512 times a run, but neither more than once a ms nor less than once a second. */
export const testimonyEveryNs = (durationNs: number): number =>
  Math.min(NS_PER_S, Math.max(NS_PER_MS, durationNs / 512));

/** Reads every witness once. */
export function testify(source: BracketSource, batch: number): Testimony {
  const narrowest = (clock: ClockName): readonly [bigint, bigint, bigint] => {
    const rows = new BigInt64Array(TRIES * ROW);
    source.readBrackets(clock, rows);
    let best: readonly [bigint, bigint, bigint] = [rows[0] ?? 0n, rows[1] ?? 0n, rows[2] ?? 0n];
    for (let i = ROW; i < rows.length; i += ROW) {
      const [before = 0n, ns = 0n, after = 0n] = rows.subarray(i, i + 3);
      if (after - before < best[2] - best[0]) best = [before, ns, after];
    }
    return best;
  };
  const brackets = {
    realtime: narrowest('realtime'),
    monotonic: narrowest('monotonic'),
    boottime: narrowest('boottime'),
    monotonic_raw: narrowest('monotonic_raw'),
  };
  return { batch, brackets, clocksource: source.clocksource() };
}

import { type Bracket, bracketAt, narrowestRow, newRows } from '../clock/bracket-rows.ts';
import type { ClockName } from '../host/clocks.ts';
import type { Fact } from '../host/fact.ts';
import { NS_PER_MS, NS_PER_S } from '../units.ts';
import type { BracketSource } from './source.ts';

/** Clocks whose differences show what happened: only a step parts the first two, only a suspend the last two. */
export type WatchedClock = 'realtime' | 'monotonic' | 'boottime' | 'monotonic_raw';

/** What the kernel's clocks showed at one moment of a run. */
export interface ClockReadings {
  /** Batches of the measured clock taken before. */
  readonly batch: number;
  /** The narrowest of a few brackets of each clock. */
  readonly brackets: Readonly<Record<WatchedClock, Bracket>>;
  readonly clocksource: Fact<string>;
}

const TRIES = 4;

/** How often to read them: 512 times a run, but neither more than once a ms nor less than once a second. */
export const readingsEveryNs = (durationNs: number): number =>
  Math.min(NS_PER_S, Math.max(NS_PER_MS, durationNs / 512));

/** Reads every watched clock once. */
export function readClocks(source: BracketSource, batch: number): ClockReadings {
  const rows = newRows(TRIES);
  const read = (clock: ClockName): Bracket => {
    source.readBrackets(clock, rows);
    return bracketAt(rows, narrowestRow(rows));
  };
  const brackets = {
    realtime: read('realtime'),
    monotonic: read('monotonic'),
    boottime: read('boottime'),
    monotonic_raw: read('monotonic_raw'),
  };
  return { batch, brackets, clocksource: source.clocksource() };
}

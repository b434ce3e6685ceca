import { bracketAt, narrowestRow, newRows } from '../clock/bracket-rows.ts';
import type { Native } from '../native.ts';

/** CLOCK_MONOTONIC at a TSC, known to within `halfNs`. */
export interface Anchor {
  readonly tsc: bigint;
  readonly ns: bigint;
  readonly halfNs: number;
}

/** Takes one now. `nsPerTick` turns its window into time; a per cent is near enough. */
export type TakeAnchor = (nsPerTick: number) => Anchor;

/** Of <linux/time.h>; the room of host facts would triple what `tscope/clock` loads. */
const CLOCK_MONOTONIC = 1;

/** Brackets tried for one anchor; the narrowest counts. */
const TRIES = 16;

/** The clock is cut to whole ns. */
const ROUNDING_NS = 1;

/** Takes anchors into memory of its own, so that a timer may take any number of them. */
export function anchorTaker(addon: Native): TakeAnchor {
  const rows = newRows(TRIES);
  return (nsPerTick) => {
    addon.readBrackets(CLOCK_MONOTONIC, false, rows);
    const { before, ns, after } = bracketAt(rows, narrowestRow(rows));
    const half = (after - before) / 2n;
    return { tsc: before + half, ns, halfNs: Number(half) * nsPerTick + ROUNDING_NS };
  };
}

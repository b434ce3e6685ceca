import { CLOCK_IDS } from '../host/clocks.ts';
import type { Native } from '../native.ts';
import { ROW } from './source.ts';

/** CLOCK_MONOTONIC at a TSC, known to within `halfNs`. */
export interface Anchor {
  readonly tsc: bigint;
  readonly ns: bigint;
  readonly halfNs: number;
}

/** Takes one now. `nsPerTick` turns its window into time; a per cent is near enough. */
export type TakeAnchor = (nsPerTick: number) => Anchor;

/** Brackets tried for one anchor; the narrowest counts. */
const TRIES = 16;

/** The clock is cut to whole ns. */
const ROUNDING_NS = 1;

/** Takes anchors into memory of its own, so that a timer may take them for ever. */
export function anchorTaker(addon: Native): TakeAnchor {
  const rows = new BigInt64Array(TRIES * ROW);
  const windowAt = (i: number) => (rows[i + 2] as bigint) - (rows[i] as bigint);
  return (nsPerTick) => {
    addon.readBrackets(CLOCK_IDS.monotonic, false, rows);
    let best = 0;
    for (let i = ROW; i < rows.length; i += ROW) if (windowAt(i) < windowAt(best)) best = i;
    const half = windowAt(best) / 2n;
    return {
      tsc: (rows[best] as bigint) + half,
      ns: rows[best + 1] as bigint,
      halfNs: Number(half) * nsPerTick + ROUNDING_NS,
    };
  };
}

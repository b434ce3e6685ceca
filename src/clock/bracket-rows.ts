/** Words in one row of brackets: TSC before, clock (ns), TSC after, CPU (-1: the thread moved in between). */
export const ROW = 4;

/** One row of brackets: a clock's value between two reads of the TSC on one CPU. */
export interface Bracket {
  /** TSC before the clock was read. */
  readonly before: bigint;
  /** The clock's value, ns. */
  readonly ns: bigint;
  /** TSC after the clock was read. */
  readonly after: bigint;
}

/** Memory for this many rows. */
export const newRows = (count: number): BigInt64Array => new BigInt64Array(count * ROW);

const moved = (rows: BigInt64Array, at: number): boolean => rows[at + 3] === -1n;
const windowAt = (rows: BigInt64Array, at: number): bigint => (rows[at + 2] as bigint) - (rows[at] as bigint);

/**
 * Index of the first word of the row whose two TSC reads are nearest to each other: outliers only ever widen a window.
 * A row during which the thread moved counts only where all did.
 */
export function narrowestRow(rows: BigInt64Array): number {
  let best = 0;
  for (let at = ROW; at + ROW <= rows.length; at += ROW) {
    const better =
      moved(rows, at) === moved(rows, best) ? windowAt(rows, at) < windowAt(rows, best) : moved(rows, best);
    if (better) best = at;
  }
  return best;
}

/** The bracket that begins at this word. */
export const bracketAt = (rows: BigInt64Array, at: number): Bracket => ({
  before: rows[at] as bigint,
  ns: rows[at + 1] as bigint,
  after: rows[at + 2] as bigint,
});

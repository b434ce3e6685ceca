import { ROW } from './source.ts';

/**
 * Brackets of one clock as differences from the first one, in double precision: exact for 40 days, and fit for
 * statistics. Each says: while the clock showed `ns`, the TSC was between `before` and `after`.
 */
export interface Brackets {
  /** TSC and clock of the first row; the arrays are relative to them. */
  readonly baseTsc: bigint;
  readonly baseNs: bigint;
  readonly before: Float64Array;
  readonly ns: Float64Array;
  readonly after: Float64Array;
  /** Which batch each bracket came from; the brackets of one batch lie within microseconds. */
  readonly batch: Int32Array;
}

/** How many rows were not used, and why. */
export interface Rejected {
  /** The window is more than 1.5 times the narrowest: something came between the reads. */
  wideWindow: number;
  /** The thread moved to another CPU between the two TSC reads. */
  cpuChanged: number;
  /** Taken before or after a break in the clock or the counter; only the longest stretch counts. */
  clockDisturbed: number;
}

/** Windows up to this many times the narrowest are kept. */
export const WINDOW_LIMIT = 1.5;

/** Collects batches of rows as they are taken; statistics come later, outside of any timed loop. */
export class BracketLog {
  readonly #batches: BigInt64Array[] = [];
  #rows = 0;

  /** Keeps a copy of `rows`. */
  add(rows: BigInt64Array): void {
    this.#batches.push(rows.slice());
    this.#rows += rows.length / ROW;
  }

  /** Every row on one CPU whose counter did not run backwards, in the order in which it was taken. */
  brackets(): { brackets: Brackets; cpuChanged: number } {
    const [baseTsc = 0n, baseNs = 0n] = this.#batches[0] ?? [];
    const before = new Float64Array(this.#rows);
    const ns = new Float64Array(this.#rows);
    const after = new Float64Array(this.#rows);
    const batch = new Int32Array(this.#rows);
    let kept = 0;
    for (const [number, rows] of this.#batches.entries()) {
      for (let i = 0; i < rows.length; i += ROW) {
        if ((rows[i + 3] as bigint) < 0n) continue;
        before[kept] = Number(BigInt.asIntN(64, (rows[i] as bigint) - baseTsc));
        ns[kept] = Number((rows[i + 1] as bigint) - baseNs);
        after[kept] = Number(BigInt.asIntN(64, (rows[i + 2] as bigint) - baseTsc));
        batch[kept] = number;
        kept++;
      }
    }
    const brackets = {
      baseTsc: BigInt.asUintN(64, baseTsc),
      baseNs,
      before: before.subarray(0, kept),
      ns: ns.subarray(0, kept),
      after: after.subarray(0, kept),
      batch: batch.subarray(0, kept),
    };
    return { brackets, cpuChanged: this.#rows - kept };
  }
}

/** The brackets at `indices`. */
export function pick(brackets: Brackets, indices: ArrayLike<number>): Brackets {
  const count = indices.length;
  const take = (from: Float64Array) =>
    Float64Array.from({ length: count }, (_, i) => from[indices[i] ?? 0] ?? 0);
  return {
    ...brackets,
    before: take(brackets.before),
    ns: take(brackets.ns),
    after: take(brackets.after),
    batch: Int32Array.from({ length: count }, (_, i) => brackets.batch[indices[i] ?? 0] ?? 0),
  };
}

/** The windows (after - before) in ticks. */
export const windowsOf = ({ before, after }: Brackets): Float64Array =>
  Float64Array.from(after, (end, i) => end - (before[i] ?? 0));

/** Drops windows that are wide, measured by the narrowest positive one. */
export function narrow(brackets: Brackets): { brackets: Brackets; wideWindow: number } {
  const windows = windowsOf(brackets);
  const narrowest = windows.reduce(
    (least, window) => (window > 0 && window < least ? window : least),
    Infinity,
  );
  const indices: number[] = [];
  windows.forEach((window, i) => {
    if (window > 0 && window <= WINDOW_LIMIT * narrowest) indices.push(i);
  });
  return { brackets: pick(brackets, indices), wideWindow: windows.length - indices.length };
}

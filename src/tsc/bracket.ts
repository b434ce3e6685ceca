import { ROW } from '../clock/bracket-rows.ts';

/**
 * Brackets of one clock as differences from the first one, in double precision: exact for 40 days, and fit for
 * statistics. Each says: while the clock showed `ns`, the TSC was between `before` and `after`.
 */
export interface Brackets {
  /** TSC of the first row; the arrays are relative to it, and to the clock of that row. */
  readonly baseTsc: bigint;
  readonly before: Float64Array;
  readonly ns: Float64Array;
  readonly after: Float64Array;
  /** Which batch each bracket came from; the brackets of one batch lie within microseconds. */
  readonly batch: Int32Array;
  readonly cpu: Int32Array;
  /** The clock's reading is behind its time by less than this, ns. */
  readonly resolutionNs: number;
  /** False for a clock with a counter of its own: its readings then lie on no lattice of the TSC. */
  readonly madeFromTsc: boolean;
}

/** Windows up to this many times the narrowest are kept. */
const WINDOW_LIMIT = 1.5;

/** Collects batches of rows as they are taken; statistics come later, outside of any timed loop. */
export class BracketLog {
  readonly #batches: BigInt64Array[] = [];
  #rows = 0;

  /** Keeps a copy of `rows`. */
  add(rows: BigInt64Array): void {
    this.#batches.push(rows.slice());
    this.#rows += rows.length / ROW;
  }

  /** Number of batches so far. */
  get batches(): number {
    return this.#batches.length;
  }

  /** Every row whose two TSC reads were on one CPU, in the order in which it was taken. */
  brackets(): { brackets: Brackets; cpuChanged: number } {
    const [baseTsc = 0n, baseNs = 0n] = this.#batches[0] ?? [];
    const before = new Float64Array(this.#rows);
    const ns = new Float64Array(this.#rows);
    const after = new Float64Array(this.#rows);
    const batch = new Int32Array(this.#rows);
    const cpu = new Int32Array(this.#rows);
    let kept = 0;
    for (const [number, rows] of this.#batches.entries()) {
      for (let i = 0; i < rows.length; i += ROW) {
        if ((rows[i + 3] as bigint) < 0n) continue;
        before[kept] = Number(BigInt.asIntN(64, (rows[i] as bigint) - baseTsc));
        ns[kept] = Number((rows[i + 1] as bigint) - baseNs);
        after[kept] = Number(BigInt.asIntN(64, (rows[i + 2] as bigint) - baseTsc));
        batch[kept] = number;
        cpu[kept] = Number(rows[i + 3]);
        kept++;
      }
    }
    const all = {
      baseTsc: BigInt.asUintN(64, baseTsc),
      before,
      ns,
      after,
      batch,
      cpu,
      resolutionNs: 1,
      madeFromTsc: true,
    };
    const brackets = span(all, 0, kept);
    return { brackets, cpuChanged: this.#rows - kept };
  }
}

/** The brackets from index `from` up to, not including, `to`; a view, not a copy. */
export const span = (brackets: Brackets, from: number, to: number): Brackets => ({
  ...brackets,
  before: brackets.before.subarray(from, to),
  ns: brackets.ns.subarray(from, to),
  after: brackets.after.subarray(from, to),
  batch: brackets.batch.subarray(from, to),
  cpu: brackets.cpu.subarray(from, to),
});

/** How long they lasted by their clock, ns. */
export const durationOf = ({ ns }: Brackets): number => (ns.at(-1) ?? 0) - (ns[0] ?? 0);

/** The counter's rate from the first to the last, ticks for each ns; null where no time passed. */
export function endToEndRate(brackets: Brackets): number | null {
  const elapsed = durationOf(brackets);
  return elapsed > 0 ? ((brackets.before.at(-1) ?? 0) - (brackets.before[0] ?? 0)) / elapsed : null;
}

/** The windows (after - before) in ticks. */
export const windowsOf = ({ before, after }: Brackets): Float64Array =>
  Float64Array.from(after, (end, i) => end - (before[i] ?? 0));

/** The narrowest of some windows but for mistakes (a counter that ran backwards makes a negative one). */
export const narrowestOf = (windows: Float64Array): number =>
  windows.reduce((least, window) => (window > 0 ? Math.min(least, window) : least), Number.POSITIVE_INFINITY);

/** The brackets whose window is at most `WINDOW_LIMIT` times the narrowest. */
export function narrow(brackets: Brackets): Brackets {
  const windows = windowsOf(brackets);
  const limit = WINDOW_LIMIT * narrowestOf(windows);
  const kept = (_: number, i: number) => (windows[i] ?? 0) > 0 && (windows[i] ?? 0) <= limit;
  return {
    ...brackets,
    before: brackets.before.filter(kept),
    ns: brackets.ns.filter(kept),
    after: brackets.after.filter(kept),
    batch: brackets.batch.filter(kept),
    cpu: brackets.cpu.filter(kept),
  };
}

/**
 * The same brackets for a clock with a counter of its own, which may step coarsely: its resolution is at most the
 * smallest step seen, and the TSC may be up to one of its own steps further than it shows.
 */
export function ofOwnCounter(brackets: Brackets, granularityTicks: number): Brackets {
  const { ns } = brackets;
  const smallest = ns.reduce((least, value, i) => {
    const step = value - (ns[i - 1] ?? value);
    return step > 0 ? Math.min(least, step) : least;
  }, Number.POSITIVE_INFINITY);
  return {
    ...brackets,
    after: brackets.after.map((value) => value + granularityTicks),
    resolutionNs: Number.isFinite(smallest) ? smallest : 1,
    madeFromTsc: false,
  };
}

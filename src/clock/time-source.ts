/** Index of ktime (CLOCK_MONOTONIC, ns) in a reading. */
export const KTIME = 0;
/** Index of the host TSC in a reading: the unsigned counter, stored as two's complement. */
export const TSC = 1;

/** 64-bit words of which these indices exist, so that an index by a constant needs no check. */
export type Words<Index extends number> = BigInt64Array & Record<Index, bigint>;

/** [KTIME, TSC]. */
export type Reading = Words<typeof KTIME | typeof TSC>;

/** A reading of two zeros. */
export const newReading = (): Reading => new BigInt64Array(2) as Reading;

/**
 * The two clocks of a host, read together. The timer model, the experiments and the agent run on any of
 * them: real clocks, real clocks moved forward, scripted ones, or virtual time.
 *
 * A reading stays in a typed array because V8 keeps 64-bit integers unboxed there: a loop that reads and
 * computes allocates nothing.
 */
export interface TimeSource {
  /** The latest reading: [KTIME, TSC]. Overwritten by each `read`. */
  readonly reading: Reading;
  /** Reads ktime and, after it, the TSC. */
  read(): void;
}

/** ktime of the latest reading, ns. */
export const ktimeOf = (source: TimeSource): bigint => source.reading[KTIME];

/** TSC of the latest reading, unsigned. */
export const tscOf = (source: TimeSource): bigint => BigInt.asUintN(64, source.reading[TSC]);

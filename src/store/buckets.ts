/** Widths of the roll-ups, ns. */
export const MINUTE_NS = 60_000_000_000n;
export const HOUR_NS = 3_600_000_000_000n;

/** The start of the bucket that holds `at`; buckets count from the epoch. */
export const floorTo = (at: bigint, width: bigint): bigint => {
  const rest = at % width;
  return at - (rest < 0n ? rest + width : rest);
};

export const later = (a: bigint, b: bigint): bigint => (a > b ? a : b);
export const earlier = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** The samples of one stretch of time, summarised. */
export interface Summary {
  readonly count: number;
  readonly minNs: number;
  readonly maxNs: number;
  readonly meanNs: number;
  readonly firstAtNs: bigint;
  readonly firstNs: number;
  readonly lastAtNs: bigint;
  readonly lastNs: number;
}

/** Two summaries as one. `a` is the earlier. */
export const joined = (a: Summary, b: Summary): Summary => ({
  count: a.count + b.count,
  minNs: Math.min(a.minNs, b.minNs),
  maxNs: Math.max(a.maxNs, b.maxNs),
  meanNs: a.meanNs + ((b.meanNs - a.meanNs) * b.count) / (a.count + b.count),
  firstAtNs: a.firstAtNs,
  firstNs: a.firstNs,
  lastAtNs: b.lastAtNs,
  lastNs: b.lastNs,
});

/** The clock's rate against the reference, less 1, from the first sample to the last; null for a single one. */
export const rateOf = ({ firstAtNs, firstNs, lastAtNs, lastNs }: Summary): number | null =>
  lastAtNs > firstAtNs ? (lastNs - firstNs) / Number(lastAtNs - firstAtNs) : null;

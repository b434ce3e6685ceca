/** Widths of the roll-ups, ns. */
export const MINUTE_NS = 60_000_000_000n;
export const HOUR_NS = 3_600_000_000_000n;

/** The ends of what 64 bits of ns can say. */
export const BEFORE_ALL = -(2n ** 63n);
export const AFTER_ALL = 2n ** 63n - 1n;

/** ISO text: every time that 64 bits of ns can say is one that a date can. */
export const isoOf = (ns: bigint): string => new Date(Number(ns / 1_000_000n)).toISOString();

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

/** Samples of one series in columns, oldest first. */
export interface SampleRows {
  /** Their times count from here. */
  readonly baseNs: bigint;
  readonly sinceNs: Float64Array;
  readonly offsetsNs: Float64Array;
  readonly windowsNs: Float64Array;
}

/** Samples from `from` to `to` - 1 as one summary. */
function summaryOf({ baseNs, sinceNs, offsetsNs }: SampleRows, from: number, to: number): Summary {
  let minNs = Number.POSITIVE_INFINITY;
  let maxNs = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = from; i < to; i++) {
    const offset = offsetsNs[i] as number;
    if (offset < minNs) minNs = offset;
    if (offset > maxNs) maxNs = offset;
    sum += offset;
  }
  return {
    count: to - from,
    minNs,
    maxNs,
    meanNs: sum / (to - from),
    firstAtNs: baseNs + BigInt(sinceNs[from] as number),
    firstNs: offsetsNs[from] as number,
    lastAtNs: baseNs + BigInt(sinceNs[to - 1] as number),
    lastNs: offsetsNs[to - 1] as number,
  };
}

/** Samples bucket by bucket. A bucket that goes on in the next rows comes again with those. */
export function* bucketsOf(rows: SampleRows, width: bigint): Generator<readonly [atNs: bigint, Summary]> {
  const { baseNs, sinceNs } = rows;
  for (let from = 0; from < sinceNs.length; ) {
    const atNs = floorTo(baseNs + BigInt(sinceNs[from] as number), width);
    const end = Number(atNs + width - baseNs);
    let to = from + 1;
    while (to < sinceNs.length && (sinceNs[to] as number) < end) to += 1;
    yield [atNs, summaryOf(rows, from, to)];
    from = to;
  }
}

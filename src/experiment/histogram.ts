/** Every value up to here has a bucket of its own. */
const EXACT = 1024;
/** Buckets for each doubling beyond: a value is known to 0.2 %. */
const PER_DOUBLING = 512;
const LARGEST = 2 ** 52;
const BUCKETS = EXACT + PER_DOUBLING * 42;

/** Bucket of a whole number in [0, 2^52]. */
function bucketOf(value: number): number {
  if (value < EXACT) return value;
  const doublings =
    value < 2 ** 31 ? 21 - Math.clz32(value) : 21 - Math.clz32(Math.floor(value / 2 ** 31)) + 31;
  return EXACT + (doublings - 1) * PER_DOUBLING + (Math.floor(value / 2 ** doublings) - PER_DOUBLING);
}

/** The lowest value of a bucket. */
function lowestOf(bucket: number): number {
  if (bucket < EXACT) return bucket;
  const doublings = Math.floor((bucket - EXACT) / PER_DOUBLING) + 1;
  return (PER_DOUBLING + ((bucket - EXACT) % PER_DOUBLING)) * 2 ** doublings;
}

const MIN = 0;
const MAX = 1;
const SUM = 2;
const COUNT = 3;
const EMPTY = [Infinity, -Infinity, 0, 0];

/** One bucket that is not empty: `count` values in [low, high). */
export interface Bucket {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/**
 * Counts of whole numbers, of either sign, in fixed memory: exact below 1024, within 0.2 % beyond. Recording
 * allocates nothing and takes a few nanoseconds.
 */
export class Histogram {
  readonly #positive: Float64Array = new Float64Array(BUCKETS + 1);
  readonly #negative: Float64Array = new Float64Array(BUCKETS + 1);
  readonly #totals: Float64Array = new Float64Array(EMPTY);

  record(value: number): void {
    const totals = this.#totals;
    const magnitude = Math.min(Math.abs(value), LARGEST - 1);
    const side = value < 0 ? this.#negative : this.#positive;
    const bucket = bucketOf(magnitude);
    side[bucket] = (side[bucket] as number) + 1;
    totals[SUM] = (totals[SUM] as number) + value;
    totals[COUNT] = (totals[COUNT] as number) + 1;
    if (value < (totals[MIN] as number)) totals[MIN] = value;
    if (value > (totals[MAX] as number)) totals[MAX] = value;
  }

  /** Forgets everything. */
  clear(): void {
    this.#positive.fill(0);
    this.#negative.fill(0);
    this.#totals.set(EMPTY);
  }

  get count(): number {
    return this.#totals[COUNT] as number;
  }

  /** Infinity while empty. */
  get min(): number {
    return this.#totals[MIN] as number;
  }

  /** -Infinity while empty. */
  get max(): number {
    return this.#totals[MAX] as number;
  }

  /** NaN while empty. */
  get mean(): number {
    return (this.#totals[SUM] as number) / this.count;
  }

  /** The non-empty buckets in ascending order. */
  *buckets(): Generator<Bucket> {
    for (let i = BUCKETS; i >= 0; i--) {
      const count = this.#negative[i] as number;
      if (count > 0) yield { low: 1 - lowestOf(i + 1), high: 1 - lowestOf(i), count };
    }
    for (let i = 0; i <= BUCKETS; i++) {
      const count = this.#positive[i] as number;
      if (count > 0) yield { low: lowestOf(i), high: lowestOf(i + 1), count };
    }
  }

  /** The value that `share` of the values do not exceed; NaN while empty. @param share in (0, 1]. */
  percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (const { low, high, count } of this.buckets()) {
      seen += count;
      if (seen >= rank) return Math.min(this.max, Math.max(this.min, Math.floor((low + high - 1) / 2)));
    }
    return Number.NaN;
  }
}

/** Every value up to here has a bucket of its own. */
const EXACT = 1024;
/** Buckets for each doubling beyond: a value is known to 0.2 %. */
const PER_DOUBLING = 512;
const LARGEST = 2 ** 52;
const BUCKETS = EXACT + PER_DOUBLING * 42;

/** Bucket of a whole number in [0, 2^52]. */
function bucketOf(value: number): number {
  if (value < EXACT) return value;
  const bits = value < 2 ** 31 ? 32 - Math.clz32(value) : 63 - Math.clz32(Math.floor(value / 2 ** 31));
  const doublings = bits - 10;
  return EXACT + (doublings - 1) * PER_DOUBLING + (Math.floor(value / 2 ** doublings) - PER_DOUBLING);
}

/** The lowest value of a bucket. */
function lowestOf(bucket: number): number {
  if (bucket < EXACT) return bucket;
  const doublings = Math.floor((bucket - EXACT) / PER_DOUBLING) + 1;
  return (PER_DOUBLING + ((bucket - EXACT) % PER_DOUBLING)) * 2 ** doublings;
}

/** One bucket that is not empty: `count` values in [low, high). */
export interface Bucket {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/**
 * Counts of whole numbers, of either sign, in fixed memory: exact below 1024 and at both ends, within 0.2 % beyond. Recording
 * allocates nothing and takes a nanosecond or two.
 */
export class Histogram {
  readonly #positive: Float64Array = new Float64Array(BUCKETS + 1);
  readonly #negative: Float64Array = new Float64Array(BUCKETS + 1);

  #least = Number.POSITIVE_INFINITY;
  #most = Number.NEGATIVE_INFINITY;

  /** @param times how often the value came. */
  record(value: number, times = 1): void {
    if (value < this.#least) this.#least = value;
    if (value > this.#most) this.#most = value;
    if (value >= 0 && value < EXACT) {
      this.#positive[value] = (this.#positive[value] as number) + times;
      return;
    }
    const side = value < 0 ? this.#negative : this.#positive;
    const bucket = bucketOf(Math.min(Math.abs(value), LARGEST - 1));
    side[bucket] = (side[bucket] as number) + times;
  }

  /** The least value, exactly; NaN while empty. */
  get min(): number {
    return this.#least <= this.#most ? this.#least : Number.NaN;
  }

  /** The largest value, exactly; NaN while empty. */
  get max(): number {
    return this.#least <= this.#most ? this.#most : Number.NaN;
  }

  /** Forgets everything. */
  clear(): void {
    this.#positive.fill(0);
    this.#negative.fill(0);
    this.#least = Number.POSITIVE_INFINITY;
    this.#most = Number.NEGATIVE_INFINITY;
  }

  /** How many values were recorded. */
  get count(): number {
    return sum(this.#negative) + sum(this.#positive);
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

  /** The value that `share` of the values do not exceed; NaN while empty. @param share in [0, 1]; 0 is the least. */
  percentile(share: number): number {
    return this.atRank(Math.ceil(share * this.count));
  }

  /** The value that is the `rank`th from the least on, 1 being the least; those beyond the ends are the ends. */
  atRank(rank: number): number {
    const { count } = this;
    if (rank <= 1) return this.min;
    if (rank >= count) return this.max;
    let seen = 0;
    for (const bucket of this.buckets()) {
      seen += bucket.count;
      if (seen >= rank) return middleOf(bucket);
    }
    return Number.NaN;
  }

  /**
   * NaN while empty.
   *
   * @param share of the values, from the least on, that count: 0.999 leaves out the longest of a thousand.
   */
  mean(share = 1): number {
    let left = Math.max(1, Math.floor(share * this.count));
    const counted = left;
    let total = 0;
    for (const bucket of this.buckets()) {
      const count = Math.min(left, bucket.count);
      total += middleOf(bucket) * count;
      left -= count;
      if (left === 0) return total / counted;
    }
    return Number.NaN;
  }
}

const sum = (counts: Float64Array): number => counts.reduce((total, count) => total + count, 0);
const middleOf = ({ low, high }: Bucket): number => Math.floor((low + high - 1) / 2);

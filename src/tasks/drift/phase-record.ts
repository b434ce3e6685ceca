/** How many points a record keeps at most. */
const CAPACITY = 2 ** 17;

/**
 * Phase points on a regular grid in bounded memory: when the record is full, every second point goes and the grid
 * becomes twice as wide. What is left is exactly the record of a slower sampling, so every statistic for longer
 * averaging times stays what it was.
 */
export class PhaseRecord {
  readonly #capacity: number;
  #points: Float64Array;
  #bounds: Float64Array;
  #length = 0;
  #skip = 0;
  /** Grid steps between two points that are kept: a power of two. */
  stride = 1;
  #breaks = new Set<number>();

  /** @param capacity an even number. */
  constructor(capacity: number = CAPACITY) {
    this.#capacity = capacity;
    this.#points = new Float64Array(Math.min(capacity, 1024));
    this.#bounds = new Float64Array(this.#points.length);
  }

  /** The points kept so far, ns; NaN where a grid point was missed. */
  get points(): Float64Array {
    return this.#points.subarray(0, this.#length);
  }

  /** How far each point may be off, ns; NaN where that was not said. */
  get bounds(): Float64Array {
    return this.#bounds.subarray(0, this.#length);
  }

  /** The points that come first after a step of the clock, by their index. */
  get breaks(): readonly number[] {
    return [...this.#breaks];
  }

  /** The clock stepped: no statistic may reach from the points so far to those that follow. */
  break(): void {
    this.#breaks.add(this.#length);
  }

  /**
   * Adds the next grid point; NaN for one that was missed.
   *
   * @param bound how far it may be off, ns.
   */
  push(phase: number, bound = Number.NaN): void {
    if (this.#skip > 0) {
      this.#skip -= 1;
      return;
    }
    if (this.#length === this.#capacity) this.#halve();
    if (this.#length === this.#points.length) this.#grow();
    this.#points[this.#length] = phase;
    this.#bounds[this.#length] = bound;
    this.#length += 1;
    this.#skip = this.stride - 1;
  }

  #grow(): void {
    const grown = (values: Float64Array): Float64Array => {
      const larger = new Float64Array(Math.min(this.#capacity, values.length * 2));
      larger.set(values);
      return larger;
    };
    this.#points = grown(this.#points);
    this.#bounds = grown(this.#bounds);
  }

  #halve(): void {
    for (let i = 0; i * 2 < this.#length; i++) {
      this.#points[i] = this.#points[i * 2] as number;
      this.#bounds[i] = this.#bounds[i * 2] as number;
    }
    this.#length = this.#length / 2;
    this.#breaks = new Set(Array.from(this.#breaks, (index) => Math.ceil(index / 2)));
    this.stride *= 2;
  }
}

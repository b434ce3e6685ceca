import { KTIME, newReading, type TimeSource, TSC } from './time-source.ts';

/** Another source moved forward in time: what a host reads after a stop that did not have to be waited for. */
export class WarpedClock implements TimeSource {
  readonly reading = newReading();
  readonly #source: TimeSource;
  readonly #offset = newReading();

  constructor(source: TimeSource) {
    this.#source = source;
    this.read();
  }

  read(): void {
    const { reading } = this.#source;
    this.#source.read();
    this.reading[KTIME] = reading[KTIME] + this.#offset[KTIME];
    this.reading[TSC] = reading[TSC] + this.#offset[TSC];
  }

  /** Moves ktime forward by `ns` and the TSC by `cycles`, from the next reading on. */
  leap(ns: bigint, cycles: bigint): void {
    if (ns < 0n || cycles < 0n) throw new RangeError('a warped clock only moves forward');
    this.#offset[KTIME] = this.#offset[KTIME] + ns;
    this.#offset[TSC] = this.#offset[TSC] + cycles;
  }
}

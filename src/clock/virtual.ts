import { KTIME, type TimeSource, TSC } from './time-source.ts';

/** Units of 1e-6 cycles: kHz times ns. Products up to 2^63 stay in machine words. */
const PER_CYCLE = 1_000_000n;

/** Simulated time: it moves only when told to, and its TSC runs at exactly `tscKhz`. */
export class VirtualClock implements TimeSource {
  readonly reading: BigInt64Array = new BigInt64Array(2);
  readonly #khz: bigint;
  readonly #longestStep: bigint;
  /** [ktime, TSC, remainder of the TSC in 1e-6 cycles]. */
  readonly #now: BigInt64Array;

  /**
   * @param tscKhz integer kHz, 1 to 2^32.
   * @throws RangeError for another frequency.
   */
  constructor(tscKhz: number, ktime = 0n, tsc = 0n) {
    if (!Number.isInteger(tscKhz) || tscKhz < 1 || tscKhz > 2 ** 32) {
      throw new RangeError(`tscKhz must be an integer between 1 and 2^32, not ${tscKhz}`);
    }
    this.#khz = BigInt(tscKhz);
    this.#longestStep = (2n ** 63n - PER_CYCLE) / this.#khz;
    this.#now = new BigInt64Array([ktime, BigInt.asIntN(64, tsc), 0n]);
    this.read();
  }

  read(): void {
    this.reading[KTIME] = this.#now[0];
    this.reading[TSC] = this.#now[1];
  }

  /** Moves ktime forward by `ns`, and the TSC by as many cycles as have passed since the start in all. */
  advance(ns: bigint): void {
    const now = this.#now;
    now[0] = now[0] + ns;
    if (ns > this.#longestStep) {
      const units = ns * this.#khz + now[2];
      now[1] = now[1] + units / PER_CYCLE;
      now[2] = units % PER_CYCLE;
      return;
    }
    now[2] = now[2] + BigInt.asIntN(64, ns * this.#khz);
    now[1] = now[1] + now[2] / PER_CYCLE;
    now[2] = now[2] % PER_CYCLE;
  }
}

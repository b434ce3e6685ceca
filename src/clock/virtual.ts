import { KTIME, newReading, type TimeSource, TSC, type Words } from './time-source.ts';

/** Units of 1e-6 cycles: kHz times ns. Products up to 2^63 stay in machine words. */
const PER_CYCLE = 1_000_000n;

const REMAINDER = 2;
const KHZ = 3;
type VirtualWords = Words<typeof KTIME | typeof TSC | typeof REMAINDER | typeof KHZ>;

/** Simulated time: it moves only when told to, and its TSC runs at exactly `tscKhz`. */
export class VirtualClock implements TimeSource {
  readonly reading = newReading();
  readonly #longestStep: bigint;
  /** [ktime, TSC, remainder of the TSC in 1e-6 cycles, kHz]. */
  readonly #now: VirtualWords;

  /**
   * @param tscKhz integer kHz, 1 to 2^32.
   * @throws RangeError for another frequency.
   */
  constructor(tscKhz: number, ktime = 0n, tsc = 0n) {
    if (!Number.isInteger(tscKhz) || tscKhz < 1 || tscKhz > 2 ** 32) {
      throw new RangeError(`tscKhz must be an integer between 1 and 2^32, not ${tscKhz}`);
    }
    this.#longestStep = (2n ** 63n - PER_CYCLE) / BigInt(tscKhz);
    this.#now = new BigInt64Array([ktime, tsc, 0n, BigInt(tscKhz)]) as VirtualWords;
    this.read();
  }

  read(): void {
    this.reading[KTIME] = this.#now[KTIME];
    this.reading[TSC] = this.#now[TSC];
  }

  /** Moves ktime forward by `ns`, and the TSC by as many cycles as have passed since the start in all. */
  advance(ns: bigint): void {
    const now = this.#now;
    now[KTIME] = BigInt.asIntN(64, now[KTIME] + ns);
    if (ns > this.#longestStep) {
      const units = ns * now[KHZ] + now[REMAINDER];
      now[TSC] = now[TSC] + units / PER_CYCLE;
      now[REMAINDER] = units % PER_CYCLE;
      return;
    }
    const units = BigInt.asIntN(64, now[REMAINDER] + BigInt.asIntN(64, ns * now[KHZ]));
    now[TSC] = BigInt.asIntN(64, now[TSC] + BigInt.asIntN(64, units / PER_CYCLE));
    now[REMAINDER] = BigInt.asIntN(64, units % PER_CYCLE);
  }

  /** Moves on to `ktime`, unless that is past. */
  advanceTo(ktime: bigint): void {
    const ns = BigInt.asIntN(64, ktime - this.#now[KTIME]);
    if (ns > 0n) this.advance(ns);
  }

  /** The fewest ns after which the TSC shows `tsc` or more; 0 where it does. */
  nsUntilTsc(tsc: bigint): bigint {
    const now = this.#now;
    const cycles = BigInt.asIntN(64, tsc - now[TSC]);
    if (cycles <= 0n) return 0n;
    return (cycles * PER_CYCLE - now[REMAINDER] + now[KHZ] - 1n) / now[KHZ];
  }
}

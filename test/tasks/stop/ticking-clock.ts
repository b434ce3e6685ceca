import { KTIME, newReading, type TimeSource, TSC } from '../../../src/clock/time-source.ts';

/** A host whose every reading of its clocks takes the same time: real clocks without their noise. */
export class TickingClock implements TimeSource {
  readonly reading = newReading();
  readonly #readNs: bigint;
  readonly #tscKhz: bigint;

  constructor(readNs: number, tscKhz: number, ktime = 1_000_000_000_000n) {
    this.#readNs = BigInt(readNs);
    this.#tscKhz = BigInt(tscKhz);
    this.reading[KTIME] = ktime;
    this.read();
  }

  read(): void {
    this.reading[KTIME] = (this.reading[KTIME] as bigint) + this.#readNs;
    this.reading[TSC] = ((this.reading[KTIME] as bigint) * this.#tscKhz) / 1_000_000n;
  }
}

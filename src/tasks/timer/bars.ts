import type { TimerResult } from '../../schema/timer.ts';

/** At 1 us each they reach to 10 ms, beyond what a histogram of wake-ups is read for. */
const BARS = 10_000;

/** Ticks by lateness in bars of one width, as cyclictest counts them. */
export class Bars {
  readonly #widthNs: number;
  readonly #counts = new Float64Array(BARS);
  #early = 0;
  #beyond = 0;

  constructor(widthNs: number) {
    this.#widthNs = widthNs;
  }

  /** Allocates nothing. */
  note(latenessNs: number): void {
    const bar = Math.floor(latenessNs / this.#widthNs);
    if (bar < 0) this.#early += 1;
    else if (bar >= BARS) this.#beyond += 1;
    else this.#counts[bar] = (this.#counts[bar] as number) + 1;
  }

  /** From 0 to the last bar that holds a tick. */
  result(): NonNullable<TimerResult['bars']> {
    const last = this.#counts.findLastIndex((count) => count > 0);
    return {
      widthNs: this.#widthNs,
      counts: Array.from(this.#counts.subarray(0, last + 1)),
      early: this.#early,
      beyond: this.#beyond,
    };
  }
}

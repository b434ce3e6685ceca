/**
 * Notices that the offset between two clocks jumped: CLOCK_REALTIME against CLOCK_MONOTONIC where the time is set,
 * CLOCK_BOOTTIME against CLOCK_MONOTONIC where the host slept. No threshold is involved: a jump is where the bounds of
 * the offset have nothing in common with all those before. `calibrate` and `drift` use the same one.
 */
export class OffsetWatch {
  #low = Number.NEGATIVE_INFINITY;
  #high = Number.POSITIVE_INFINITY;

  /**
   * Takes the bounds of the offset at one more moment, ns.
   *
   * @returns the jump since the moment before, ns (the middle of what the bounds allow); 0 where there is none.
   */
  push(low: number, high: number): number {
    if (low <= this.#high && high >= this.#low) {
      this.#low = Math.max(this.#low, low);
      this.#high = Math.min(this.#high, high);
      return 0;
    }
    const jump = (low + high - this.#low - this.#high) / 2;
    this.#low = low;
    this.#high = high;
    return jump;
  }
}

/** Notices each change of a name, as of the kernel's clocksource; what is not known changes nothing. */
export class NameWatch {
  #last: string | null = null;

  /** @returns both names where this one is another than the last known. */
  push(name: string | null): { readonly from: string; readonly to: string } | null {
    const from = this.#last;
    if (name === null) return null;
    this.#last = name;
    return from === null || from === name ? null : { from, to: name };
  }
}

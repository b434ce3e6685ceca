/** Waits between attempts: each twice the one before, up to the longest. */
export class Backoff {
  readonly #firstMs: number;
  readonly #longestMs: number;
  readonly #random: () => number;
  #failures = 0;

  /** @param random shortens each wait by chance, so that those who fail at the same time do not come back all at once. */
  constructor(firstMs: number, longestMs: number, random: () => number = () => 1) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#random = random;
  }

  /** How long to wait now, ms: from half of the full wait to all of it. */
  next(): number {
    const full = Math.min(this.#longestMs, this.#firstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    return full * (0.5 + this.#random() / 2);
  }

  reset(): void {
    this.#failures = 0;
  }
}

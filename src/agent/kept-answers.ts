/** `read`, whose answer stays what it is for `forMs`. */
export function cachedFor<T>(forMs: number, read: () => T): () => T {
  let known: { readonly answer: T; readonly until: number } | null = null;
  return () => {
    if (known === null || performance.now() > known.until)
      known = { answer: read(), until: performance.now() + forMs };
    return known.answer;
  };
}

/**
 * Keeps an expensive answer for a while, and has each computed at most once at a time: whoever asks meanwhile gets the
 * same. What fails is not kept.
 *
 * @param most answers kept; the oldest go first.
 */
export class KeptAnswers<T> {
  readonly #most: number;
  readonly #answers = new Map<string, { readonly until: number; readonly answer: Promise<T> }>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @param key what is asked. @param forMs how long the answer stays true. */
  get(key: string, forMs: number, compute: () => T | Promise<T>): Promise<T> {
    const now = performance.now();
    const known = this.#answers.get(key);
    if (known !== undefined && now < known.until) return known.answer;
    const answer = Promise.resolve().then(compute);
    const kept = { until: Infinity, answer };
    this.#answers.delete(key);
    this.#answers.set(key, kept);
    answer.then(
      () => {
        if (this.#answers.get(key) !== kept) return;
        this.#answers.set(key, { until: performance.now() + forMs, answer });
        this.#shrink();
      },
      () => {
        if (this.#answers.get(key) === kept) this.#answers.delete(key);
      },
    );
    return answer;
  }

  #shrink(): void {
    for (const [key, { until }] of this.#answers) {
      if (this.#answers.size <= this.#most && until > performance.now()) continue;
      // One that is being computed is somebody's.
      if (until !== Infinity) this.#answers.delete(key);
    }
  }
}

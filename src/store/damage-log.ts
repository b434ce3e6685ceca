/** Something in a store that is no longer what was written. */
export interface Damage {
  /** The run's name, or null where it is not known, or the damage is not in one. */
  readonly run: string | null;
  /** What is lost: `samples of tsc against monotonic_raw`. */
  readonly what: string;
  /** The time that it covers, ns since the epoch; null where that is not known. */
  readonly fromNs: bigint | null;
  readonly toNs: bigint | null;
}

/** Kept at most; a file that is damaged all over need not fill the memory too. */
const MOST = 1_000;

/** What reading a store has found damaged so far. Reading goes on with what is sound. */
export class DamageLog {
  readonly #found = new Map<string, Damage>();
  #more = 0;

  add({ run = null, what, fromNs = null, toNs = null }: Pick<Damage, 'what'> & Partial<Damage>): void {
    const key = [run, what, fromNs].join('\0');
    if (this.#found.has(key)) return;
    if (this.#found.size < MOST) this.#found.set(key, { run, what, fromNs, toNs });
    else this.#more += 1;
  }

  /** Each once, in the order in which they were found. */
  get all(): Damage[] {
    return [...this.#found.values()];
  }

  /** How many there are, those included that are too many to keep. */
  get count(): number {
    return this.#found.size + this.#more;
  }
}

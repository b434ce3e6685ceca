import { TscopeError } from '../../errors.ts';
import { sibling } from '../../sibling.ts';
import { startThread, type Thread } from '../../thread.ts';
import { errorOf } from './failure.ts';
import type { Failure } from './messages.ts';
import type { Answered, Asked, CallName, Calls } from './thread.ts';

const THREAD = sibling(import.meta.url, './thread');

/** An answer of 20,000 rows takes 20 MB to make; the rest is V8's own. */
const LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 1 };

interface Waiting {
  readonly since: number;
  resolve(result: never): void;
  reject(error: TscopeError): void;
}

/**
 * The thread that has the store open. SQLite's calls are synchronous: here they keep nobody waiting but one another.
 * What it has open it lets go of when it ends, so that a store is opened again by another thread.
 */
export class StoreThread {
  readonly #thread: Thread<never>;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #life: 'alive' | 'ending' | 'ended' = 'alive';

  /** Resolves when the store is open to write, or with why it is not. */
  readonly opened: Promise<Failure | null>;

  /** @param path of the store, absolute. */
  constructor(path: string) {
    let opened: (refusal: Failure | null) => void = () => {};
    this.opened = new Promise((resolve) => {
      opened = resolve;
    });
    this.#thread = startThread<Answered, never>(
      THREAD,
      path,
      (message) => {
        if (message.id === 0) opened('failure' in message ? message.failure : null);
        else this.#answer(message);
      },
      LIMITS,
    );
    this.#thread.ended.catch((error: unknown) => opened(this.#lost(error)));
  }

  get hasEnded(): boolean {
    return this.#life === 'ended';
  }

  /** How long the oldest unanswered request has been waiting, ms; 0 where there is none. */
  get waitingMs(): number {
    const [oldest] = this.#waiting.values();
    return oldest === undefined ? 0 : performance.now() - oldest.since;
  }

  /** @throws TscopeError as the store; STORE_BUSY where the thread ends before it answers. */
  ask<Name extends CallName>(
    name: Name,
    ...values: Parameters<Calls[Name]>
  ): Promise<ReturnType<Calls[Name]>> {
    if (this.hasEnded)
      return Promise.reject(new TscopeError('STORE_BUSY', 'The store is being opened again.'));
    return new Promise((resolve, reject) => {
      this.#asked += 1;
      this.#waiting.set(this.#asked, { since: performance.now(), resolve, reject });
      this.#thread.tell({ id: this.#asked, name, values } satisfies Asked);
    });
  }

  /** Ends the thread as soon as the call that it is in returns. */
  async end(): Promise<void> {
    if (this.#life === 'alive') this.#life = 'ending';
    this.#thread.terminate();
    await this.#thread.ended.catch(() => {});
  }

  /** Does not keep the process alive any longer. */
  abandon(): void {
    this.#thread.unref();
    void this.end();
  }

  #answer(message: Answered): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('failure' in message) waiting?.reject(errorOf(message.failure));
    else waiting?.resolve(message.result as never);
  }

  /** Nothing that waits is answered any more. @returns why, to whoever waits for the store to open. */
  #lost(error: unknown): Failure {
    const crashed = this.#life === 'alive';
    this.#life = 'ended';
    const refusal = error instanceof TscopeError ? error : null;
    const why = crashed ? ` (${(refusal?.message ?? String(error)).replace(/\.$/, '')})` : '';
    const message = `The store's thread ended${why}; the store is being opened again.`;
    for (const { reject } of this.#waiting.values()) reject(new TscopeError('STORE_BUSY', message));
    this.#waiting.clear();
    return { code: crashed ? (refusal?.code ?? 'DEFECT') : 'IO', message, hint: null, reopen: true };
  }
}

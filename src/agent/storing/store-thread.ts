import { Worker } from 'node:worker_threads';
import { TscopeError } from '../../errors.ts';
import { sibling } from '../../sibling.ts';
import { refusalOf } from '../../system-error.ts';
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
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #alive = true;

  /** Resolves when the store is open to write, or with why it is not. */
  readonly opened: Promise<Failure | null>;

  /** @param path of the store, absolute. */
  constructor(path: string) {
    this.#worker = new Worker(THREAD, { workerData: path, resourceLimits: LIMITS });
    let crash: unknown = null;
    this.opened = new Promise((resolve) => {
      this.#worker.on('message', (message: Answered) => {
        if (message.id === 0) resolve('failure' in message ? message.failure : null);
        else this.#answer(message);
      });
      this.#worker.on('exit', () => {
        const refusal = crash === null ? null : refusalOf(crash);
        const why = crash === null ? '' : ` (${(refusal?.message ?? String(crash)).replace(/\.$/, '')})`;
        const message = `The store's thread ended${why}; the store is being opened again.`;
        const error = new TscopeError('STORE_BUSY', message);
        this.#alive = false;
        for (const { reject } of this.#waiting.values()) reject(error);
        this.#waiting.clear();
        const code = crash === null ? 'IO' : (refusal?.code ?? 'DEFECT');
        resolve({ code, message, hint: null, reopen: true });
      });
    });
    this.#worker.on('error', (error) => {
      crash = error;
    });
  }

  get hasEnded(): boolean {
    return !this.#alive;
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
    return new Promise((resolve, reject) => {
      if (!this.#alive) {
        reject(new TscopeError('STORE_BUSY', 'The store is being opened again.'));
        return;
      }
      this.#asked += 1;
      this.#waiting.set(this.#asked, { since: performance.now(), resolve, reject });
      this.#worker.postMessage({ id: this.#asked, name, values } satisfies Asked);
    });
  }

  /** Ends the thread as soon as the call that it is in returns. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  /** Does not keep the process alive any longer. */
  abandon(): void {
    this.#worker.unref();
    void this.#worker.terminate();
  }

  #answer(message: Answered): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('failure' in message) waiting?.reject(errorOf(message.failure));
    else waiting?.resolve(message.result as never);
  }
}

import { Backoff } from '../../backoff.ts';
import type { TscopeError } from '../../errors.ts';
import { sibling } from '../../sibling.ts';
import { refusalOf } from '../../system-error.ts';
import { startThread, type Thread } from '../../thread.ts';
import type { Log } from '../log.ts';
import type { SamplingMessage, SamplingOptions } from './messages.ts';

const THREAD = sibling(import.meta.url, './thread');

/** The thread keeps a few records of 128 KiB; the rest is V8's own. */
const LIMITS = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 1 };

/** Waits before the next attempt, ms: the first after which a fault may have passed, the longest. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/** Who is told. */
export interface SamplingListener {
  readonly onMessage: (message: SamplingMessage) => void;
  /** Sampling has ended by itself, and is tried again. */
  onFailure(reason: string, error: TscopeError | null): void;
}

/**
 * Keeps one sampling thread running, so that neither HTTP nor the disk delays a sample: one that ends by itself is
 * started again.
 */
export class Supervisor {
  readonly #listener: SamplingListener;
  readonly #log: Log;
  readonly #backoff = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
  #options: SamplingOptions;
  #thread: Thread<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** Starts, ends and restarts, one after another. */
  #turn: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(options: SamplingOptions, log: Log, listener: SamplingListener) {
    this.#options = options;
    this.#log = log;
    this.#listener = listener;
    this.#start();
  }

  /** Goes on with other options; resolves when the new thread is started. */
  restart(options: SamplingOptions): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      this.#options = options;
      await this.#end();
      this.#start();
    });
    return this.#turn;
  }

  /** Ends the thread for good; its last messages have arrived when this resolves. */
  end(): Promise<void> {
    this.#ended = true;
    this.#turn = this.#turn.then(() => this.#end());
    return this.#turn;
  }

  #start(): void {
    if (this.#ended) return;
    const begun = performance.now();
    const thread = startThread<SamplingMessage, void>(
      THREAD,
      this.#options,
      this.#listener.onMessage,
      LIMITS,
    );
    this.#thread = thread;
    const over = (error: unknown) => {
      if (this.#thread !== thread) return;
      if (performance.now() - begun > LONGEST_WAIT_MS) this.#backoff.reset();
      this.#again(error);
    };
    thread.ended.then(() => over(null), over);
  }

  async #end(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const thread = this.#thread;
    this.#thread = null;
    thread?.cancel();
    await thread?.ended.catch(() => {});
  }

  #again(error: unknown): void {
    this.#thread = null;
    const refusal = refusalOf(error);
    const unexpected = error instanceof Error ? error.message : 'the sampling thread ended by itself';
    const reason = refusal?.message ?? unexpected;
    this.#listener.onFailure(reason, refusal);
    if (this.#ended) return;
    const retryInMs = this.#backoff.next();
    this.#log('error', reason, { retryInMs });
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#start();
    }, retryInMs);
  }
}

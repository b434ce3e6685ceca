import type { Log } from '../log.ts';
import type { SamplingMessage, SamplingOptions } from './messages.ts';
import { type Sampling, startSampling } from './start-sampling.ts';

/** Waits before the next attempt, ms: the first after which a fault may have passed, the longest. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/** Keeps a sampling thread running: one that ends by itself is started again. */
export class Supervisor {
  readonly #tell: (message: SamplingMessage) => void;
  readonly #log: Log;
  #options: SamplingOptions;
  #sampling: Sampling | null = null;
  #timer: NodeJS.Timeout | null = null;
  #waitMs = FIRST_WAIT_MS;

  constructor(options: SamplingOptions, log: Log, tell: (message: SamplingMessage) => void) {
    this.#options = options;
    this.#log = log;
    this.#tell = tell;
  }

  start(): void {
    this.#timer = null;
    this.#sampling = startSampling(this.#options, {
      onMessage: (message) => {
        if (message.kind === 'sample') this.#waitMs = FIRST_WAIT_MS;
        this.#tell(message);
      },
      onEnd: (reason) => this.#again(reason),
    });
  }

  /** Ends the thread; its last messages have arrived when this resolves. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const sampling = this.#sampling;
    this.#sampling = null;
    await sampling?.stop();
  }

  /** Goes on with other options. */
  async restart(options: SamplingOptions): Promise<void> {
    await this.stop();
    this.#options = options;
    this.start();
  }

  #again(reason: string): void {
    this.#tell({ kind: 'failed', code: 'DEFECT', message: reason, hint: null });
    this.#log('error', reason, { retryInMs: this.#waitMs });
    this.#timer = setTimeout(() => this.start(), this.#waitMs);
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
  }
}

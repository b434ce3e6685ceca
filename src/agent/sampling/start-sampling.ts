import { Worker } from 'node:worker_threads';
import { sibling } from '../../sibling.ts';
import type { SamplingMessage, SamplingOptions } from './messages.ts';
import type { SamplingJob } from './thread.ts';

const THREAD = sibling(import.meta.url, './thread');

/** The thread keeps a few records of 128 KiB; the rest is V8's own. */
const LIMITS = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 2 };

/** A sampling thread that runs. */
export interface Sampling {
  /** Ends the loop and waits for the last message to arrive. */
  stop(): Promise<void>;
}

/** Who is told. */
export interface SamplingListener {
  onMessage(message: SamplingMessage): void;
  /** The thread has ended without being asked to. */
  onEnd(reason: string): void;
}

/**
 * Starts sampling on a thread of its own, so that neither HTTP nor the disk delays a sample.
 */
export function startSampling(options: SamplingOptions, { onMessage, onEnd }: SamplingListener): Sampling {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(THREAD, {
    workerData: { options, stop } satisfies SamplingJob,
    resourceLimits: LIMITS,
  });
  let asked = false;
  let reason = 'the sampling thread ended by itself';
  const ended = new Promise<void>((resolve) => {
    worker.on('message', (message: SamplingMessage) => {
      if (message.kind === 'failed') reason = message.message;
      onMessage(message);
    });
    worker.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', () => {
      if (!asked) onEnd(reason);
      resolve();
    });
  });
  return {
    stop: () => {
      asked = true;
      Atomics.store(stop, 0, 1);
      Atomics.notify(stop, 0);
      return ended;
    },
  };
}

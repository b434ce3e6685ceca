import { parentPort, Worker, workerData } from 'node:worker_threads';
import { type ErrorCode, TscopeError } from './errors.ts';
import { refusalOf } from './system-error.ts';

/** What the starter hands over: the options, and one word that is set to 1 to ask for an early end. */
interface Job {
  readonly options: unknown;
  readonly cancel: Int32Array;
}

/** What comes back: any number of `said`, then one of the others. */
type Message =
  | { readonly said: unknown }
  | { readonly result: unknown }
  | { readonly failed: { readonly code: ErrorCode; readonly message: string; readonly hint: string | null } }
  | { readonly crashed: unknown };

/** A thread that works. */
export interface Thread<Result> {
  /**
   * What the work returned, once everything that it said has arrived.
   *
   * @throws TscopeError as the work threw it, or for what the system refused it; any other error as it is.
   */
  readonly ended: Promise<Result>;
  /** Ends the thread wherever it is; `ended` is then rejected. */
  terminate(): void;
  /** Asks for an early end, and wakes the thread where it sleeps in `sleep`. */
  cancel(): void;
  /** Tells the thread something, which it receives by `hear`. */
  tell(message: unknown): void;
  /** Lets the process end while the thread still works. */
  unref(): void;
}

/** The thread's own end of it, which the work receives. */
export interface ThreadHandle<Said> {
  say(message: Said): void;
  /** Hears what it is told until it is ended from outside. */
  hear<Told>(listener: (message: Told) => void): Promise<never>;
  cancelled(): boolean;
  /** Sleeps for this many ms, or until it is cancelled. */
  sleep(ms: number): void;
}

/**
 * Starts a thread on a module that calls `runThread`.
 *
 * @param hear receives what the thread says while it works.
 * @param limits of its memory.
 */
export function startThread<Said, Result>(
  module: URL,
  options: unknown,
  hear: (message: Said) => void,
  limits: { readonly maxOldGenerationSizeMb?: number; readonly maxYoungGenerationSizeMb?: number } = {},
): Thread<Result> {
  const cancel = new Int32Array(new SharedArrayBuffer(4));
  let worker: Worker | null = null;
  const ended = new Promise<Result>((resolve, reject) => {
    const fail = (error: unknown) => reject(refusalOf(error) ?? error);
    try {
      worker = new Worker(module, { workerData: { options, cancel } satisfies Job, resourceLimits: limits });
    } catch (error) {
      fail(error);
      return;
    }
    worker.on('message', (message: Message) => {
      if ('said' in message) hear(message.said as Said);
      else if ('result' in message) resolve(message.result as Result);
      else if ('crashed' in message) reject(message.crashed);
      else reject(new TscopeError(message.failed.code, message.failed.message, message.failed.hint));
    });
    worker.on('error', fail);
    worker.on('exit', (code) => reject(new Error(`a thread ended with code ${code} before it answered`)));
  });
  return {
    ended,
    terminate: () => void worker?.terminate(),
    cancel: () => {
      Atomics.store(cancel, 0, 1);
      Atomics.notify(cancel, 0);
    },
    tell: (message) => worker?.postMessage(message),
    unref: () => worker?.unref(),
  };
}

/** Does the work that `startThread` asked for; a thread's module calls it once. */
export async function runThread<Options, Said>(
  work: (options: Options, thread: ThreadHandle<Said>) => unknown,
): Promise<void> {
  const { options, cancel } = workerData as Job;
  const answer = (message: Message): void => parentPort?.postMessage(message);
  try {
    const result = await work(options as Options, {
      say: (said) => answer({ said }),
      hear: (listener) => new Promise(() => void parentPort?.on('message', listener)),
      cancelled: () => Atomics.load(cancel, 0) !== 0,
      sleep: (ms) => void Atomics.wait(cancel, 0, 0, ms),
    });
    answer({ result });
  } catch (error) {
    // An error that crosses to another thread keeps its sentence and loses its code.
    const refusal = refusalOf(error);
    if (refusal === null) answer({ crashed: error });
    else answer({ failed: { code: refusal.code, message: refusal.message, hint: refusal.hint } });
  }
}

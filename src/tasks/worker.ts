import { parentPort, workerData } from 'node:worker_threads';
import type { Control } from '../clock/control.ts';
import { TscopeError } from '../errors.ts';
import { type TaskName, tasks } from './tasks.ts';

/** What the main thread hands over. */
export interface Job {
  readonly name: TaskName;
  readonly options: unknown;
  /** One word, set to 1 to ask for an early end. */
  readonly stop: Int32Array;
}

/** What comes back: any number of `progress`, then one of the others. */
export type Message =
  | { readonly progress: readonly [done: number, total: number] }
  | { readonly result: unknown }
  | { readonly failed: Pick<TscopeError, 'code' | 'message' | 'hint'> }
  | { readonly crashed: unknown };

async function work(job: Job): Promise<Message> {
  const control: Control = {
    progress: (done, total) => parentPort?.postMessage({ progress: [done, total] } satisfies Message),
    cancelled: () => Atomics.load(job.stop, 0) !== 0,
  };
  // The table's entries differ in their options; `runTask` has checked that these belong to this one.
  const task = tasks[job.name] as (options: unknown, control: Control) => unknown;
  try {
    return { result: await task(job.options, control) };
  } catch (error) {
    if (!(error instanceof TscopeError)) return { crashed: error };
    return { failed: { code: error.code, message: error.message, hint: error.hint } };
  }
}

parentPort?.postMessage(await work(workerData as Job));

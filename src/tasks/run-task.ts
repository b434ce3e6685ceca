import { Worker } from 'node:worker_threads';
import { TscopeError } from '../errors.ts';
import { sibling } from '../sibling.ts';
import type { TaskName, TaskOptions, TaskResult } from './tasks.ts';
import type { Job, Message } from './worker.ts';

const WORKER = sibling(import.meta.url, './worker');

/** How to follow a task, and how to stop it. */
export interface Watch {
  progress?(done: number, total: number): void;
  signal?: AbortSignal;
}

/**
 * Runs a task on a worker thread. When `signal` aborts, the task is asked to return what it has.
 *
 * @throws TscopeError as the task threw it; any other error of the task as it is.
 */
export function runTask<Name extends TaskName>(
  name: Name,
  options: TaskOptions<Name>,
  watch: Watch = {},
): Promise<TaskResult<Name>> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const requestStop = () => Atomics.store(stop, 0, 1);
  if (watch.signal?.aborted) requestStop();
  return new Promise<TaskResult<Name>>((resolve, reject) => {
    const worker = new Worker(WORKER, { workerData: { name, options, stop } satisfies Job });
    watch.signal?.addEventListener('abort', requestStop);
    worker.on('message', (message: Message) => {
      if ('progress' in message) watch.progress?.(...message.progress);
      else if ('result' in message) resolve(message.result as TaskResult<Name>);
      else if ('crashed' in message) reject(message.crashed);
      else reject(new TscopeError(message.failed.code, message.failed.message, message.failed.hint));
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      watch.signal?.removeEventListener('abort', requestStop);
      reject(new Error(`the ${name} thread ended with code ${code} before it answered`));
    });
  });
}

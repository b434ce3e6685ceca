import { sibling } from '../sibling.ts';
import { startThread } from '../thread.ts';
import type { Job, Progress, TaskName, TaskOptions, TaskResult } from './worker.ts';

const WORKER = sibling(import.meta.url, './worker');

/** How to follow a task, and how to end it early. */
export interface Watch {
  /** Called between batches, never while something is measured. */
  progress?(done: number, total: number): void;
  /** When it aborts, the task is asked to return what it has. */
  signal?: AbortSignal;
}

/**
 * Runs a task on a worker thread.
 *
 * @throws TscopeError as the task threw it, or for what the system refused; any other error of the task as it is.
 */
export async function runTask<Name extends TaskName>(
  name: Name,
  options: TaskOptions<Name>,
  watch: Watch = {},
): Promise<TaskResult<Name>> {
  const job: Job = { name, options };
  const { ended, cancel } = startThread<Progress, TaskResult<Name>>(WORKER, job, ({ done, total }) =>
    watch.progress?.(done, total),
  );
  if (watch.signal?.aborted) cancel();
  watch.signal?.addEventListener('abort', cancel);
  try {
    return await ended;
  } finally {
    watch.signal?.removeEventListener('abort', cancel);
  }
}

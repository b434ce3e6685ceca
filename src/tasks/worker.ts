import type { Control } from '../clock/control.ts';
import { runThread } from '../thread.ts';
import { type TaskName, tasks } from './tasks.ts';

/** What the main thread hands over. */
export interface Job {
  readonly name: TaskName;
  readonly options: unknown;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
}

await runThread<Job, Progress>(({ name, options }, { say, cancelled }) => {
  const control: Control = { progress: (done, total) => say({ done, total }), cancelled };
  // The table's entries differ in their options; `runTask` has checked that these belong to this one.
  const task = tasks[name] as (options: unknown, control: Control) => unknown;
  return task(options, control);
});

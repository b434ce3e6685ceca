import type { Control } from '../clock/control.ts';
import type { Finding } from '../schema/envelope.ts';
import { driftTask } from './drift/host.ts';

/**
 * Everything that waits or measures, by name. A task runs on a worker thread of its own, synchronously, and talks
 * through its Control between batches only. Options and results cross threads: plain data, bigint and typed
 * arrays.
 */
export const tasks = {
  drift: driftTask,
} satisfies Record<string, (options: never, control: Control) => Finding<unknown>>;

type Tasks = typeof tasks;
export type TaskName = keyof Tasks;
export type TaskOptions<Name extends TaskName> = Parameters<Tasks[Name]>[0];
export type TaskResult<Name extends TaskName> = ReturnType<Tasks[Name]>;

import type { Control } from '../clock/control.ts';
import { measureCallback } from '../kvm/callback-cost.ts';
import { calibrateTask } from '../tsc/calibrate-host.ts';
import { driftTask } from './drift/task.ts';
import { kvmTask } from './kvm/task.ts';
import { replayTask } from './replay/replay-file.ts';
import { stabilityTask } from './stability.ts';
import { stopTask } from './stop/task.ts';
import { checkStoreTask, exportStoreTask, importStoreTask, pruneStoreTask } from './store-transfer.ts';
import { timerTask } from './timer/task.ts';

/**
 * Everything that waits or measures, by name. A task runs on a worker thread of its own, synchronously while it
 * measures, and talks through its Control between batches only. Options and results cross threads: plain data,
 * bigint and typed arrays.
 */
export const tasks = {
  callback: (_options: null, control: Control) => measureCallback(control),
  calibrate: calibrateTask,
  drift: driftTask,
  replay: replayTask,
  stability: stabilityTask,
  checkStore: checkStoreTask,
  exportStore: exportStoreTask,
  pruneStore: pruneStoreTask,
  importStore: importStoreTask,
  kvm: kvmTask,
  stop: stopTask,
  timer: timerTask,
} satisfies Record<string, (options: never, control: Control) => unknown>;

type Tasks = typeof tasks;
export type TaskName = keyof Tasks;
export type TaskOptions<Name extends TaskName> = Parameters<Tasks[Name]>[0];
export type TaskResult<Name extends TaskName> = Awaited<ReturnType<Tasks[Name]>>;

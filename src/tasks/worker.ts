import type { Control } from '../clock/control.ts';
import { count } from '../digits.ts';
import { type ThrottlingByGroup, throttlingBetween, throttlingNow } from '../host/cgroup.ts';
import { measureCallback } from '../kvm/callback-cost.ts';
import { runThread } from '../thread.ts';
import { calibrateTask } from '../tsc/calibrate-host.ts';
import { formatNs } from '../units.ts';
import type { Warning } from '../warning.ts';
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
const tasks = {
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

/** What the main thread hands over. */
export interface Job {
  readonly name: TaskName;
  readonly options: unknown;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
}

/**
 * Adds a warning to a finding where a CPU quota throttled this process while it was measured: whatever was measured, its
 * tail may then be the quota's.
 */
function withThrottling(answer: unknown, before: ThrottlingByGroup): unknown {
  const throttled = throttlingBetween(before, throttlingNow());
  if (throttled === null || throttled.times === 0) return answer;
  if (typeof answer !== 'object' || answer === null || !('warnings' in answer)) return answer;
  const warning: Warning = {
    code: 'cpu-quota',
    message:
      `The CPU quota of the cgroup ${throttled.group} stopped its threads ${throttled.times === 1 ? 'once' : `${count(throttled.times)} times`}, ` +
      `${formatNs(throttled.ns)} in all, while this was measured: lateness, missed ticks and rejected reads may be the quota's, not the host's.`,
    hint: "Raise or remove the quota (cpu.max, cpu.cfs_quota_us, a container's CPU limit), or measure in another cgroup.",
  };
  return { ...answer, warnings: [...(answer.warnings as readonly Warning[]), warning] };
}

await runThread<Job, Progress>(async ({ name, options }, { say, cancelled }) => {
  const control: Control = { progress: (done, total) => say({ done, total }), cancelled };
  const before = throttlingNow();
  // The table's entries differ in their options; `runTask` has checked that these belong to this one.
  const task = tasks[name] as (options: unknown, control: Control) => unknown;
  const answer = await task(options, control);
  return withThrottling(answer, before);
});

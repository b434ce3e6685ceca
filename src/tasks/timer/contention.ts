import { fileText } from '../../host/fact.ts';
import { formatNs } from '../../units.ts';
import type { Warning } from '../../warning.ts';
import type { TimerOptions } from './options.ts';

/** Waking takes microseconds; a thread that was ready to run for this share of a run, and did not, shared its CPU. */
const MOST_WAITED = 0.1;

/**
 * How long this thread has been ready to run while its CPU did other work (the kernel's Documentation/scheduler/
 * sched-stats.rst); null where the kernel does not count it.
 */
export function waitedForCpuNs(
  read: () => string | null = () => fileText('/proc/thread-self/schedstat'),
): number | null {
  const waited = /^\d+ (\d+) /.exec(read() ?? '')?.[1];
  return waited === undefined ? null : Number(waited);
}

/**
 * A warning where other work on the CPU made the ticks late or missed.
 *
 * @param throttledNs how long a quota throttled the thread: kernels before 6.18 count that as waiting too.
 */
export function contention(
  beforeNs: number | null,
  afterNs: number | null,
  throttledNs: number,
  durationNs: number,
): Warning[] {
  if (beforeNs === null || afterNs === null) return [];
  const waitedNs = afterNs - beforeNs - throttledNs;
  if (waitedNs <= MOST_WAITED * durationNs) return [];
  return [
    {
      code: 'cpu-shared',
      message: `The thread was ready to run for ${formatNs(waitedNs)} of ${formatNs(durationNs)} while its CPU did other work: late and missed ticks are that work's, not the timer's.`,
      hint: 'Choose a CPU that nothing else runs on (`cpu`), or a real-time priority (`priority` 80).',
    },
  ];
}

/** Later than any scheduler latency: the thread was made to give way. */
const GAVE_WAY_NS = 5_000_000;

/**
 * A thread that never sleeps, at real-time priority, starves the others until the kernel steps in.
 *
 * @param latestNs how late the latest tick was.
 */
export function gaveWay({ backend, quiet }: TimerOptions, latestNs: number): Warning[] {
  if (backend !== 'tsc' || quiet.priority === 0 || latestNs < GAVE_WAY_NS) return [];
  return [
    {
      code: 'spinning-thread-throttled',
      message: `Ticks were up to ${formatNs(latestNs)} late: the kernel gives waiting threads up to 50 ms of each second that a SCHED_FIFO thread spins.`,
      hint: 'Use `backend` hybrid, a CPU that nothing else runs on, or sysctl kernel.sched_rt_runtime_us=-1.',
    },
  ];
}

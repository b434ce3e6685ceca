import { openSync, writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { usageError } from '../errors.ts';
import { native } from '../native.ts';
import { reasonOf, refused, remedyOf } from '../system-error.ts';
import type { Warning } from '../warning.ts';

/** How a measuring thread asks to run. */
export interface QuietOptions {
  /** The CPU to stay on; null stays wherever the scheduler puts the thread. */
  readonly cpu: number | null;
  /** SCHED_FIFO priority, 1 to 99; 0 asks for none. */
  readonly priority: number;
}

/** Anywhere, ahead of ordinary threads and behind the kernel's own most urgent ones. */
export const quietDefaults: QuietOptions = { cpu: null, priority: 80 };

/** What could not be had, and what that costs. */
const REFUSALS = {
  fifo: {
    code: 'no-realtime',
    message: 'SCHED_FIFO was refused; other work can delay this thread, mostly in the tail (p99 and beyond).',
    hint: 'Run as root, or grant it: setcap cap_sys_nice+ep on node, an rtprio limit in limits.conf, or a real-time budget of the cgroup (cpu.rt_runtime_us).',
  },
  oneCpu: {
    code: 'no-realtime',
    message:
      'There is one CPU only, and SCHED_FIFO would keep it from everything else; other work can delay this thread.',
    hint: null,
  },
  idleStates: {
    code: 'idle-states',
    message:
      'The CPUs could not be kept out of deep idle states; waking from them adds up to 100 us to a sleep.',
    hint: 'Run as root: it takes write access to /dev/cpu_dma_latency.',
  },
  slack: {
    code: 'timer-slack',
    message: 'The timer slack could not be set to 1 ns; sleeps end up to 50 us late.',
    hint: null,
  },
} satisfies Record<string, Warning>;

const attempt = (action: () => void, warning: Warning): Warning[] =>
  refused(action) === null ? [] : [warning];

/**
 * Pins the thread to a CPU.
 *
 * @returns a warning where the system refused it.
 * @throws TscopeError USAGE where there is no such CPU, or the thread may not run there.
 */
export function pinTo(cpu: number): Warning[] {
  const allowed = native().getAffinity();
  if (!allowed.includes(cpu)) {
    throw usageError(`\`cpu\`: this process may not run on CPU ${cpu}; it may on ${allowed.join(', ')}.`);
  }
  const refusal = refused(() => native().setAffinity([cpu]));
  if (refusal === null) return [];
  const message = `The thread could not be kept on CPU ${cpu} (${reasonOf(refusal)}); it may move, which shows in the tail.`;
  return [{ code: 'not-pinned', message, hint: remedyOf(refusal) }];
}

/**
 * Keeps every CPU out of the idle states that it wakes from slowly, until the thread ends: /dev/cpu_dma_latency holds
 * for as long as it is open, and a worker's files are closed with it. cyclictest does the same.
 *
 * @returns a warning where it was refused.
 */
export function keepCpusAwake(): Warning[] {
  return attempt(() => {
    writeSync(openSync('/dev/cpu_dma_latency', 'w'), new Int32Array([0]));
  }, REFUSALS.idleStates);
}

/**
 * Lets V8 compile a whole hrtimer callback into its loop. Where a call remains, its bigints go to the heap, and the
 * collector runs in the middle of a recovery. For code that is compiled from now on.
 */
export function inlineGenerously(): void {
  setFlagsFromString('--max-inlined-bytecode-size=5000');
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=20000');
}

let collect: (() => void) | null = null;

/** Collects garbage now, so that it need not be done in the middle of a measurement. */
export function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}

/**
 * Readies the calling thread for measuring: pinned, SCHED_FIFO, 1 ns of timer slack, garbage collected. All of it is
 * the thread's own and ends with it.
 *
 * Memory is not locked: under mlockall madvise(MADV_DONTNEED) fails, and V8 ends the process when it gives a page
 * back. A measurement allocates and touches its memory beforehand instead.
 *
 * @returns a warning for each thing that was refused.
 * @throws TscopeError USAGE for a CPU the thread may not use, and as `native`.
 */
export function quietThread({ cpu, priority }: QuietOptions): Warning[] {
  const addon = native();
  const alone = addon.getAffinity().length < 2;
  const warnings = cpu === null ? [] : pinTo(cpu);
  warnings.push(...attempt(() => addon.setTimerSlack(1), REFUSALS.slack));
  // On a single CPU a thread that spins at this priority would starve the one that hears Ctrl-C.
  if (priority > 0 && alone) warnings.push(REFUSALS.oneCpu);
  else if (priority > 0) warnings.push(...attempt(() => addon.setFifoPriority(priority), REFUSALS.fifo));
  collectGarbage();
  return warnings;
}

import { systemCode, TscopeError } from '../errors.ts';
import { native } from '../native.ts';
import type { Warning } from '../schema/envelope.ts';

/** How a measuring thread asks to run. */
export interface QuietOptions {
  /** The CPU to stay on; null stays wherever the scheduler puts the thread. */
  readonly cpu: number | null;
  /** SCHED_FIFO priority, 1 to 99; null asks for none. */
  readonly priority: number | null;
}

/** What could not be had, and what that costs. */
const REFUSALS = {
  fifo: {
    code: 'no-realtime',
    message: 'SCHED_FIFO was refused; other work can delay this thread, mostly in the tail (p99 and beyond).',
    hint: 'Run as root, or grant it: setcap cap_sys_nice+ep on node, or an rtprio limit in limits.conf.',
  },
  slack: {
    code: 'timer-slack',
    message: 'The timer slack could not be set to 1 ns; sleeps end up to 50 us late.',
    hint: null,
  },
  memory: {
    code: 'memory-not-locked',
    message: 'Memory could not be locked; a page fault may show as a late tick.',
    hint: 'Run as root, or raise the memlock limit.',
  },
} satisfies Record<string, Warning>;

function attempt(action: () => void, refused: Warning): Warning[] {
  try {
    action();
    return [];
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return [refused];
  }
}

/**
 * Pins the thread to a CPU.
 *
 * @throws TscopeError USAGE where the thread may not run there.
 */
export function pinTo(cpu: number): void {
  const allowed = native().getAffinity();
  if (!allowed.includes(cpu)) {
    throw new TscopeError(
      'USAGE',
      `--cpu: this process may not run on CPU ${cpu}; it may on ${allowed.join(', ')}.`,
    );
  }
  native().setAffinity([cpu]);
}

/**
 * Readies the calling thread for measuring: pinned, SCHED_FIFO, 1 ns of timer slack, memory locked, garbage collected.
 * Everything but the memory lock is the thread's own and ends with it.
 *
 * @returns a warning for each thing that was refused.
 * @throws TscopeError USAGE for a CPU the thread may not use, and as `native`.
 */
export function quietThread({ cpu, priority }: QuietOptions): Warning[] {
  const addon = native();
  if (cpu !== null) pinTo(cpu);
  const warnings = [
    ...attempt(() => addon.setTimerSlack(1), REFUSALS.slack),
    ...attempt(() => addon.lockMemory(), REFUSALS.memory),
    ...(priority === null ? [] : attempt(() => addon.setFifoPriority(priority), REFUSALS.fifo)),
  ];
  globalThis.gc?.();
  return warnings;
}

import { native } from '../native.ts';

/** The signals that people and systems end a program with: Ctrl-C, `kill` or a shutdown, a terminal that went away. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type EndingSignal = (typeof SIGNALS)[number];

/** The exit code after an interruption, whichever signal it was. */
const INTERRUPTED = 130;

/** A second Ctrl-C means it only after this long, ms: npm and shells pass on the same one twice. */
const PATIENCE_MS = 500;

/**
 * Ends the process now, whatever its threads do: `process.exit` waits for one that a stalled file system or an unread
 * pipe holds in a system call.
 */
function leave(signal: EndingSignal): void {
  try {
    native().exitNow(INTERRUPTED);
  } catch {
    // Without the addon the signal itself ends the process, and a shell shows the same code for Ctrl-C.
    for (const each of SIGNALS) process.removeAllListeners(each);
    process.kill(process.pid, signal);
  }
}

/**
 * Lets the first signal ask a command that measures for an early end, and the second Ctrl-C end the process at once.
 * A command that measures nothing has nothing to save, and ends at the first.
 */
export function interruptible({
  needsHost,
  endsBySignal = false,
}: {
  readonly needsHost: boolean;
  readonly endsBySignal?: boolean;
}): {
  readonly signal: AbortSignal;
  release(): void;
} {
  const controller = new AbortController();
  let askedAt = 0;
  const interrupt = (signal: EndingSignal) => {
    if (signal === 'SIGHUP' && endsBySignal) return;
    if (!needsHost && !endsBySignal) leave(signal);
    if (!controller.signal.aborted) {
      askedAt = performance.now();
      controller.abort();
    } else if (signal === 'SIGINT' && performance.now() - askedAt > PATIENCE_MS) leave(signal);
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  return {
    signal: controller.signal,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, interrupt);
    },
  };
}

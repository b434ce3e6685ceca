import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Control } from '../clock/control.ts';
import { hostWaiter } from '../clock/wait.ts';
import { TscopeError } from '../errors.ts';
import { sibling } from '../sibling.ts';
import { NS_PER_MS } from '../units.ts';
import { ktimeNow } from './guest.ts';
import type { GuestStop } from './guest-stop.ts';
import { missedError } from './kvm-error.ts';
import { since } from './recording.ts';
import type { SigstopJob, SigstopMessage } from './sigstop-guest.ts';
import type { GuestStopOptions } from './stop.ts';
import { inPeriod, RESUME_AT, SIGSTOP_AT } from './stop.ts';
import { findTracefs, orObstacle } from './tracefs.ts';

const CHILD = fileURLToPath(sibling(import.meta.url, './sigstop-child'));
const NAP_NS = 50 * NS_PER_MS;
const SPIN_NS = 200_000;
/** How often a stop that met the vCPU's thread outside KVM_RUN is tried again. */
const TRIES = 4;

/** Waits with the event loop alive, and exactly at the end. @returns false where it was cancelled first. */
async function waitUntil(ktime: bigint, control: Control): Promise<boolean> {
  for (;;) {
    if (control.cancelled()) return false;
    const left = Number(ktime - ktimeNow());
    if (left < NAP_NS) return hostWaiter(control).sleepThenSpin(ktime, SPIN_NS);
    await setTimeout(Math.min(left - NAP_NS / 2, NAP_NS) / NS_PER_MS);
  }
}

/**
 * Stops, by SIGSTOP, a process that owns a guest, and continues it at a share of a period.
 *
 * @param program what that process runs.
 * @returns null where it was cancelled first.
 * @throws TscopeError UNSUPPORTED where this host cannot run the guest, and where the signal met the vCPU outside it
 * each time; the system's error where it refuses the process or the signal.
 */
export async function recordSigstop(
  options: Omit<GuestStopOptions, 'stop'>,
  control: Control,
  program: string = CHILD,
): Promise<GuestStop | null> {
  // Before the process that could then neither be stopped nor ended.
  process.kill(process.pid, 0);
  for (let tries = 0; tries < TRIES; tries++) {
    const stop = await stopOnce(options, control, program);
    if (stop !== 'missed') return stop;
  }
  throw missedError();
}

async function stopOnce(
  options: Omit<GuestStopOptions, 'stop'>,
  control: Control,
  program: string,
): Promise<GuestStop | null | 'missed'> {
  const { setup, stopNs, resumeAt: share = RESUME_AT } = options;
  const job: SigstopJob = { ...options, parent: process.pid };
  const child = spawn(process.execPath, [...process.execArgv, program, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const started = once(child, 'spawn');
  const ended = once(child, 'close').catch(() => {});
  let stoppedAt = 0n;
  try {
    await started;
    for await (const line of createInterface({ input: child.stdout })) {
      const message = JSON.parse(line) as SigstopMessage;
      if ('missed' in message) return 'missed';
      if ('failed' in message) {
        throw new TscopeError(message.failed.code, message.failed.message, message.failed.hint);
      }
      if ('recorded' in message) {
        const { stop, resumedKtime } = message.recorded;
        const leftNs = since(stoppedAt, BigInt(resumedKtime));
        return { ...stop, leftNs, counts: [], saved: null, restoredNs: null, activity: null };
      }
      const { startedKtime, resumeLatencyNs } = message.ready;
      const started = BigInt(startedKtime);
      const next = ktimeNow() + BigInt(setup.periodNs);
      if (!(await waitUntil(inPeriod(next, started, setup.periodNs, SIGSTOP_AT), control))) return null;
      child.kill('SIGSTOP');
      stoppedAt = ktimeNow();
      const resumeAt = inPeriod(stoppedAt + BigInt(stopNs), started, setup.periodNs, share);
      if (!(await waitUntil(resumeAt - BigInt(resumeLatencyNs), control))) return null;
      child.kill('SIGCONT');
    }
    if (control.cancelled()) return null;
    throw new TscopeError('UNSUPPORTED', 'The process that owned the guest ended before it answered.');
  } finally {
    child.kill('SIGKILL');
    child.stdout.destroy();
    await ended;
    // Killed, it may have left its trace.
    orObstacle(findTracefs);
  }
}

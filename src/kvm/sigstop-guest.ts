import type { TscopeError } from '../errors.ts';
import { NS_PER_S } from '../units.ts';
import type { Guest } from './guest.ts';
import type { GuestStop } from './guest-stop.ts';
import type { GuestTrace } from './guest-trace.ts';
import { type NotedMoment, since } from './recording.ts';
import { type GuestStopOptions, sharedOf } from './stop.ts';

/** What the process that owns the guest is started with, as JSON. */
export interface SigstopJob extends Omit<GuestStopOptions, 'stop' | 'resumeAt'> {
  readonly parent: number;
}

/** What it says; ktime as decimal strings. */
export type SigstopMessage =
  | { readonly ready: { readonly startedKtime: string; readonly resumeLatencyNs: string } }
  | {
      readonly recorded: {
        readonly resumedKtime: string;
        readonly stop: ReturnType<typeof sharedOf> & Pick<GuestStop, 'kernel'>;
      };
    }
  /** SIGSTOP met the vCPU's thread outside KVM_RUN, so the moment of the resume is not known. */
  | { readonly missed: true }
  | { readonly failed: Pick<TscopeError, 'code' | 'message' | 'hint'> };

/** Far more than the stop and the interrupts after it take. */
const PATIENCE_NS = 10 * NS_PER_S;
const POLL_NS = 5_000_000n;

/** True once a stop shows in the interrupts after the first `known`. */
function gapIn(deliveries: readonly NotedMoment[], known: number, gapNs: number): boolean {
  return deliveries
    .slice(known)
    .some((moment, i) => since(moment.ktime, deliveries[known + i - 1]?.ktime ?? moment.ktime) > gapNs);
}

/** Runs a guest, says when this process may be stopped, and tells what the guest saw of the stop. */
export function watchSigstop(
  guest: Guest,
  job: SigstopJob,
  trace: Pick<GuestTrace, 'prepare' | 'watchResume' | 'resume'>,
  say: (message: SigstopMessage) => void,
): SigstopMessage {
  const { recording } = guest;
  // A busy host leaves gaps too, but hardly one of half the stop.
  const gapNs = job.stopNs / 2;
  trace.prepare(guest);
  guest.runFor(job.ticks);
  trace.watchResume(guest, job.setup.periodNs);
  const known = recording.deliveries.length;
  say({ ready: { startedKtime: `${guest.started()[1]}`, resumeLatencyNs: `${guest.resumeLatencyNs()}` } });
  const latest = guest.now() + BigInt(job.stopNs + PATIENCE_NS);
  while (!gapIn(recording.deliveries, known, gapNs)) {
    const now = guest.now();
    if (now > latest) return { missed: true };
    guest.waitUntil(now + POLL_NS);
    guest.update();
  }
  guest.runFor(job.ticks);
  guest.pause();
  const resumed = recording.interrupted.find((moment) => {
    const before = recording.deliveries.filter(({ ktime }) => ktime < moment.ktime).at(-1);
    return before !== undefined && since(moment.ktime, before.ktime) > gapNs;
  });
  if (resumed === undefined) return { missed: true };
  return {
    recorded: {
      resumedKtime: `${resumed.ktime}`,
      stop: {
        ...sharedOf({ loop: job.loop, stop: 'sigstop', setup: job.setup }, guest, resumed),
        kernel: trace.resume(guest, resumed, job.setup.periodNs, job.tscKhz),
      },
    },
  };
}

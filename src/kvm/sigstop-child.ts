// The process that owns the guest while it is stopped by SIGSTOP. It says on stdout, a line of JSON each, when
// it may be stopped and what it recorded.
import { writeSync } from 'node:fs';
import { quietControl } from '../clock/control.ts';
import type { TscopeError } from '../errors.ts';
import { native } from '../native.ts';
import { refusalOf } from '../system-error.ts';
import { NS_PER_S } from '../units.ts';
import { type Guest, ktimeNow, withGuest } from './guest.ts';
import type { GuestTrace, TraceMode } from './guest-trace.ts';
import { type Moment, since } from './recording.ts';
import { stopTrace, traceOf } from './stop.ts';
import type { GuestLoop, StopRecord } from './stop-record.ts';
import type { TimerSetup } from './timer-setup.ts';

/** What the process is started with, as JSON. */
export interface SigstopJob {
  readonly loop: GuestLoop;
  readonly setup: TimerSetup;
  readonly ticks: number;
  readonly stopNs: number;
  readonly trace: TraceMode;
  readonly tscKhz: number;
  readonly parent: number;
}

/** What it says; ktime as decimal strings. */
export type SigstopMessage =
  | { readonly ready: { readonly startedKtime: string; readonly resumeLatencyNs: string } }
  | {
      readonly recorded: {
        readonly resumedKtime: string;
        readonly trace: ReturnType<typeof traceOf> & Pick<StopRecord, 'kernel'>;
      };
    }
  /** SIGSTOP met the vCPU's thread outside KVM_RUN, so the moment of the resume is not known. */
  | { readonly missed: true }
  | { readonly failed: Pick<TscopeError, 'code' | 'message' | 'hint'> };

/** Far more than the stop and the interrupts after it take. */
const PATIENCE_NS = 10 * NS_PER_S;
const POLL_NS = 5_000_000n;

const say = (message: SigstopMessage): void => {
  writeSync(1, `${JSON.stringify(message)}\n`);
};

/** True once a stop shows in the interrupts after the first `known`. */
function gapIn(deliveries: readonly Moment[], known: number, gapNs: number): boolean {
  return deliveries
    .slice(known)
    .some((moment, i) => since(moment.ktime, deliveries[known + i - 1]?.ktime ?? moment.ktime) > gapNs);
}

function watch(guest: Guest, job: SigstopJob, trace: GuestTrace): SigstopMessage {
  const { recording } = guest;
  // A busy host leaves gaps too, but hardly one of half the stop.
  const gapNs = job.stopNs / 2;
  trace.prepare(guest);
  guest.runFor(job.ticks);
  trace.watchResume(guest, job.setup.periodNs);
  const known = recording.deliveries.length;
  say({ ready: { startedKtime: `${guest.started()[1]}`, resumeLatencyNs: `${guest.resumeLatencyNs()}` } });
  const latest = ktimeNow() + BigInt(job.stopNs + PATIENCE_NS);
  while (!gapIn(recording.deliveries, known, gapNs)) {
    const now = ktimeNow();
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
      trace: {
        ...traceOf({ loop: job.loop, stop: 'sigstop', setup: job.setup }, guest, resumed),
        kernel: trace.resume(guest, resumed, job.setup.periodNs, job.tscKhz),
      },
    },
  };
}

const job = JSON.parse(process.argv[2] ?? '') as SigstopJob;
try {
  native().dieWithParent();
  // The parent may have gone before the line above.
  if (process.ppid === job.parent) {
    const trace = stopTrace(job);
    try {
      say(withGuest(job.loop, job.setup, quietControl, (guest) => watch(guest, job, trace)));
    } finally {
      trace.remove();
    }
  }
} catch (error) {
  const refusal = refusalOf(error);
  if (refusal === null) throw error;
  say({ failed: { code: refusal.code, message: refusal.message, hint: refusal.hint } });
}

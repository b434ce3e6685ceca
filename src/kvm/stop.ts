import type { Control } from '../clock/control.ts';
import { count } from '../digits.ts';
import { type Guest, withGuest } from './guest.ts';
import type { CountReading, GuestLoop, GuestStop, ThreadCpu } from './guest-stop.ts';
import { GuestTrace, type TraceMode } from './guest-trace.ts';
import { watchActivity } from './host.ts';
import { lastOf, type NotedMoment, type Recording, since } from './recording.ts';
import type { TimerSetup } from './timer-setup.ts';

/**
 * Where in a period a guest is resumed: half of one after the old grid, so that the interrupts tell that grid from one
 * that starts at the resume.
 */
export const RESUME_AT = 0.5;

/** Where in a period it is stopped: elsewhere, so that a count that stood still would show as a third grid. */
const LEAVE_AT = 0.8;

/**
 * Where in a period SIGSTOP is sent: it takes a while to reach the vCPU's thread, and should find it in KVM_RUN, not on
 * its way out with an interrupt.
 */
export const SIGSTOP_AT = 0.4;

/**
 * The moment at `share` of the period that `ktime` lies in.
 *
 * @param startedKtime a point of the grid.
 */
export function inPeriod(ktime: bigint, startedKtime: bigint, periodNs: number, share: number): bigint {
  const period = BigInt(periodNs);
  return startedKtime + ((ktime - startedKtime) / period) * period + BigInt(Math.round(periodNs * share));
}

/** How to stop a guest of this process. */
export interface GuestStopOptions {
  readonly loop: GuestLoop;
  readonly stop: 'pause' | 'save-restore';
  readonly setup: TimerSetup;
  readonly stopNs: number;
  /** Interrupts to record before the stop, and after the resume. */
  readonly ticks: number;
  /** Where in a period it is resumed; `RESUME_AT` where that is left out. */
  readonly resumeAt?: number;
  readonly trace: TraceMode;
  /** The guest's TSC rate. */
  readonly tscKhz: number;
}

/** A burst of more callbacks is not traced: their tracepoints would add 10 ms to what it takes, interrupts off. */
const MOST_TRACED_CALLBACKS = 50_000;

/** Why a stop is not to be traced, to end a sentence; null where it may be. */
export const tooLongToTrace = (stopNs: number, periodNs: number): string | null =>
  stopNs / periodNs > MOST_TRACED_CALLBACKS
    ? `a burst of more than ${count(MOST_TRACED_CALLBACKS)} callbacks would take too long when traced`
    : null;

/** The kernel's trace of a guest that is to be stopped, wherever it runs. */
export const stopTrace = ({ trace, stopNs, setup }: Omit<GuestStopOptions, 'stop' | 'loop'>): GuestTrace =>
  new GuestTrace(trace, null, tooLongToTrace(stopNs, setup.periodNs));

/** When TMCCT is read: shares of the stop, and of the period, away from where it is about to start again. */
const READ_AT = [
  [0.3, 0.3],
  [0.5, 0.5],
  [0.8, 0.7],
] as const;

type Bracket = readonly [bigint, bigint];

const sinceBoth = ([from, to]: Bracket, origin: bigint): [number, number] => [
  since(from, origin),
  since(to, origin),
];

/** Calls an ioctl of the guest, and answers with ktime before and after it. */
function bracketed<T>(call: (bracket: BigInt64Array) => T): { readonly value: T; readonly bracket: Bracket } {
  const bracket = new BigInt64Array(2);
  const value = call(bracket);
  return { value, bracket: [bracket[0] ?? 0n, bracket[1] ?? 0n] };
}

const lastSet = ({ setting, set }: Recording): Bracket => [lastOf(setting).ktime, lastOf(set).ktime];

/** CPU time of the vCPU's thread over the recovery, and over as long a time before the stop. */
export function threadCpu(recording: Recording, resumed: NotedMoment, periodNs: number): ThreadCpu | null {
  const end = recording.deliveries.find((moment) => since(moment.ktime, resumed.ktime) >= periodNs);
  const before = recording.deliveries.filter((moment) => moment.ktime < resumed.ktime);
  const first = before[0];
  const last = before.at(-1);
  if (end === undefined || first === undefined || last === undefined || last.ktime === first.ktime)
    return null;
  const rate = since(last.cpuNs, first.cpuNs) / since(last.ktime, first.ktime);
  return {
    recoveryNs: since(end.cpuNs, resumed.cpuNs),
    usualNs: rate * since(end.ktime, resumed.ktime),
  };
}

/** What a GuestStop holds that every kind of stop has. */
export function sharedOf(
  { loop, stop, setup }: Pick<GuestStop, 'loop' | 'stop'> & { readonly setup: TimerSetup },
  guest: Guest,
  resumed: NotedMoment,
): Pick<GuestStop, 'loop' | 'stop' | 'periodNs' | 'divide' | 'startNs' | 'deliveriesNs' | 'cpu'> {
  const { periodNs } = setup;
  return {
    loop,
    stop,
    periodNs,
    divide: setup.divide,
    startNs: sinceBoth(guest.started(), resumed.ktime),
    deliveriesNs: guest.recording.deliveries.map(({ ktime }) => since(ktime, resumed.ktime)),
    cpu: threadCpu(guest.recording, resumed, periodNs),
  };
}

/**
 * Runs a guest, stops it for `stopNs`, resumes it in the middle of a period, and records what it saw.
 *
 * @returns null where it was cancelled first.
 * @throws TscopeError UNSUPPORTED where this host cannot run the guest.
 */
export function recordStop(options: GuestStopOptions, control: Control): GuestStop | null {
  const trace = stopTrace(options);
  try {
    return withGuest(options.loop, options.setup, control, (guest) => stopGuest(guest, options, trace));
  } finally {
    trace.remove();
  }
}

/** The stop of a guest that has just been made. */
export function stopGuest(
  guest: Guest,
  options: GuestStopOptions,
  trace: Pick<GuestTrace, 'prepare' | 'watchResume' | 'resume'>,
): GuestStop | null {
  const { loop, stop, setup, stopNs, ticks, tscKhz, resumeAt: share = RESUME_AT } = options;
  const { native: machine, recording } = guest;
  trace.prepare(guest);
  const endOfCalm = watchActivity(machine);
  if (!guest.runFor(ticks)) return null;
  const before = endOfCalm();
  const during = (ktime: bigint, share: number) => inPeriod(ktime, guest.started()[1], setup.periodNs, share);
  if (!guest.waitUntil(during(guest.now() + BigInt(setup.periodNs), LEAVE_AT))) return null;
  guest.pause();

  const left = lastOf(recording.left);
  const saved = stop === 'save-restore' ? bracketed((bracket) => machine.saveLapic(bracket)) : null;
  const counts: { readonly value: number; readonly bracket: Bracket }[] = [];
  for (const [share, phase] of READ_AT) {
    if (!guest.waitUntil(during(left.ktime + BigInt(Math.round(stopNs * share)), phase))) return null;
    counts.push(bracketed((bracket) => machine.currentCount(bracket)));
  }
  if (saved !== null) machine.restoreLapic();
  trace.watchResume(guest, setup.periodNs);
  // Later than asked for where a host took that long for the readings or the trace.
  const [asked, earliest] = [left.ktime + BigInt(stopNs), guest.now() + BigInt(setup.periodNs)];
  const resumeAt = during(asked > earliest ? asked : earliest, share);
  const endOfRecovery = watchActivity(machine);
  if (!guest.waitUntil(resumeAt - guest.resumeLatencyNs())) return null;
  if (!guest.runFor(ticks)) return null;
  const after = endOfRecovery();
  guest.pause();

  const resumed = lastOf(recording.entered);
  const reading = ({ value, bracket: [from, to] }: { value: number; bracket: Bracket }): CountReading => ({
    atNs: since((from + to) / 2n, resumed.ktime),
    uncertaintyNs: since(to, from) / 2,
    remainingNs: value * setup.divide,
  });
  return {
    ...sharedOf({ loop, stop, setup }, guest, resumed),
    leftNs: since(left.ktime, resumed.ktime),
    counts: counts.map(reading),
    saved: saved === null ? null : reading(saved),
    restoredNs: saved === null ? null : sinceBoth(lastSet(recording), resumed.ktime),
    activity: { before, after },
    kernel: trace.resume(guest, resumed, setup.periodNs, tscKhz),
  };
}

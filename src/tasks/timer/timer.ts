import type { Control } from '../../clock/control.ts';
import { KTIME, ktimeOf, type TimeSource } from '../../clock/time-source.ts';
import type { Waiter } from '../../clock/wait.ts';
import { configFor } from '../../lapic/config.ts';
import { LapicTimer } from '../../lapic/kvm-timer.ts';
import {
  apicTimerFn,
  enterFromUserspace,
  injectApicTimerIrqs,
  lapicExpiredHvTimer,
  leaveForUserspace,
  programPeriodic,
} from '../../lapic/lapic-timer.ts';
import { policies } from '../../lapic/policies.ts';
import type { TimerResult } from '../../schema/timer.ts';
import type { RateInterval } from '../../tsc/interval.ts';
import { difference } from '../difference.ts';
import { Histogram } from '../histogram.ts';
import { Bars } from './bars.ts';
import { DivergenceLog, predictDivergence } from './divergence.ts';
import { intervalsOf, latenessOf, NeighbourLog, spreadOf } from './lateness.ts';
import type { TimerOptions } from './options.ts';

/** A sleeping thread wakes at most about this late; the hybrid backend spins for as long before each deadline. */
const SPIN_NS = 60_000;

const WARM_UP = 20_000;

/** ns between two reports of progress. */
const PROGRESS_NS = 250_000_000;

/** What a live timer needs of a host. */
export interface TimerHost {
  readonly clock: TimeSource;
  readonly waiter: Waiter;
  readonly tscKhz: number;
  readonly tscHz: number;
  /** Ticks by which the TSC advances at once. */
  readonly granularityTicks: number;
  /** The TSC's rate against ktime since the host was made, in cycles for each ns. */
  rateSince(): RateInterval;
}

/** Waits for the timer's next expiry as the backend does; false where it was cancelled first. */
function waitForExpiry(
  { waiter }: TimerHost,
  timer: LapicTimer,
  hybrid: boolean,
  woke: BigInt64Array,
): boolean {
  if (timer.hvTimerInUse) return waiter.spinUntilTsc(timer.hvDeadlineTsc, woke);
  if (hybrid) return waiter.sleepThenSpin(timer.hrtimerExpires, SPIN_NS, woke);
  return waiter.sleepUntil(timer.hrtimerExpires, woke);
}

function newTimer({ clock, tscKhz }: TimerHost, { policy, backend, periodNs }: TimerOptions): LapicTimer {
  return new LapicTimer(configFor(tscKhz, periodNs, backend === 'tsc'), policies[policy], clock);
}

/**
 * Runs the timer's functions until V8 has compiled them. Cold, the two readings with which a timer is programmed lie
 * microseconds apart, and its two deadlines too, for good.
 */
function warmUp(host: TimerHost, options: TimerOptions): void {
  const timer = newTimer(host, options);
  for (let i = 0; i < WARM_UP; i++) {
    programPeriodic(timer, options.periodNs);
    if (timer.hvTimerInUse) lapicExpiredHvTimer(timer);
    else apicTimerFn(timer);
    injectApicTimerIrqs(timer);
  }
}

/**
 * Runs the timer; what was measured so far where `control` is cancelled.
 *
 * @param lateness is filled, ns.
 */
export function runTimer(
  host: TimerHost,
  options: TimerOptions,
  control: Control,
  lateness: Histogram = new Histogram(),
): TimerResult {
  const { periodNs, durationNs, stopEveryNs = durationNs, stopForNs, backend, barNs = null } = options;
  const { clock, waiter } = host;
  warmUp(host, options);
  const timer = newTimer(host, options);
  const woke = new BigInt64Array(2);
  const bars = barNs === null ? null : new Bars(Number(barNs));
  const neighbours = new NeighbourLog();
  clock.read();
  const began = ktimeOf(clock);
  const divergence = new DivergenceLog(Number(durationNs / periodNs) + 1, host.tscHz, began);
  const end = began + durationNs;
  let nextStop = began + stopEveryNs;
  let nextProgress = 0;
  let stopped = 0;
  programPeriodic(timer, periodNs);
  const firstTarget = timer.targetExpiration;
  let target = firstTarget;
  while (target < end && waitForExpiry(host, timer, backend === 'hybrid', woke)) {
    if (timer.hvTimerInUse) lapicExpiredHvTimer(timer);
    else apicTimerFn(timer);
    // Under reinject, those that are owed follow at once: nobody handles them.
    while (timer.pending !== 0) injectApicTimerIrqs(timer);
    const late = difference(woke[KTIME] as bigint, target);
    lateness.record(late);
    neighbours.note(late);
    bars?.note(late);
    divergence.note(timer, clock.reading);
    if ((woke[KTIME] as bigint) >= nextStop && stopForNs !== undefined) {
      leaveForUserspace(timer);
      if (!waiter.sleepUntil((woke[KTIME] as bigint) + stopForNs, woke)) break;
      enterFromUserspace(timer);
      stopped += 1;
      nextStop = (woke[KTIME] as bigint) + stopEveryNs;
    }
    const elapsed = difference(woke[KTIME] as bigint, began);
    if (elapsed >= nextProgress) {
      nextProgress = elapsed + PROGRESS_NS;
      control.progress(elapsed, Number(durationNs));
      if (control.cancelled()) break;
    }
    target = timer.targetExpiration;
  }
  clock.read();
  const elapsedNs = difference(ktimeOf(clock), began);
  const now = ktimeOf(clock) < end ? ktimeOf(clock) : end - 1n;
  const due = now < firstTarget ? 0 : Number((now - firstTarget) / periodNs) + 1;
  return {
    policy: options.policy,
    backend,
    backendAfter: timer.hvTimerInUse ? 'hv' : 'sw',
    periodNs: Number(periodNs),
    durationNs: elapsedNs,
    ticks: timer.interrupts,
    missed: Math.max(0, due - timer.interrupts),
    stops: stopped,
    stopForNs: Number(stopForNs ?? 0n),
    latenessNs: latenessOf(lateness),
    latenessIntervals: intervalsOf(lateness, neighbours.correlation),
    histogram: spreadOf(lateness),
    bars: bars?.result() ?? null,
    cyclictest: null,
    divergence: divergence.result(
      predictDivergence(timer, host.tscHz, host.rateSince(), elapsedNs),
      (host.granularityTicks / host.tscHz) * 1e9,
    ),
    guestTscKhz: host.tscKhz,
  };
}

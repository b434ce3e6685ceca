import { CRASH_CALLBACK_NS } from '../../lapic/virtual-host.ts';
import type { StopResult } from '../../schema/stop.ts';

/**
 * How long a backlog takes to work off when each period of it costs `stepNs`, while new periods keep coming:
 * backlog / period steps of `stepNs`, in which stepNs / period times as many fall due, and so on, a geometric series.
 *
 * @param backlogNs the lag, ns.
 * @returns ns; null where the timer never catches up, because a step takes as long as a period.
 */
export function catchUpNs(backlogNs: number, periodNs: number, stepNs: number): number | null {
  return stepNs < periodNs ? (backlogNs * stepNs) / (periodNs - stepNs) : null;
}

/**
 * The stop that takes `watchdogNs` to catch up with: the inverse of `catchUpNs`.
 *
 * @returns ns; 0 where no stop is short enough, because a callback takes as long as a period.
 */
export function lockupStopNs(watchdogNs: number, periodNs: number, callbackNs: number): number {
  return Math.max(0, (watchdogNs * (periodNs - callbackNs)) / callbackNs);
}

/** What a callback costs, ns, and between what; equal where the cost is given. */
interface CallbackCost {
  readonly ns: number;
  readonly lowNs: number;
  readonly highNs: number;
}

/** For each period the stop that reaches the watchdog: at the cost found here, and at the crash's. */
export const lockupThreshold = (
  periodsNs: readonly bigint[],
  watchdogNs: number,
  { ns, lowNs, highNs }: CallbackCost,
): StopResult['lockupThreshold'] =>
  periodsNs.map(Number).map((periodNs) => ({
    periodNs,
    atHostCost: {
      callbackNs: ns,
      callbackLowNs: lowNs,
      callbackHighNs: highNs,
      stopNs: lockupStopNs(watchdogNs, periodNs, ns),
      stopLowNs: lockupStopNs(watchdogNs, periodNs, highNs),
      stopHighNs: lockupStopNs(watchdogNs, periodNs, lowNs),
    },
    atCrashCost: {
      callbackNs: CRASH_CALLBACK_NS,
      stopNs: lockupStopNs(watchdogNs, periodNs, CRASH_CALLBACK_NS),
    },
  }));

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

import type { StopResult } from '../../schema/stop.ts';
import { CRASH_CALLBACK_NS, lockupStopNs } from './projection.ts';
import type { StopRun } from './run-stop.ts';

/** The mean cost of an undisturbed callback in the longest recovery under catch-up at one period; null without one. */
export function callbackCost(runs: ReadonlyArray<StopRun | null>, periodNs: bigint): number | null {
  let longest: StopRun | null = null;
  for (const run of runs) {
    if (run === null || run.policy !== 'catch-up' || run.periodNs !== Number(periodNs)) continue;
    if (run.callbacks > (longest?.callbacks ?? 0)) longest = run;
  }
  return longest?.callbackNs?.mean ?? null;
}

/** For each period the stop that reaches the watchdog: at the cost found here, and at the crash's. */
export function lockupThreshold(
  costs: ReadonlyMap<number, number>,
  watchdogNs: number,
): StopResult['lockupThreshold'] {
  return [...costs].map(([periodNs, callbackNs]) => ({
    periodNs,
    atHostCost: { callbackNs, stopNs: lockupStopNs(watchdogNs, periodNs, callbackNs) },
    atCrashCost: {
      callbackNs: CRASH_CALLBACK_NS,
      stopNs: lockupStopNs(watchdogNs, periodNs, CRASH_CALLBACK_NS),
    },
  }));
}

import { lockupStopNs } from '../../lapic/catch-up.ts';
import { CRASH_CALLBACK_NS } from '../../lapic/virtual-host.ts';
import type { CostInterval, StopResult } from '../../schema/stop.ts';

const thresholdAt = (watchdogNs: number, periodNs: number, { ns, lowNs, highNs }: CostInterval) => ({
  callbackNs: ns,
  callbackLowNs: lowNs,
  callbackHighNs: highNs,
  stopNs: lockupStopNs(watchdogNs, periodNs, ns),
  stopLowNs: lockupStopNs(watchdogNs, periodNs, highNs),
  stopHighNs: lockupStopNs(watchdogNs, periodNs, lowNs),
});

/** For each period the stop that reaches the watchdog: at the model's cost here, at the kernel's own, and at the crash's. */
export const lockupThreshold = (
  periodsNs: readonly bigint[],
  watchdogNs: number,
  model: CostInterval,
  kernel: CostInterval | null,
): StopResult['lockupThreshold'] =>
  periodsNs.map(Number).map((periodNs) => ({
    periodNs,
    atHostCost: thresholdAt(watchdogNs, periodNs, model),
    atKernelCost: kernel === null ? null : thresholdAt(watchdogNs, periodNs, kernel),
    atCrashCost: {
      callbackNs: CRASH_CALLBACK_NS,
      stopNs: lockupStopNs(watchdogNs, periodNs, CRASH_CALLBACK_NS),
    },
  }));

import type { StopResult } from '../../../schema/stop.ts';
import { formatNs, formatSignificant } from '../../../units.ts';
import { durationText } from '../../svg/mark-text.ts';

const signed = (ns: number): string => `${ns < 0 ? '-' : '+'}${formatSignificant(Math.abs(ns))}`;

/** What locks this host up before the fix, and what the fix costs. */
export function stopBrief({ rows, tickCost, lockupThreshold, watchdogNs }: StopResult): string[] {
  const longest = rows
    .filter(({ policy, projected }) => policy === 'clamp' && projected === null)
    .sort((a, b) => b.stopNs - a.stopNs || a.periodNs - b.periodNs)[0];
  const cost = (tickCost ?? []).find(({ policy }) => policy === 'clamp');
  return [
    ...lockupThreshold.map(
      ({ periodNs, atHostCost, atCrashCost }) =>
        `catch-up, ${durationText(periodNs)}: lockup (${durationText(watchdogNs)}) after a stop of ${formatNs(atHostCost.stopNs)} ` +
        `at ${formatNs(atHostCost.callbackNs)} a callback; ${formatNs(atCrashCost.stopNs)} at 79 ns`,
    ),
    ...(longest === undefined
      ? []
      : [
          `clamp, ${durationText(longest.periodNs)}: caught up ${formatNs(longest.recoveryNs)} after a stop of ${durationText(longest.stopNs)}, ${longest.lostTicks.toLocaleString('en-US')} ticks lost`,
        ]),
    ...(cost === undefined
      ? []
      : [
          `clamp, a tick without lag: ${formatNs(cost.p50Ns)}, ${signed(cost.overCatchUpNs)} ns (95 %: ${signed(cost.overCatchUpLowNs)} to ${signed(cost.overCatchUpHighNs)} ns) over catch-up`,
        ]),
  ];
}

import type { Control } from '../clock/control.ts';
import type { KvmRunning } from '../schema/kvm.ts';
import { leastSquares } from '../statistics.ts';
import { latenessOf, latenessOn, ticksOn } from './grid.ts';
import { withGuest } from './guest.ts';
import type { GuestLoop } from './guest-stop.ts';
import { type NotedMoment, since } from './recording.ts';
import type { TimerSetup } from './timer-setup.ts';

/** The rows to measure: one guest each. */
export interface RunningOptions {
  readonly loop: GuestLoop;
  readonly setup: TimerSetup;
  readonly ticks: number;
}

/** What the deliveries of a running guest say, `gridKtime` being the earliest that its timer can have started. */
export function runningOf(
  { loop, setup }: RunningOptions,
  deliveries: readonly NotedMoment[],
  gridKtime: bigint,
): KvmRunning {
  const { periodNs, divide } = setup;
  const times = deliveries.map(({ ktime }) => since(ktime, gridKtime));
  const origin = deliveries[0]?.tsc ?? 0n;
  const ticks = ticksOn(times, 0, periodNs);
  const period = leastSquares(ticks, times);
  const cycles = leastSquares(
    ticks,
    deliveries.map(({ tsc }) => since(tsc, origin)),
  );
  const passed = (ticks.at(-1) ?? 0) - (ticks[0] ?? 0) + 1;
  return {
    loop,
    periodNs,
    divide,
    ticks: times.length,
    coalesced: Math.max(0, passed - times.length),
    meanPeriodNs: period?.slope ?? Number.NaN,
    meanPeriodErrorNs: period?.standardError ?? Number.NaN,
    meanPeriodCycles: cycles?.slope ?? Number.NaN,
    latenessNs: latenessOf(latenessOn(times, 0, periodNs)),
  };
}

/**
 * Runs a guest for a number of interrupts.
 *
 * @returns null where it was cancelled first.
 * @throws TscopeError UNSUPPORTED where this host cannot run the guest.
 */
export function recordRunning(options: RunningOptions, control: Control): KvmRunning | null {
  return withGuest(options.loop, options.setup, control, (guest) => {
    if (!guest.runFor(options.ticks)) return null;
    return runningOf(options, guest.recording.deliveries.slice(0, options.ticks), guest.started()[0]);
  });
}

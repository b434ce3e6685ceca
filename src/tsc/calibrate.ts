import type { Control } from '../clock/control.ts';
import { TscopeError, usageError } from '../errors.ts';
import type { ClockName } from '../host/clocks.ts';
import { madeFromTsc } from '../host/clocksource.ts';
import { granularityOf } from '../host/granularity.ts';
import type { CalibrateResult } from '../schema/calibrate.ts';
import type { Warning } from '../schema/envelope.ts';
import { type Brackets, narrow, windowsOf } from './bracket.ts';
import { fitRate } from './fit.ts';
import { identifyKernel } from './identify.ts';
import { endToEnd, rateInterval } from './interval.ts';
import { takeBrackets } from './schedule.ts';
import type { BracketSource } from './source.ts';

/** How long to measure, and against which clock. */
export interface CalibrateOptions {
  /** 1 ms to days. */
  readonly durationNs: number;
  readonly clock: ClockName;
}

/** A result of the contract's shape and the doubts about it. */
export interface Calibration {
  readonly result: CalibrateResult;
  readonly warnings: Warning[];
}

/** The shortest run whose brackets bound the rate to better than a per mille. */
export const SHORTEST_NS = 1_000_000;

/**
 * Measures the TSC's rate against a clock of the kernel. Synchronous: for a worker thread.
 *
 * @throws TscopeError USAGE for a duration below 1 ms; INTERRUPTED when stopped before anything was measured;
 * UNSUPPORTED where the clock stands still.
 */
export function calibrate(options: CalibrateOptions, source: BracketSource, control: Control): Calibration {
  if (!(options.durationNs >= SHORTEST_NS))
    throw usageError('calibrate: the duration must be at least 1 ms.');
  const log = takeBrackets(options, source, control);
  const { brackets: taken, cpuChanged } = log.brackets();
  const { brackets, wideWindow } = narrow(taken);
  const fit = fitRate(brackets);
  if (fit === null) throw nothingMeasured(options, control);
  const interval = rateInterval(brackets) ?? endToEnd(brackets);
  const hz = (ticksPerNs: number) => ticksPerNs * 1e9;
  const measured = {
    tscHz: hz(fit.ticksPerNs),
    tscHzLow: hz(interval.low),
    tscHzHigh: hz(interval.high),
    standardErrorRatio: fit.standardErrorRatio,
  };
  const clocksource = source.clocksource();
  const identified = identifyKernel(options.clock, clocksource, measured, brackets);
  const result: CalibrateResult = {
    clock: options.clock,
    ...measured,
    independent: madeFromTsc(clocksource).value === null ? null : !madeFromTsc(clocksource).value,
    durationNs: (brackets.ns.at(-1) ?? 0) - (brackets.ns[0] ?? 0),
    samples: fit.samples,
    rejected: { wideWindow, cpuChanged, clockDisturbed: 0 },
    window: windowStatistics(taken, fit.ticksPerNs),
    granularityTicks: granularityOf(readingsOf(taken)),
    kernel: identified.kernel,
    kernelReason: identified.reason,
    trueRate: null,
    trueRateReason: 'no independent reference was asked',
    claims: [],
    events: [],
  };
  return { result, warnings: [] };
}

function nothingMeasured({ clock }: CalibrateOptions, control: Control): TscopeError {
  if (control.stopRequested()) {
    return new TscopeError('INTERRUPTED', 'calibrate: stopped before anything was measured.');
  }
  return new TscopeError(
    'UNSUPPORTED',
    `calibrate: the clock ${clock} hardly moves against the TSC on this host.`,
  );
}

/** Every kept window, wide ones too: what a reader of this clock meets. */
function windowStatistics(taken: Brackets, ticksPerNs: number): CalibrateResult['window'] {
  const sorted = windowsOf(taken).sort();
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0) / ticksPerNs;
  return { minNs: at(0), medianNs: at(0.5), p99Ns: at(0.99) };
}

/** Readings enough to see the counter's step, in ascending order. */
const READINGS = 2048;

function readingsOf({ baseTsc, before, after }: Brackets): bigint[] {
  const readings: bigint[] = [];
  for (let i = 0; i < before.length && readings.length < READINGS; i++) {
    readings.push(baseTsc + BigInt(before[i] ?? 0), baseTsc + BigInt(after[i] ?? 0));
  }
  return readings;
}

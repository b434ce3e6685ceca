import type { Control } from '../clock/control.ts';
import { TscopeError } from '../errors.ts';
import type { ClockName } from '../host/clocks.ts';
import { madeFromTsc } from '../host/clocksource.ts';
import { type Fact, unknown } from '../host/fact.ts';
import { granularityOf } from '../host/granularity.ts';
import { bounds, checkBounds } from '../units.ts';
import type { Finding } from '../warning.ts';
import { type Brackets, durationOf, ofOwnCounter, windowsOf } from './bracket.ts';
import type { ClockReadings } from './clock-readings.ts';
import { withoutDisturbances } from './disturbances.ts';
import { identifyKernel } from './identify.ts';
import { rateOf } from './rate.ts';
import type { CalibrateResult } from './result.ts';
import { record } from './schedule.ts';
import type { BracketSource } from './source.ts';
import { warningsOf } from './warnings.ts';

/** How long to measure, and against which clock. */
export interface CalibrateOptions {
  /** 1 ms to days. */
  readonly durationNs: number;
  readonly clock: ClockName;
}

/** A calibration and the doubts about it. */
export type Calibration = Finding<CalibrateResult>;

/** A calibration with the brackets that its rate rests on. */
interface BracketedCalibration extends Calibration {
  readonly brackets: Brackets;
}

/** The shortest run whose brackets bound the rate to better than a per mille. */
export const SHORTEST_NS = 1_000_000;
/** What is accepted. */
export const calibrateBounds = { durationNs: bounds('1ms', '30d') };

/**
 * Measures the TSC's rate against a clock of the kernel. Synchronous: for a worker thread.
 *
 * @throws TscopeError USAGE for a duration below 1 ms; INTERRUPTED when cancelled before anything was measured;
 * UNSUPPORTED where the clock stands still.
 */
export function calibrate(
  options: CalibrateOptions,
  source: BracketSource,
  control: Control,
): BracketedCalibration {
  checkBounds(options, calibrateBounds);
  const { log, readings } = record(options, source, control);
  const { brackets: taken, cpuChanged } = log.brackets();
  const granularityTicks = granularityOf(readingsOf(taken));
  const derived = readings.every(({ clocksource }) => madeFromTsc(clocksource).value === true);
  const { longest, events, wanders, isWhole } = withoutDisturbances(
    options.clock,
    taken,
    readings,
    (brackets) => (derived ? brackets : ofOwnCounter(brackets, granularityTicks ?? 1)),
  );
  const rate = rateOf(longest);
  if (rate === null) throw nothingMeasured(options, control);
  const measured = {
    tscHz: rate.ticksPerNs * 1e9,
    tscHzLow: rate.low * 1e9,
    tscHzHigh: rate.high * 1e9,
    standardErrorRatio: rate.standardErrorRatio,
    estimator: rate.estimator,
    estimatorReason: rate.estimatorReason,
  };
  const clocksource = clocksourceAt(readings, longest.batch[0] ?? 0);
  const page = source.conversion?.() ?? unknown('not asked');
  const made = madeFromTsc(clocksource).value;
  const [first = 0, last = 0] = [longest.batch[0], longest.batch.at(-1)];
  const beside = isWhole ? 0 : taken.batch.filter((batch) => batch < first || batch > last).length;
  const result: CalibrateResult = {
    clock: options.clock,
    ...measured,
    independent: made === null ? null : !made,
    durationNs: durationOf(longest),
    samples: rate.samples,
    rejected: {
      wideWindow: taken.ns.length - beside - longest.ns.length,
      cpuChanged,
      clockDisturbed: beside,
    },
    window: windowStatistics(taken, rate.ticksPerNs),
    granularityTicks,
    ...identifyKernel(options.clock, clocksource, measured, longest, page),
    trueRate: null,
    trueRateReason: 'no independent reference was asked',
    convergence: [],
    claims: [],
    cpus: [],
    cpusReason: 'the other CPUs were not asked',
    events: [...events],
  };
  return { result, brackets: longest, warnings: warningsOf(result, wanders) };
}

/** The clocksource that was named last before a batch. */
const clocksourceAt = (readings: readonly ClockReadings[], batch: number): Fact<string> =>
  (readings.findLast((reading) => reading.batch <= batch) ?? readings[0])?.clocksource ??
  unknown('never asked');

function nothingMeasured({ clock }: CalibrateOptions, control: Control): TscopeError {
  if (control.cancelled()) {
    return new TscopeError('INTERRUPTED', 'calibrate: interrupted before anything was measured.');
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

/** Brackets enough to see the counter's step in their readings. */
const BRACKETS = 1024;

/** In ascending order. */
const readingsOf = ({ baseTsc, before, after }: Brackets): bigint[] =>
  Array.from(before.subarray(0, BRACKETS), (ticks, i) => [
    baseTsc + BigInt(ticks),
    baseTsc + BigInt(after[i] as number),
  ]).flat();

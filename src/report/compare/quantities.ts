import { exact } from '../../digits.ts';
import type { CalibrateResult } from '../../schema/calibrate.ts';
import type { Compared } from '../../schema/compare.ts';
import type { DriftResult } from '../../schema/drift.ts';
import type { KvmResult } from '../../schema/kvm.ts';
import type { StopResult, StopRow } from '../../schema/stop.ts';
import type { TimerResult } from '../../schema/timer.ts';
import { mean } from '../../statistics.ts';
import type { Parts } from '../parts.ts';
import { LOOPS } from '../words.ts';

/**
 * How much a figure varies between runs of an idle host, as a standard deviation. `logarithm`: of the
 * figure's natural logarithm; otherwise in the figure's own unit (of a rate in hertz, as a ratio).
 */
export interface RunSpread {
  readonly of: 'logarithm' | 'value';
  readonly deviation: number;
}

/** A figure of one run. */
export interface Quantity {
  readonly part: Compared['part'];
  readonly name: string;
  readonly unit: Compared['unit'];
  readonly value: number;
  /** Between runs, where nothing better is known; null for a figure that repeats exactly. */
  readonly typical: RunSpread | null;
}

/**
 * Between runs of `measure --quick`, each rounded up by about a fifth: the largest of three series on a two-CPU AMD EPYC
 * guest, idle and beside light work (scripts/bench/README.md).
 */
const BETWEEN_RUNS = {
  /** Percentiles of lateness up to p90; p99, which rests on a dozen ticks, and p99.9, on one or two. */
  lateness: { of: 'logarithm', deviation: 0.38 },
  lateLateness: { of: 'logarithm', deviation: 0.78 },
  rareLateness: { of: 'logarithm', deviation: 1.2 },
  /** One advance of the timer without lag, and the stop that locks up, which follows from the callback's cost. */
  tick: { of: 'logarithm', deviation: 0.12 },
  lockup: { of: 'logarithm', deviation: 0.18 },
  /** The mean recovery of a policy. */
  recovery: { of: 'logarithm', deviation: 0.38 },
  /** ns. */
  overCatchUp: { of: 'value', deviation: 1.8 },
  phaseShift: { of: 'value', deviation: 35_000 },
} as const satisfies Readonly<Record<string, RunSpread>>;

/**
 * How far the middle of a bracket wanders over one run, as a share of its width: the scatter within a run, and so its
 * standard error, does not show it. Forty runs of `measure --quick`, half of them beside other work, whose rates lay up to
 * 4.4 standard errors from the kernel's own: 0.03 to 0.045.
 */
const WANDER = 0.05;

/** A figure whose own standard error holds between runs. */
const standardError = (deviation = 0): RunSpread | undefined =>
  deviation > 0 ? { of: 'value', deviation } : undefined;

/** A figure; null where it, or how much it varies, is not known. */
const given = (
  part: Quantity['part'],
  name: string,
  unit: Quantity['unit'],
  value: number | null | undefined,
  typical: RunSpread | null | undefined,
): Quantity | null =>
  value == null || typical === undefined || (typical?.of === 'logarithm' && !(value > 0))
    ? null
    : { part, name, unit, value, typical };
type Given = ReturnType<typeof given>;

/** The kernel's own ratio repeats exactly, and says everything about a clock that is made from the TSC. */
const ofCalibrate = ({ clock, tscHz, standardErrorRatio, kernel, trueRate }: CalibrateResult): Given[] => [
  kernel?.hz == null
    ? given('calibrate', `TSC rate against ${clock}`, 'hz', tscHz, standardError(standardErrorRatio))
    : given('calibrate', "TSC rate by the kernel's mult and shift", 'hz', kernel.hz, null),
  given('calibrate', 'true TSC rate', 'hz', trueRate?.hz, standardError(trueRate?.errorRatio)),
];

const PERCENTILES = [
  ['p50', BETWEEN_RUNS.lateness],
  ['p90', BETWEEN_RUNS.lateness],
  ['p99', BETWEEN_RUNS.lateLateness],
  ['p999', BETWEEN_RUNS.rareLateness],
] as const;

function ofTimer({ latenessNs, periodNs, backend, divergence, policy }: TimerResult): Given[] {
  const timer = `${backend}, ${exact(periodNs)}`;
  const rate = `TSC deadline's divergence (${policy}, ${timer})`;
  return [
    ...PERCENTILES.map(([key, typical]) =>
      given('timer', `lateness ${key.replace('999', '99.9')} (${timer})`, 'ns', latenessNs?.[key], typical),
    ),
    given('timer', rate, 'ratio', divergence?.rateRatio, standardError(divergence?.rateStandardError)),
  ];
}

const ofDrift = ({ pairs, windowNs, durationNs }: DriftResult): Given[] =>
  pairs.map(({ clock, reference, rateRatio, rateStandardError }) => {
    const wander = durationNs > 0 ? (WANDER * (windowNs ?? 0)) / durationNs : 0;
    const spread =
      rateStandardError === null ? undefined : standardError(Math.hypot(rateStandardError, wander));
    return given('drift', `${clock} - ${reference}: rate`, 'ratio', rateRatio, spread);
  });

function ofKvm({ resume, running }: KvmResult): Given[] {
  const guest = running === null ? '' : `mean period of a guest that ${LOOPS[running.loop]}`;
  return [
    given('kvm', guest, 'ns', running?.meanPeriodNs, standardError(running?.meanPeriodErrorNs)),
    given('kvm', 'phase shift over a stop', 'ns', resume?.phaseShiftNs, BETWEEN_RUNS.phaseShift),
  ];
}

const rowName = ({ policy, periodNs, stopNs }: StopRow): string =>
  `${policy}, ${exact(periodNs)}, ${exact(stopNs)}`;

/** The rows of a run that were measured to their end: a projection is not a measurement. */
export const wholeRows = ({ stop }: Parts): Set<string> =>
  new Set((stop?.rows ?? []).filter(({ projected }) => projected === null).map(rowName));

/** The mean recovery (geometric) of each policy, over the rows that every run measured to its end. */
function recoveries({ rows, simulated }: StopResult, common: ReadonlySet<string>): Given[] {
  const policies = [...new Set(rows.map(({ policy }) => policy))];
  return policies.map((policy) => {
    const own = rows.filter((row) => row.policy === policy && common.has(rowName(row)) && row.recoveryNs > 0);
    if (own.length === 0) return null;
    const value = Math.exp(mean(own.map(({ recoveryNs }) => Math.log(recoveryNs))));
    const name = `mean recovery under ${policy} (${own.length} of ${rows.filter((row) => row.policy === policy).length} stops)`;
    return given('stop', name, 'ns', value, simulated ? null : BETWEEN_RUNS.recovery);
  });
}

/** The policies whose tick is compared: what it costs before the fix and after. */
const TICKS = ['catch-up', 'clamp'];

/** What simulated time gives repeats exactly. */
function ofStop(result: StopResult, common: ReadonlySet<string>): Given[] {
  const { tickCost, lockupThreshold, simulated } = result;
  const costs = (tickCost ?? []).filter(({ policy }) => TICKS.includes(policy));
  return [
    ...costs.map(({ policy, p50Ns }) => given('stop', `tick: ${policy}`, 'ns', p50Ns, BETWEEN_RUNS.tick)),
    ...costs
      .filter(({ policy }) => policy !== 'catch-up')
      .map(({ policy, overCatchUpNs }) =>
        given('stop', `tick: ${policy} over catch-up`, 'ns', overCatchUpNs, BETWEEN_RUNS.overCatchUp),
      ),
    ...lockupThreshold.map(({ periodNs, atHostCost }) =>
      given(
        'stop',
        `stop that locks up under catch-up, period ${exact(periodNs)}`,
        'ns',
        atHostCost.stopNs,
        simulated ? null : BETWEEN_RUNS.lockup,
      ),
    ),
    ...recoveries(result, common),
  ];
}

const of = <Part>(part: Part | null | undefined, quantities: (part: Part) => Given[]): Quantity[] =>
  part == null ? [] : quantities(part).filter((one) => one !== null);

/**
 * Every figure of a run that another one can be compared by.
 *
 * @param common the stops that every run of the comparison measured to the end.
 */
export const quantitiesOf = (
  { calibrate, timer, drift, stop, kvm }: Parts,
  common: ReadonlySet<string>,
): Quantity[] => [
  ...of(calibrate, ofCalibrate),
  ...of(timer, ofTimer),
  ...of(drift, ofDrift),
  ...of(stop, (result) => ofStop(result, common)),
  ...of(kvm, ofKvm),
];

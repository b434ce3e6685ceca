import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Control } from '../../clock/control.ts';
import type { PolicyName } from '../../lapic/policies.ts';
import type { CallbackCost, CostInterval, StopResult } from '../../schema/stop.ts';
import { sibling } from '../../sibling.ts';
import { mean, median, midmean, midmeanError, standardDeviation, studentQuantile } from '../../statistics.ts';
import type { AdvanceCost, IsolateCosts, IsolateJob } from './isolate.ts';

const PROCESS = fileURLToPath(sibling(import.meta.url, './isolate-process'));
/** A process takes a fifth of a second; on a host this busy its figures would be worth nothing. */
const PATIENCE_MS = 20_000;

/** Costs from several fresh processes, or why there are none. */
export type Isolates =
  | { readonly costs: readonly IsolateCosts[]; readonly reason: null }
  | { readonly costs: readonly []; readonly reason: string };

/** Measures in `count` processes, one after the other, each with V8 as it starts. */
export function freshProcesses(job: IsolateJob, count: number, control: Control): Isolates {
  const costs: IsolateCosts[] = [];
  for (let i = 0; i < count && !control.cancelled(); i++) {
    const child = spawnSync(process.execPath, [...process.execArgv, PROCESS, JSON.stringify(job)], {
      encoding: 'utf8',
      timeout: PATIENCE_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (child.error !== undefined)
      return { costs: [], reason: `no process could be started: ${child.error.message}` };
    if (child.status !== 0) {
      const why = child.stderr.trim().split('\n').at(-1) ?? '';
      return { costs: [], reason: `a measuring process ended with ${child.signal ?? child.status}: ${why}` };
    }
    costs.push(JSON.parse(child.stdout) as IsolateCosts);
  }
  if (costs.length < 2)
    return { costs: [], reason: `${costs.length} processes were measured, and an interval needs two` };
  return { costs, reason: null };
}

/**
 * Variance between runs beyond that of their processes, as a share of the variance between processes: the host is not
 * the same from one run to the next. Of 16 runs of 12 processes on a Sapphire Rapids guest: the runs' means had a standard
 * deviation of 0.89 ns where 0.54 was to be expected of the processes, so (0.89^2 - 0.54^2) / (12 * 0.54^2) = 0.14.
 */
const RUN_SHARE = 0.15;

/**
 * Standard deviation between runs of the clamp's price in native code, whose processes may agree to thousandths of a
 * ns. Ten fresh `stop` runs on an AMD EPYC (Zen 4) guest at 2.6 GHz that other work kept busy, one after the other within
 * a minute, found 0.513 to 0.539 ns with a standard deviation of 0.008; ten of their price part alone 0.009.
 */
const NATIVE_RUNS_NS = 0.009;

/**
 * The midmean of what fresh processes found, which one that was disturbed does not move, and where the next run's will
 * be: its standard error counts twice, once for each run, and what differs between runs is added.
 *
 * @param values one of each process, two at least.
 * @param betweenNs the least standard deviation between runs, however well the processes of one agree.
 */
export function nextRun(values: readonly number[], betweenNs = 0): CostInterval {
  const middle = midmean(values);
  const { error, degrees } = midmeanError(values);
  const variance = error ** 2 * (1 + values.length * RUN_SHARE) + betweenNs ** 2;
  const reach = studentQuantile(0.025, degrees) * Math.sqrt(2 * variance);
  return { ns: middle, lowNs: middle - reach, highNs: middle + reach };
}

/** How far apart two groups have to be, in standard deviations within them. */
const APART = 6;

/**
 * Groups of values with a gap between them that chance does not leave: code that V8 compiled in two ways, or left to a
 * slower tier. One group where there is no such gap.
 *
 * @returns ascending groups, ascending.
 */
export function modesOf(values: readonly number[]): number[][] {
  const ascending = [...values].sort((a, b) => a - b);
  let best: { at: number; gap: number } | null = null;
  for (let at = 2; at <= ascending.length - 2; at++) {
    const gap = (ascending[at] as number) - (ascending[at - 1] as number);
    const within = Math.max(
      standardDeviation(ascending.slice(0, at)),
      standardDeviation(ascending.slice(at)),
    );
    if (gap > APART * within && gap > (best?.gap ?? 0)) best = { at, gap };
  }
  return best === null ? [ascending] : [ascending.slice(0, best.at), ascending.slice(best.at)];
}

/** An advance this many times the median process's was not compiled as the others were. */
const SLOW = 1.5;

/** What the processes' figures say, without those whose code was left to the interpreter or the baseline compiler. */
function summary(values: readonly number[], costs: readonly number[]) {
  const usual = median(costs);
  const fast = values.filter((_, i) => (costs[i] as number) <= SLOW * usual);
  const compiled = fast.length < 2 ? values : fast;
  const modes = modesOf(compiled);
  const interval = nextRun(compiled);
  return {
    ...interval,
    // Two kinds of code have no mean that a run would show: from the lowest to the highest.
    ...(modes.length > 1 && {
      lowNs: Math.min(interval.lowNs, ...compiled),
      highNs: Math.max(interval.highNs, ...compiled),
    }),
    processes: compiled.length,
    slowProcesses: values.length - compiled.length,
    modes: modes.length === 1 ? null : modes.map((mode) => ({ ns: mean(mode), processes: mode.length })),
  };
}

type TickCost = NonNullable<StopResult['tickCost']>;

/** One figure of a policy's advance, process by process. */
const advancesOf = (
  costs: readonly IsolateCosts[],
  policy: PolicyName,
  figure: keyof AdvanceCost,
): number[] => costs.map(({ advances }) => advances[policy]?.[figure] ?? 0);

/** What one advance costs under each policy, and over catch-up. */
export function tickCostOf(
  costs: readonly IsolateCosts[],
  names: readonly PolicyName[],
  tscHz: number,
): TickCost {
  const cycles = (ns: number) => (ns * tscHz) / 1e9;
  const catchUp = advancesOf(costs, 'catch-up', 'middleNs');
  return names.map((policy) => {
    const advance = summary(advancesOf(costs, policy, 'middleNs'), catchUp);
    const over = summary(advancesOf(costs, policy, 'overCatchUpNs'), catchUp);
    return {
      policy,
      p50Ns: advance.ns,
      p50LowNs: advance.lowNs,
      p50HighNs: advance.highNs,
      p99Ns: midmean(advancesOf(costs, policy, 'p99Ns')),
      cycles: cycles(advance.ns),
      overCatchUpNs: over.ns,
      overCatchUpLowNs: over.lowNs,
      overCatchUpHighNs: over.highNs,
      overCatchUpCycles: cycles(over.ns),
    };
  });
}

/** The price of the clamp: in native code first, which is the comparison itself, then as this model pays it. */
export function clampPriceOf(
  costs: readonly IsolateCosts[],
  tscHz: number,
  kernel: CallbackCost,
): NonNullable<StopResult['clampPrice']> {
  const native = nextRun(
    costs.map((each) => each.native.overCatchUpNs),
    NATIVE_RUNS_NS,
  );
  return {
    native: {
      ...native,
      cycles: (native.ns * tscHz) / 1e9,
      catchUpNs: midmean(costs.map((each) => each.native.catchUpNs)),
      clampNs: midmean(costs.map((each) => each.native.clampNs)),
      processes: costs.length,
    },
    model: summary(advancesOf(costs, 'clamp', 'overCatchUpNs'), advancesOf(costs, 'catch-up', 'middleNs')),
    kernel,
  };
}

/** One callback of a recovery under catch-up. */
export function callbackCostOf(costs: readonly IsolateCosts[]): CostInterval {
  const callbacks = costs.map(({ callbackNs }) => callbackNs);
  return summary(callbacks, callbacks);
}

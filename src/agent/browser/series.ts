import type { AgentEvents, AgentSamples } from '../../schema/agent-api.ts';

type RangeSeries = AgentSamples['series'][number];

/** The runs of one pair one after another; null is a gap, so that no line joins two runs or crosses a step. */
export interface PairSeries {
  readonly clock: string;
  readonly reference: string;
  readonly independent: boolean | null;
  readonly independentReason: string;
  /** Unix seconds, ascending. */
  readonly at: number[];
  /** Samples that each point stands for; 0 in a gap. */
  readonly count: number[];
  /** ns since the start of the run. */
  readonly mean: (number | null)[];
  readonly min: (number | null)[];
  readonly max: (number | null)[];
  /** The rate within each step where the agent knows it; see `rates`. */
  readonly rate: (number | null)[];
}

/** Steps that may be missing before a line is broken. */
const PATIENCE = 3;

/** Adds a point; a gap before it where time jumped, and nothing where it went back. */
export function addPoint(
  pair: PairSeries,
  at: number,
  [mean, min, max]: readonly [number, number, number],
  stepSeconds: number,
  rate: number | null = null,
  count = 1,
): void {
  const last = pair.at.at(-1) ?? Number.NEGATIVE_INFINITY;
  if (at <= last) return;
  if (at - last > stepSeconds * PATIENCE && pair.at.length > 0) addGap(pair);
  push(pair, at, count, [mean, min, max, rate]);
}

/** Breaks the line after the last point. */
function addGap(pair: PairSeries): void {
  const last = pair.at.at(-1);
  if (last === undefined || pair.mean.at(-1) === null) return;
  push(pair, last + 1e-3, 0, []);
}

/** @param values of the columns, in the order of `valuesOf`. */
function push(pair: PairSeries, at: number, count: number, values: readonly (number | null)[]): void {
  pair.at.push(at);
  pair.count.push(count);
  for (const [i, column] of valuesOf(pair).entries()) column.push(values[i] ?? null);
}

const emptyPair = ({ clock, reference, independent, independentReason }: RangeSeries): PairSeries => ({
  clock,
  reference,
  independent,
  independentReason,
  at: [],
  count: [],
  mean: [],
  min: [],
  max: [],
  rate: [],
});

/** A step with less than this share of what the others hold is one at the end of a run: too short for a rate. */
const WHOLE_SHARE = 0.5;

/** The rate of each step that is long enough for one and not cut short. */
function stepRates({ rateRatio, count }: RangeSeries, stepSeconds: number): (number | null)[] {
  const most = Math.max(...count);
  const whole = (i: number) => stepSeconds >= RATE_SECONDS && (count[i] ?? 0) >= WHOLE_SHARE * most;
  return rateRatio.map((rate, i) => (whole(i) ? rate : null));
}

/** An event's time is cut to the millisecond, s. */
const CUT = 2e-3;

/**
 * Takes the steps of the clock, and the host's sleep, out of the line: a gap stands between the points on both sides, and
 * a point that holds samples of both, whose mean and rate are of neither, is one itself.
 *
 * @param stepSeconds what a point stands for.
 */
export function breakAtSteps(pair: PairSeries, events: AgentEvents['events'], stepSeconds: number): void {
  for (const { at, kind, clock } of events) {
    if (!(kind === 'step' && clock === pair.clock) && kind !== 'suspend') continue;
    const seconds = Date.parse(at) / 1000;
    const index = pair.at.findLastIndex((start) => start <= seconds + CUT);
    if (index < 0 || pair.mean[index] == null) continue;
    const mixed = pair.count[index] !== 1 && seconds + CUT < (pair.at[index] ?? 0) + stepSeconds;
    if (mixed) for (const column of valuesOf(pair)) column[index] = null;
    // A step has the time of the first sample after it, a suspend that of the last before.
    else insertGap(pair, kind === 'step' ? index : index + 1);
  }
}

const valuesOf = ({ mean, min, max, rate }: PairSeries) => [mean, min, max, rate];

function insertGap(pair: PairSeries, index: number): void {
  const [before, after] = [pair.at[index - 1], pair.at[index]];
  if (before === undefined || after === undefined) return;
  if (pair.mean[index - 1] === null || pair.mean[index] === null) return;
  pair.at.splice(index, 0, (before + after) / 2);
  pair.count.splice(index, 0, 0);
  for (const column of valuesOf(pair)) column.splice(index, 0, null);
}

/** The same without its steps: each piece begins where the one before it ended. */
export function withoutSteps(pair: PairSeries): PairSeries {
  let shift = 0;
  let last: number | null = null;
  const shifts = pair.mean.map((mean, i) => {
    if (mean !== null && i > 0 && pair.mean[i - 1] === null && last !== null) shift = last - mean;
    if (mean !== null) last = mean + shift;
    return shift;
  });
  const moved = (column: readonly (number | null)[]) =>
    column.map((value, i) => (value === null ? null : value + (shifts[i] ?? 0)));
  return { ...pair, mean: moved(pair.mean), min: moved(pair.min), max: moved(pair.max) };
}

/** Between two points, s: that of the sampling in that run. */
function usualDistance(at: readonly number[]): number {
  const distances = at.slice(1).map((time, i) => time - (at[i] ?? 0));
  return distances.sort((a, b) => a - b)[distances.length >> 1] ?? 0;
}

/** Joins what the API gives for each run into one series for each pair. */
export function joinRuns({ series, stepNs }: Pick<AgentSamples, 'series' | 'stepNs'>): PairSeries[] {
  const pairs = new Map<string, PairSeries>();
  for (const run of series) {
    const key = `${run.clock} ${run.reference}`;
    const pair = pairs.get(key) ?? emptyPair(run);
    pairs.set(key, pair);
    addGap(pair);
    const stepRate = stepRates(run, stepNs / 1e9);
    const apart = Math.max(stepNs / 1e9, usualDistance(run.at));
    for (const [i, at] of run.at.entries()) {
      const point = [run.meanNs[i] ?? 0, run.minNs[i] ?? 0, run.maxNs[i] ?? 0] as const;
      addPoint(pair, at, point, apart, stepRate[i] ?? null, run.count[i]);
    }
  }
  return [...pairs.values()];
}

/** A rate is taken over about this long: the brackets' 50 ns are then below a part in 10^9. */
const RATE_SECONDS = 60;
/** Share of that which there must be, at the ends of a run or in a short one. */
const LEAST_SHARE = 0.7;

/**
 * The clock's rate against the reference less 1, at each point: what the agent found within long steps, else the
 * difference of the neighbours half a minute before and after. Null near the ends of each run and in gaps.
 */
export function rates({ at, mean, rate }: Pick<PairSeries, 'at' | 'mean' | 'rate'>): (number | null)[] {
  if (rate.some((value) => value !== null)) return [...rate];
  const runs = runBounds(mean);
  return at.map((time, i) => {
    const [start, end] = runs[i] ?? [i, i];
    if (mean[i] === null) return null;
    let [low, high] = [i, i];
    while (low > start && time - (at[low] ?? 0) < RATE_SECONDS / 2) low -= 1;
    while (high < end && (at[high] ?? 0) - time < RATE_SECONDS / 2) high += 1;
    const elapsed = (at[high] ?? 0) - (at[low] ?? 0);
    const whole = (at[end] ?? 0) - (at[start] ?? 0);
    const [from, to] = [mean[low], mean[high]];
    if (from == null || to == null || elapsed <= 0) return null;
    return elapsed < LEAST_SHARE * Math.min(RATE_SECONDS, whole) ? null : (to - from) / (elapsed * 1e9);
  });
}

/** For each point the first and the last index of its run. */
function runBounds(mean: readonly (number | null)[]): [number, number][] {
  const bounds: [number, number][] = [];
  for (let start = 0; start < mean.length; ) {
    let end = start;
    while (end + 1 < mean.length && mean[end] !== null && mean[end + 1] !== null) end += 1;
    for (let i = start; i <= end; i++) bounds.push([start, end]);
    start = end + 1;
  }
  return bounds;
}

/** How far a clock moved within what is shown, ns: over all runs, without gaps and steps. Null without two points. */
export function moved({ mean }: Pick<PairSeries, 'mean'>): number | null {
  let total = 0;
  let steps = 0;
  for (let i = 1; i < mean.length; i++) {
    const [before, after] = [mean[i - 1], mean[i]];
    if (before == null || after == null) continue;
    total += after - before;
    steps += 1;
  }
  return steps === 0 ? null : total;
}

/** Drops what is older than `from`, for a range that moves on. */
export function dropBefore(pair: PairSeries, from: number): void {
  const keep = pair.at.findIndex((at) => at >= from);
  if (keep <= 0) return;
  for (const column of [pair.at, pair.count, ...valuesOf(pair)]) column.splice(0, keep);
}

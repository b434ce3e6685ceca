import type { AgentStability } from '../../schema/agent-api.ts';
import { mean } from '../../statistics.ts';
import { isoOf } from '../../store/buckets.ts';
import { eventsOf } from '../../store/events.ts';
import { queryRange, type RangePoint } from '../../store/range.ts';
import { listSeries, type StoredSeries } from '../../store/series.ts';
import type { Store } from '../../store/store.ts';
import { stabilityOfPhase } from '../../tasks/drift/analysis.ts';
import type { TimeRange } from './messages.ts';
import { MOST_EVENTS, overlaps } from './read.ts';

/** An event's time is cut to the millisecond, ns. */
const CUT_NS = 1_000_000n;

/** What breaks a series: the clock was set, or the host slept. */
const breaksOf = (store: Store, { id, run }: StoredSeries, { fromNs, toNs }: TimeRange) =>
  eventsOf(store, run, fromNs, toNs, MOST_EVENTS).filter(
    ({ series, kind }) => (kind === 'step' && series === id) || kind === 'suspend',
  );

/** The first sample of a place of the grid, as it would have been at the place's own time at the mean rate. */
const phaseAt = ({ firstAtNs, firstNs }: RangePoint, rate: number, atNs: bigint): number =>
  firstNs - rate * Number(firstAtNs - atNs);

const meanRate = (points: readonly RangePoint[]): number => {
  const rates = points.flatMap(({ rateRatio }) => rateRatio ?? []);
  return rates.length === 0 ? 0 : mean(rates);
};

/** How many steps usually lie between two points: more than one where samples were taken more seldom than now. */
function stridesBetween(runs: ReadonlyArray<readonly RangePoint[]>, stepNs: bigint): bigint {
  const distances = runs
    .flatMap((points) => points.slice(1).map(({ atNs }, i) => atNs - (points[i] as RangePoint).atNs))
    .sort((a, b) => (a < b ? -1 : 1));
  return (distances[distances.length >> 1] ?? stepNs) / stepNs;
}

/** The runs of one pair on one grid; a run, a step and a suspend each begin a new origin. */
function recordOf(store: Store, runs: readonly StoredSeries[], range: TimeRange, stepNs: bigint) {
  const { fromNs, toNs } = range;
  const found = runs.map(({ id }) => queryRange(store, id, fromNs, toNs, stepNs));
  const gridNs = stepNs * stridesBetween(found, stepNs);
  const place = (atNs: bigint): number => Number((atNs - fromNs) / gridNs);
  const phase = new Float64Array(place(toNs) + 1).fill(Number.NaN);
  const breaks: number[] = [];
  for (const [index, series] of runs.entries()) {
    const points = found[index] ?? [];
    const rate = meanRate(points);
    if (points[0] !== undefined) breaks.push(place(points[0].atNs));
    const firsts = new Map<number, RangePoint>();
    for (const point of points) {
      const at = place(point.atNs);
      if (!firsts.has(at)) firsts.set(at, point);
    }
    for (const [at, point] of firsts) phase[at] = phaseAt(point, rate, fromNs + BigInt(at) * gridNs);
    for (const { atNs, kind } of breaksOf(store, series, range)) {
      const at = place(atNs);
      const first = firsts.get(at)?.firstAtNs;
      // A step has the time of the first sample after it, which may be its place's first; a suspend that of the last before.
      breaks.push(kind === 'step' && first !== undefined && first + CUT_NS >= atNs ? at : at + 1);
    }
  }
  return { phase, breaks, gridNs };
}

/** The deviations of every pair of this host's over a range, whatever runs it holds. */
export function stabilityIn(store: Store, hostKey: string, range: TimeRange, stepNs: bigint): AgentStability {
  const pairs = new Map<string, StoredSeries[]>();
  for (const series of listSeries(store, hostKey)) {
    if (!overlaps(series, range)) continue;
    const key = `${series.clock} ${series.reference}`;
    pairs.set(key, [...(pairs.get(key) ?? []), series]);
  }
  return {
    from: isoOf(range.fromNs),
    to: isoOf(range.toNs),
    stepNs: Number(stepNs),
    pairs: Array.from(pairs.values(), (runs) => {
      const { clock, reference, independent, reason } = runs.at(-1) as StoredSeries;
      const { phase, breaks, gridNs } = recordOf(store, runs, range, stepNs);
      const points = stabilityOfPhase(phase, Number(gridNs), breaks);
      return { clock, reference, independent, independentReason: reason, points };
    }),
  };
}

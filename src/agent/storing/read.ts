import type { AgentEvents, AgentRuns, AgentSamples } from '../../schema/agent-api.ts';
import { earlier, isoOf, later } from '../../store/buckets.ts';
import { eventsOf } from '../../store/events.ts';
import { queryRange, type RangePoint } from '../../store/range.ts';
import { newestRuns } from '../../store/runs.ts';
import { listSeries, type StoredSeries } from '../../store/series.ts';
import type { Store } from '../../store/store.ts';
import type { TimeRange } from './messages.ts';

/** Rows of one answer: a megabyte and a half. More are cut off, the oldest series first, and the answer says so. */
export const MOST_ROWS = 20_000;
export const MOST_EVENTS = 2_000;
/** Runs of one answer. */
const MOST_RUNS = 500;

export const overlaps = ({ firstAtNs, lastAtNs }: StoredSeries, { fromNs, toNs }: TimeRange): boolean =>
  firstAtNs !== null && lastAtNs !== null && firstAtNs < toNs && lastAtNs >= fromNs;

function columnsOf(points: readonly RangePoint[]) {
  return {
    at: points.map(({ atNs }) => Number(atNs / 1_000n) / 1e6),
    count: points.map(({ count }) => count),
    meanNs: points.map(({ meanNs }) => meanNs),
    minNs: points.map(({ minNs }) => minNs),
    maxNs: points.map(({ maxNs }) => maxNs),
    rateRatio: points.map(({ rateRatio }) => rateRatio),
  };
}

/** Every pair of this host's in a range, step by step; one series for each run. */
export function samplesIn(
  store: Store,
  hostKey: string,
  range: TimeRange,
  stepNs: bigint,
  mostRows = MOST_ROWS,
): AgentSamples {
  const series: AgentSamples['series'] = [];
  let rows = 0;
  let truncated = false;
  for (const stored of listSeries(store, hostKey).reverse()) {
    if (!overlaps(stored, range)) continue;
    const toNs = earlier(range.toNs, (stored.lastAtNs ?? 0n) + 1n);
    const wanted = later(range.fromNs, stored.firstAtNs ?? 0n);
    const fromNs = later(wanted, toNs - BigInt(mostRows - rows) * stepNs);
    truncated ||= fromNs > wanted;
    if (fromNs >= toNs) break;
    const points = queryRange(store, stored.id, fromNs, toNs, stepNs);
    rows += points.length;
    const { clock, reference, independent, reason, run } = stored;
    series.push({ run, clock, reference, independent, independentReason: reason, ...columnsOf(points) });
  }
  const [from, to] = [isoOf(range.fromNs), isoOf(range.toNs)];
  return { from, to, stepNs: Number(stepNs), series: series.reverse(), truncated };
}

/** Everything that happened in a range, oldest first. */
export function eventsIn(store: Store, hostKey: string, range: TimeRange): AgentEvents {
  const all = listSeries(store, hostKey).filter((series) => overlaps(series, range));
  const clocks = new Map(all.map(({ id, clock }) => [id, clock]));
  const events = [...new Set(all.map(({ run }) => run))]
    .flatMap((run) => eventsOf(store, run, range.fromNs, range.toNs, MOST_EVENTS + 1))
    .map(({ series, atNs, kind, detail }) => ({
      at: isoOf(atNs),
      kind,
      detail,
      clock: series === null ? null : (clocks.get(series) ?? null),
    }))
    .sort((a, b) => a.at.localeCompare(b.at));
  return {
    from: isoOf(range.fromNs),
    to: isoOf(range.toNs),
    events: events.slice(-MOST_EVENTS),
    truncated: events.length > MOST_EVENTS,
  };
}

/** The runs of the store, the newest first. */
export const runsIn = (store: Store): AgentRuns => ({
  runs: newestRuns(store, MOST_RUNS).map(({ id, key, hostName, command, ...times }) => ({
    id,
    key,
    hostname: hostName,
    command,
    startedAt: isoOf(times.startedAtNs),
    endedAt: times.endedAtNs === null ? null : isoOf(times.endedAtNs),
    lastSampleAt: times.lastSampleAtNs === null ? null : isoOf(times.lastSampleAtNs),
  })),
});

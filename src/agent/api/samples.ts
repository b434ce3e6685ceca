import type { AgentEvents, AgentSamples } from '../../schema/agent-api.ts';
import { eventsOf } from '../../store/events.ts';
import { queryRange, type RangePoint } from '../../store/range.ts';
import { listSeries, type StoredSeries } from '../../store/series.ts';
import type { Store } from '../../store/store.ts';
import type { TimeRange } from './query.ts';

/** Rows of one answer: more are cut off, newest series first. */
const MOST_ROWS = 60_000;
const MOST_EVENTS = 2_000;

const isoOf = (ns: bigint): string => new Date(Number(ns / 1_000_000n)).toISOString();

const overlaps = ({ firstAtNs, lastAtNs }: StoredSeries, { fromNs, toNs }: TimeRange): boolean =>
  firstAtNs !== null && lastAtNs !== null && firstAtNs < toNs && lastAtNs >= fromNs;

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

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
export function samplesIn(store: Store, hostKey: string, range: TimeRange, stepNs: bigint): AgentSamples {
  const series: AgentSamples['series'] = [];
  let rows = 0;
  for (const stored of listSeries(store, { hostKey }).reverse()) {
    if (rows >= MOST_ROWS) break;
    if (!overlaps(stored, range)) continue;
    const fromNs = larger(range.fromNs, stored.firstAtNs ?? 0n);
    const toNs = smaller(range.toNs, (stored.lastAtNs ?? 0n) + 1n);
    const points = queryRange(store, stored.id, fromNs, toNs, stepNs);
    rows += points.length;
    const { clock, reference, independent, reason, run } = stored;
    series.push({ run, clock, reference, independent, independentReason: reason, ...columnsOf(points) });
  }
  return {
    from: isoOf(range.fromNs),
    to: isoOf(range.toNs),
    stepNs: Number(stepNs),
    series: series.reverse(),
  };
}

/** Everything that happened in a range, oldest first. */
export function eventsIn(store: Store, hostKey: string, range: TimeRange): AgentEvents {
  const all = listSeries(store, { hostKey }).filter((series) => overlaps(series, range));
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

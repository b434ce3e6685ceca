import { group } from 'd3-array';
import { usageError } from '../errors.ts';
import type {
  FleetEventsResult,
  FleetHostResult,
  FleetHostRow,
  FleetHostsResult,
  FleetKernelsResult,
  FleetOverview,
} from '../schema/fleet.ts';
import { nameOf } from '../schema/words.ts';
import { isoOf } from '../store/buckets.ts';
import type { Conclusions, KeptStanding } from './judge/conclude.ts';
import { readConclusions } from './store/conclusions.ts';
import { listEvents } from './store/events.ts';
import type { FleetStore } from './store/fleet-store.ts';
import { type FleetPoint, listCalibrations, listKvmRuns, listPairs, listPoints } from './store/history.ts';
import {
  countHosts,
  type FleetHost,
  findHosts,
  type HostQuery,
  hostsById,
  listHosts,
} from './store/hosts.ts';
import { isoMs } from './store/select.ts';

/** A host that has sent nothing for this many ms is silent: agents send every minute. */
export const SILENT_MS = 10 * 60_000;
/** Two clocks further apart than this are a fault of one of them, ms: a message takes less. */
const CLOCK_ERROR_MS = 60_000;
/** Outliers that the overview names. */
const WORST = 10;
/** Points of a host that are read at once: a week of minutes of three pairs is 30,240. */
const MOST_POINTS = 40_000;
/** Minutes are shown of a stretch of at most this many ns; of more, hours. */
const MINUTES_NS = 2n * 86_400_000_000_000n;
const MOST_EVENTS = 100;
const CALIBRATIONS = 50;
const DOCUMENTS = 20;

/** Which part of a list. */
type PageQuery = Pick<HostQuery, 'where' | 'limit'> & { readonly offset: number };

function standingOf({ detail, score }: NonNullable<FleetHost['standing']>): FleetHostRow['standing'] {
  const { against, peers, size, value, middle, spread, standardError, outlier, sinceNs } = JSON.parse(
    detail,
  ) as KeptStanding;
  const since = sinceNs === null ? null : isoOf(BigInt(sinceNs));
  return { against, peers, size, value, middle, spread, standardError, score, outlier, since };
}

const rowOf = ({ clockErrorMs, lost, standing, ...host }: FleetHost, nowMs: number): FleetHostRow => ({
  ...host,
  silent: Date.parse(host.lastSeenAt) < nowMs - SILENT_MS,
  clockErrorMs,
  lost,
  standing: standing && standingOf(standing),
});

/** The hosts of a fleet, a page of them. */
export async function hostsView(
  store: FleetStore,
  nowMs: number,
  query: PageQuery & Omit<HostQuery, 'silentSinceMs'> & { readonly silent?: boolean },
): Promise<FleetHostsResult> {
  const { silent = false, ...rest } = query;
  const { rows, total } = await listHosts(store, {
    ...rest,
    ...(silent && { silentSinceMs: nowMs - SILENT_MS }),
  });
  const { where = [], offset } = query;
  return { where: [...where], total, offset, hosts: rows.map((host) => rowOf(host, nowMs)) };
}

/** Hosts that were judged, by how far they stand out among their peers, the furthest first. */
export const outliersView = (store: FleetStore, nowMs: number, query: PageQuery): Promise<FleetHostsResult> =>
  hostsView(store, nowMs, { ...query, order: 'score', descending: true, judged: true });

/** What happened in a stretch of time, the newest first. */
export async function eventsView(
  store: FleetStore,
  query: PageQuery & { readonly kinds?: readonly string[]; readonly fromNs: bigint; readonly toNs: bigint },
): Promise<FleetEventsResult> {
  const { rows, total } = await listEvents(store, query);
  const { where = [], offset, fromNs, toNs } = query;
  return { where: [...where], total, offset, from: isoOf(fromNs), to: isoOf(toNs), events: [...rows] };
}

/** What was last concluded of the whole fleet; null before the first time. */
export async function lastConclusions(store: FleetStore): Promise<Conclusions | null> {
  const text = await readConclusions(store);
  return text === null ? null : (JSON.parse(text) as Conclusions);
}

/** Which kernels would catch up. */
export async function kernelsView(store: FleetStore): Promise<FleetKernelsResult> {
  return { kernels: [...((await lastConclusions(store))?.kernels ?? [])] };
}

/** The one host that a name means. @throws TscopeError USAGE where it means none or several. */
export async function hostNamed(store: FleetStore, name: string): Promise<FleetHost> {
  const found = await findHosts(store, name);
  const [first] = found;
  if (first === undefined)
    throw usageError(`no host of the fleet is called '${name}'; tscope fleet hosts lists them.`);
  const exact = found.filter(({ host, hostname }) => host === name || hostname === name);
  const [only] = exact;
  if (only !== undefined && exact.length === 1) return only;
  if (found.length === 1) return first;
  const some = (exact.length > 0 ? exact : found).slice(0, 5).map(nameOf);
  throw usageError(`'${name}' means several hosts, among them ${some.join(', ')}; give one of these names.`);
}

/** Points of one pair, its runs one after the other: the offset goes on where the run before ended. */
function pairColumns(points: readonly FleetPoint[]) {
  const [first] = points;
  return {
    at: points.map(({ atNs }) => isoOf(atNs)),
    offsetNs: points.map(({ offsetNs }) => offsetNs - (first?.offsetNs ?? 0)),
    rateRatio: points.map(({ rateRatio }) => rateRatio),
  };
}

/** One host: its clocks, its calibrations, its events and its documents. */
export async function hostView(
  store: FleetStore,
  nowMs: number,
  host: FleetHost,
  range: { readonly fromNs: bigint; readonly toNs: bigint },
): Promise<FleetHostResult> {
  const { fromNs, toNs } = range;
  const width = toNs - fromNs > MINUTES_NS ? 'hour' : 'minute';
  const pairs = new Map((await listPairs(store, host.id)).map((pair) => [pair.id, pair]));
  const ids = [...pairs.keys()];
  const points = await listPoints(store, { pairs: ids, width, fromNs, toNs, limit: MOST_POINTS });
  const known = points.flatMap((point) => {
    const pair = pairs.get(point.pair);
    return pair === undefined ? [] : [{ pair, point }];
  });
  const series = group(known, ({ pair }) => `${pair.clock} ${pair.reference}`);
  const events = await listEvents(store, { host: host.id, fromNs, toNs, limit: MOST_EVENTS });
  const calibrations = await listCalibrations(store, host.id, CALIBRATIONS);
  return {
    host: rowOf(host, nowMs),
    from: isoOf(fromNs),
    to: isoOf(toNs),
    width,
    pairs: Array.from(series.values(), (own) => {
      const { clock, reference, independent } = (own.at(-1) as (typeof own)[number]).pair;
      return { clock, reference, independent, ...pairColumns(own.map(({ point }) => point)) };
    }),
    calibrations: calibrations.map(({ atNs, tscHz, standardErrorRatio, kernelHz, trueRate }) => ({
      at: isoOf(BigInt(atNs)),
      tscHz,
      standardErrorRatio,
      kernelHz,
      trueHz: trueRate?.hz ?? null,
      trueErrorRatio: trueRate?.errorRatio ?? null,
    })),
    events: [...events.rows],
    eventsTotal: events.total,
    documents: await listKvmRuns(store, host.id, DOCUMENTS),
  };
}

/** What there is to know at a glance: health first, then who stands out. */
export async function overviewView(store: FleetStore, nowMs: number): Promise<FleetOverview> {
  const conclusions = await lastConclusions(store);
  const worst = (await outliersView(store, nowMs, { where: [], limit: WORST, offset: 0 })).hosts;
  const moves = conclusions?.moves ?? [];
  const moved = new Set(moves.flatMap(({ host }) => (host === null ? [] : [host])));
  const named = new Map((await hostsById(store, [...moved])).map((host) => [host.id, host]));
  return {
    concludedAt: conclusions === null ? null : isoMs(conclusions.atMs),
    ...(await countHosts(store, { silentSinceMs: nowMs - SILENT_MS, clockErrorMs: CLOCK_ERROR_MS })),
    judged: conclusions?.judged ?? { discipline: 0, claim: 0 },
    outliers: conclusions?.outliers ?? 0,
    worst: worst.filter(({ standing }) => standing?.outlier === true),
    moves: moves.map(({ host: id, site, atNs, change, limit }) => {
      const host = named.get(id ?? -1);
      return {
        at: isoOf(BigInt(atNs)),
        host: id,
        name: host === undefined ? null : nameOf(host),
        hostname: host?.hostname ?? null,
        site,
        change,
        limit,
      };
    }),
    kernels: [...(conclusions?.kernels ?? [])],
  };
}

import { usageError } from '../errors.ts';
import { nameOf } from '../report/kinds/fleet.ts';
import type {
  FleetEventLine,
  FleetEventsResult,
  FleetHostResult,
  FleetHostRow,
  FleetHostsResult,
  FleetKernelsResult,
  FleetOverview,
} from '../schema/fleet.ts';
import { isoOf, rateOf } from '../store/buckets.ts';
import { groups } from './findings/peers.ts';
import type { Conclusion, Conclusions } from './judge/conclude.ts';
import type {
  FleetEventRow,
  FleetHost,
  FleetPoint,
  FleetStore,
  HostOrder,
  Where,
  Width,
} from './store/fleet-store.ts';

/** A host that has sent nothing for this many ms is silent: agents send every minute. */
export const SILENT_MS = 10 * 60_000;
/** Two clocks further apart than this are a fault of one of them, ms: a message takes less. */
export const CLOCK_ERROR_MS = 60_000;
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
export interface PageQuery {
  readonly where?: readonly Where[] | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** ms since the epoch as ISO text; what no calendar holds as its nearest end. */
const isoMs = (ms: number): string => new Date(Math.min(8.64e15, Math.max(-8.64e15, ms))).toISOString();

function rowOf(host: FleetHost, nowMs: number): FleetHostRow {
  const { facts, standing } = host;
  const detail = standing === null ? null : (JSON.parse(standing.detail) as Conclusion);
  return {
    id: host.id,
    host: host.host,
    twin: host.twin,
    hostname: host.hostname,
    version: host.version,
    labels: { ...host.labels },
    cpu: facts?.cpu ?? null,
    kernel: facts?.kernel ?? null,
    clocksource: facts?.clocksource ?? null,
    discipline: facts?.discipline ?? null,
    firstSeenAt: isoMs(host.firstSeenMs),
    lastSeenAt: isoMs(host.lastSeenMs),
    silent: host.lastSeenMs < nowMs - SILENT_MS,
    clockErrorMs: host.clockErrorMs,
    lost: host.lost,
    standing:
      detail === null
        ? null
        : {
            against: detail.against,
            peers: detail.peers,
            size: detail.size,
            value: detail.value,
            middle: detail.middle,
            spread: detail.spread,
            standardError: detail.standardError,
            score: standing?.score ?? null,
            outlier: detail.outlier,
            since: detail.sinceNs === null ? null : isoOf(BigInt(detail.sinceNs)),
          },
  };
}

const lineOf = (event: FleetEventRow): FleetEventLine => ({
  at: isoOf(event.atNs),
  seenAt: isoMs(event.seenAtMs),
  host: event.host,
  name: nameOf({ host: event.hostWord, twin: event.twin }),
  hostname: event.hostname,
  kind: event.kind,
  clock: event.clock,
  detail: event.detail,
});

/** The hosts of a fleet, a page of them. */
export async function hostsView(
  store: FleetStore,
  nowMs: number,
  query: PageQuery & {
    readonly order?: HostOrder;
    readonly descending?: boolean;
    readonly silent?: boolean;
    readonly twins?: boolean;
    readonly judged?: boolean;
  },
): Promise<FleetHostsResult> {
  const { silent = false, where, offset, ...rest } = query;
  const silence = silent ? { silentSinceMs: nowMs - SILENT_MS } : {};
  const { rows, total } = await store.hosts({ ...rest, ...silence, where, offset });
  return { where: [...(where ?? [])], total, offset, hosts: rows.map((host) => rowOf(host, nowMs)) };
}

/** Hosts that were judged, by how far they stand out among their peers, the furthest first. */
export const outliersView = (store: FleetStore, nowMs: number, query: PageQuery): Promise<FleetHostsResult> =>
  hostsView(store, nowMs, { ...query, order: 'score', descending: true, judged: true });

/** What happened in a stretch of time, the newest first. */
export async function eventsView(
  store: FleetStore,
  query: PageQuery & { readonly kinds?: readonly string[]; readonly fromNs: bigint; readonly toNs: bigint },
): Promise<FleetEventsResult> {
  const { rows, total } = await store.events(query);
  const { where, offset, fromNs, toNs } = query;
  return {
    where: [...(where ?? [])],
    total,
    offset,
    from: isoOf(fromNs),
    to: isoOf(toNs),
    events: rows.map(lineOf),
  };
}

/** What was last concluded of the whole fleet; null before the first time. */
export async function lastConclusions(store: FleetStore): Promise<Conclusions | null> {
  const text = await store.conclusions();
  return text === null ? null : (JSON.parse(text) as Conclusions);
}

/** Which kernels would catch up. */
export async function kernelsView(store: FleetStore): Promise<FleetKernelsResult> {
  return { kernels: [...((await lastConclusions(store))?.kernels ?? [])] };
}

/** The one host that a name means. @throws TscopeError USAGE where it means none or several. */
export async function hostNamed(store: FleetStore, name: string): Promise<FleetHost> {
  const found = await store.findHosts(name);
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
    offsetNs: points.map(({ meanNs }) => meanNs - (first?.meanNs ?? 0)),
    rateRatio: points.map(rateOf),
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
  const width: Width = toNs - fromNs > MINUTES_NS ? 'hour' : 'minute';
  const pairs = new Map((await store.pairs(host.id)).map((pair) => [pair.id, pair]));
  const points = await store.points({ host: host.id, width, fromNs, toNs, limit: MOST_POINTS });
  const known = points.flatMap((point) => {
    const pair = pairs.get(point.series);
    return pair === undefined ? [] : [{ pair, point }];
  });
  const series = groups(known, ({ pair }) => `${pair.clock} ${pair.reference}`);
  const events = await store.events({ host: host.id, fromNs, toNs, limit: MOST_EVENTS });
  const calibrations = await store.calibrations(host.id, CALIBRATIONS);
  const documents = await store.documents({ kind: 'kvm', host: host.id, limit: DOCUMENTS });
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
    events: events.rows.map(lineOf),
    eventsTotal: events.total,
    documents: documents.rows.map(({ id, kind, startedAtNs, kernel, summary }) => ({
      id,
      kind,
      at: isoOf(startedAtNs),
      kernel,
      summary: JSON.parse(summary) as unknown,
    })),
  };
}

/** What there is to know at a glance: health first, then who stands out. */
export async function overviewView(store: FleetStore, nowMs: number): Promise<FleetOverview> {
  const conclusions = await lastConclusions(store);
  const worst = (await outliersView(store, nowMs, { where: [], limit: WORST, offset: 0 })).hosts;
  const moves = conclusions?.moves ?? [];
  const moved = new Set(moves.flatMap(({ host }) => (host === null ? [] : [host])));
  const named = new Map((await store.hostsById([...moved])).map((host) => [host.id, host]));
  return {
    concludedAt: conclusions === null ? null : isoMs(conclusions.atMs),
    ...(await store.countHosts({ silentSinceMs: nowMs - SILENT_MS, clockErrorMs: CLOCK_ERROR_MS })),
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

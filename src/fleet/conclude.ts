import { lockupStopNs } from '../lapic/catch-up.ts';
import { lapicDefaults } from '../lapic/config.ts';
import { vcpuDefaults } from '../lapic/vcpu.ts';
import { median } from '../statistics.ts';
import { type KernelFinding, type KernelRow, kernels } from './findings/kernels.ts';
import { type HourlyRates, type Move, moves, offSince } from './findings/moves.ts';
import { type Standing as Among, type PeerFigure, standings } from './findings/outliers.ts';
import { groups, peersOf } from './findings/peers.ts';
import { robustDeviation } from './findings/robust.ts';
import type { FleetHost, FleetRate, FleetStore } from './store/fleet-store.ts';

const HOUR_NS = 3_600_000_000_000n;
/** Changes are looked for in a week, and a host's rate is that of its last day. */
const WEEK_HOURS = 168;
const DAY_HOURS = 24;
/** Hosts that are read at once. */
const PAGE = 1000;

/** What a host's rate is held against. */
export type Against = 'discipline' | 'claim';

/** Why a host leads the list of outliers. */
export interface Conclusion {
  readonly against: Against;
  readonly peers: string;
  readonly size: number;
  /** Ratios: the host's, the middle of its peers', their spread and the host's own standard error. */
  readonly value: number;
  readonly middle: number;
  readonly spread: number;
  readonly standardError: number;
  readonly outlier: boolean;
  /** When it left its peers, ns; null where it is among them or has always been off. */
  readonly sinceNs: string | null;
}

/** A move with its time and its size. */
export interface DatedMove extends Omit<Move, 'hour' | 'host'> {
  readonly host: number | null;
  readonly atNs: string;
}

/** What the whole fleet's figures come to. */
export interface Conclusions {
  readonly atMs: number;
  readonly hosts: number;
  /** Hosts that were held against disciplined time, and against claims. */
  readonly judged: Readonly<Record<Against, number>>;
  readonly outliers: number;
  readonly moves: readonly DatedMove[];
  readonly kernels: readonly KernelRow[];
}

/** Reads all pages of a list. */
async function everything<T>(read: (offset: number) => Promise<readonly T[]>): Promise<T[]> {
  const found: T[] = [];
  for (;;) {
    const page = await read(found.length);
    found.push(...page);
    if (page.length < PAGE) return found;
  }
}

const rateOf = ({ firstAtNs, lastAtNs, firstNs, lastNs }: FleetRate): number =>
  lastAtNs > firstAtNs ? (lastNs - firstNs) / Number(lastAtNs - firstAtNs) : Number.NaN;

/**
 * The raw clock's rate against disciplined time, hour by hour: CLOCK_MONOTONIC runs at the disciplined rate and is never
 * set, so that no step spoils an hour.
 */
async function hourlyRates(
  store: FleetStore,
  fromNs: bigint,
  toNs: bigint,
): Promise<Map<number, Float64Array>> {
  const found = new Map<number, Float64Array>();
  const counts = new Map<number, Uint32Array>();
  for (let afterHost = 0; ; ) {
    const rows = await store.rates({
      width: 'hour',
      fromNs,
      toNs,
      clock: 'monotonic',
      reference: 'monotonic_raw',
      afterHost,
      hosts: PAGE,
    });
    const last = rows.at(-1);
    if (last === undefined) return found;
    afterHost = last.host;
    for (const row of rows) {
      if (row.independent !== true) continue;
      const hour = Number((row.atNs - fromNs) / HOUR_NS);
      const rates = found.get(row.host) ?? new Float64Array(WEEK_HOURS).fill(Number.NaN);
      const count = counts.get(row.host) ?? new Uint32Array(WEEK_HOURS);
      found.set(row.host, rates);
      counts.set(row.host, count);
      // An hour in which a run ended and another began has two: the longer one.
      if (row.count <= (count[hour] ?? 0)) continue;
      rates[hour] = -rateOf(row);
      count[hour] = row.count;
    }
  }
}

const present = (rates: Float64Array): number[] => [...rates].filter((rate) => !Number.isNaN(rate));

/** The rate of the last day that has one, and its standard error; null where no hour has. */
function recentRate(rates: Float64Array): { value: number; standardError: number } | null {
  const recent = present(rates).slice(-DAY_HOURS);
  if (recent.length === 0) return null;
  const value = median(recent);
  const deviation = recent.length < 2 ? 0 : robustDeviation(recent.map((rate) => rate - value));
  return { value, standardError: deviation / Math.sqrt(recent.length) };
}

/** What the kernel takes the TSC for, against what the hardware or the hypervisor says it is. */
async function claimedRates(store: FleetStore): Promise<Map<number, { hz: number; ratio: number | null }>> {
  const found = new Map<number, { hz: number; ratio: number | null }>();
  for (let afterHost = 0; ; ) {
    const page = await store.latestCalibrations(afterHost, PAGE);
    const last = page.at(-1);
    if (last === undefined) return found;
    afterHost = last.host;
    for (const { host, kernelHz, tscHz, claims } of page) {
      const claim = claims.find(({ hz }) => hz !== null)?.hz ?? null;
      const hz = kernelHz ?? tscHz;
      found.set(host, { hz, ratio: claim === null ? null : hz / claim - 1 });
    }
  }
}

/** What a kvm document's summary says, as far as conclusions need it. */
interface KvmSummary {
  readonly path?: string;
  readonly fix?: KernelFinding['fix'];
  readonly trace?: { readonly callbackNs?: { readonly p50: number } | null } | null;
  readonly burstEstimate?: { readonly callbacks: number; readonly burstNs: number };
}

/** The shortest period that KVM grants unless it is told otherwise, ns: the one that locks a host up soonest. */
export const LOCKUP_PERIOD_NS = lapicDefaults.minTimerPeriodUs * 1e3;

/** What a callback costs: as the kernel's trace measured it on that host, or else as the run estimated it. */
function callbackNsOf({ trace, burstEstimate }: KvmSummary): number | null {
  const measured = trace?.callbackNs?.p50 ?? null;
  if (measured !== null) return measured;
  return burstEstimate === undefined || burstEstimate.callbacks === 0
    ? null
    : burstEstimate.burstNs / burstEstimate.callbacks;
}

async function kernelFindings(store: FleetStore): Promise<KernelFinding[]> {
  const documents = await everything(
    async (offset) => (await store.documents({ kind: 'kvm', latest: true, limit: PAGE, offset })).rows,
  );
  return documents.map(({ host, kernel, summary }): KernelFinding => {
    const said = JSON.parse(summary) as KvmSummary;
    const { path = 'unknown', fix = 'untested' } = said;
    const callbackNs = callbackNsOf(said);
    const lockupNs =
      callbackNs === null
        ? null
        : lockupStopNs(Number(vcpuDefaults.watchdogNs), LOCKUP_PERIOD_NS, callbackNs);
    return { host: String(host), kernel: kernel ?? 'unknown', path, fix, lockupNs };
  });
}

/** For each group of peers, what the middle of them did hour by hour. */
function middles(members: readonly Float64Array[]): Float64Array {
  return Float64Array.from({ length: WEEK_HOURS }, (_, hour) =>
    median(members.map((rates) => rates[hour] as number).filter((rate) => !Number.isNaN(rate))),
  );
}

/**
 * Draws every conclusion that takes the whole fleet, and keeps each host's standing beside it.
 *
 * @param site the label whose values name the places that hosts take their time from.
 */
export async function conclude(store: FleetStore, nowMs: number, site = 'site'): Promise<Conclusions> {
  const toNs = ((BigInt(nowMs) * 1_000_000n) / HOUR_NS) * HOUR_NS;
  const fromNs = toNs - BigInt(WEEK_HOURS) * HOUR_NS;
  const hosts = await everything(async (offset) => (await store.hosts({ limit: PAGE, offset })).rows);
  const [rates, claims] = [await hourlyRates(store, fromNs, toNs), await claimedRates(store)];
  const peers = new Map(
    hosts.map(({ id, facts, labels }) => [
      id,
      peersOf({
        key: String(id),
        cpuModel: facts?.cpu ?? null,
        nominalHz: claims.get(id)?.hz ?? null,
        labels,
      }),
    ]),
  );

  const figures: Record<Against, PeerFigure[]> = { discipline: [], claim: [] };
  for (const { id } of hosts) {
    const [host, group] = [String(id), peers.get(id) as string];
    const recent = recentRate(rates.get(id) ?? new Float64Array());
    if (recent !== null) figures.discipline.push({ host, peers: group, ...recent });
    const ratio = claims.get(id)?.ratio ?? null;
    if (ratio !== null) figures.claim.push({ host, peers: group, value: ratio, standardError: 0 });
  }

  const byPeers = new Map(
    [...groups([...rates], ([id]) => peers.get(id) ?? '')].map(([group, members]) => [
      group,
      middles(members.map(([, of]) => of)),
    ]),
  );
  const since = ({ host, peers: group, value, middle, outlier }: Among): string | null => {
    const own = rates.get(Number(host));
    if (!outlier || own === undefined) return null;
    const hour = offSince(own, byPeers.get(group) as Float64Array, Math.abs(value - middle) / 2);
    return hour === null || present(own.subarray(0, hour)).length === 0
      ? null
      : String(fromNs + BigInt(hour) * HOUR_NS);
  };
  const best = new Map<string, { score: number | null; detail: Conclusion }>();
  for (const against of ['discipline', 'claim'] as const) {
    for (const one of standings(figures[against])) {
      const { host, score, peers: group, size, value, middle, spread, standardError, outlier } = one;
      if ((best.get(host)?.score ?? -1) >= (score ?? -1) && best.has(host)) continue;
      const sinceNs = against === 'discipline' ? since(one) : null;
      best.set(host, {
        score,
        detail: { against, peers: group, size, value, middle, spread, standardError, outlier, sinceNs },
      });
    }
  }
  await store.putStandings(
    [...best].map(([host, { score, detail }]) => ({
      host: Number(host),
      score,
      detail: JSON.stringify(detail),
    })),
  );

  const sites = new Map(hosts.map(({ id, labels }: FleetHost) => [id, labels[site] ?? '']));
  const hourly = [...rates].map(
    ([id, of]): HourlyRates => ({ host: String(id), site: sites.get(id) ?? '', rates: of }),
  );
  return {
    atMs: nowMs,
    hosts: hosts.length,
    judged: { discipline: figures.discipline.length, claim: figures.claim.length },
    outliers: [...best.values()].filter(({ detail }) => detail.outlier).length,
    moves: moves(hourly).map(({ host, hour, ...move }) => ({
      ...move,
      host: host === null ? null : Number(host),
      atNs: String(fromNs + BigInt(hour) * HOUR_NS),
    })),
    kernels: kernels(await kernelFindings(store)),
  };
}

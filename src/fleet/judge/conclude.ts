import type { FleetHostRow } from '../../schema/fleet.ts';
import { median } from '../../statistics.ts';
import { type KernelFinding, type KernelRow, kernels } from '../findings/kernels.ts';
import { type HourlyRates, type Move, moves, offSince } from '../findings/moves.ts';
import { type Standing as Among, type PeerFigure, standings } from '../findings/outliers.ts';
import { peersOf } from '../findings/peers.ts';
import { robustDeviation } from '../findings/robust.ts';
import { putStandings } from '../store/conclusions.ts';
import type { FleetStore } from '../store/fleet-store.ts';
import { listProfiles, WEEK_HOURS } from '../store/profiles.ts';
import { type ClaimedRate, PAGE, ratesTo, renewProfiles } from './profiles.ts';

const HOUR_MS = 3_600_000;
/** Changes are looked for in a week, and a host's rate is that of its last day. */
const DAY_HOURS = 24;

type Standing = NonNullable<FleetHostRow['standing']>;
type Against = Standing['against'];

/** Why a host leads the list of outliers. */
export interface KeptStanding extends Omit<Standing, 'score' | 'since'> {
  /** When it left its peers, ns; null where it is among them or has always been off. */
  readonly sinceNs: string | null;
}

/** A move with its time and its size. */
export interface DatedMove extends Omit<Move, 'hour'> {
  readonly atNs: string;
}

/** What the whole fleet's figures come to. */
export interface Conclusions {
  readonly atMs: number;
  /** How long it took to draw them. */
  readonly tookMs: number;
  readonly hosts: number;
  /** Hosts that were held against disciplined time, and against claims. */
  readonly judged: Readonly<Record<Against, number>>;
  readonly outliers: number;
  readonly moves: readonly DatedMove[];
  readonly kernels: readonly KernelRow[];
}

/** Who is held against whom. */
export interface Grouping {
  /** The label whose values name the places that hosts take their time from. */
  readonly site: string;
  /** Labels that peers share, besides the CPU model and the nominal rate. */
  readonly peers: readonly string[];
}
const DEFAULT_GROUPING: Grouping = { site: 'site', peers: [] };

/** A host as it is judged. */
interface Judged extends HourlyRates {
  readonly peers: string;
  readonly claimRatio: number | null;
}

/** All hosts that were heard from within the week that is judged: 1.5 kB each is what a judgement takes of memory. */
async function judgedHosts(
  store: FleetStore,
  lastHour: number,
  { site, peers }: Grouping,
): Promise<{ hosts: Judged[]; findings: KernelFinding[] }> {
  const hosts: Judged[] = [];
  const findings: KernelFinding[] = [];
  // One text for all hosts of a group.
  const texts = new Map<string, string>();
  const once = (text: string): string => {
    const known = texts.get(text) ?? text;
    texts.set(known, known);
    return known;
  };
  for (let after = 0; ; ) {
    const page = await listProfiles(store, after, PAGE);
    const last = page.at(-1);
    if (last === undefined) return { hosts, findings };
    after = last.host;
    for (const profile of page) {
      if (profile.lastSeenMs < (lastHour + 1 - WEEK_HOURS) * HOUR_MS) continue;
      const claim = profile.claim === null ? null : (JSON.parse(profile.claim) as ClaimedRate);
      if (profile.kvm !== null) findings.push(JSON.parse(profile.kvm) as KernelFinding);
      const { host, cpu: cpuModel, labels } = profile;
      hosts.push({
        host,
        site: once(labels[site] ?? ''),
        peers: once(peersOf({ cpuModel, nominalHz: claim?.hz ?? null, labels }, peers)),
        claimRatio: claim?.ratio ?? null,
        rates: ratesTo(profile, lastHour),
      });
    }
  }
}

const present = (rates: Float32Array): Float32Array => rates.filter((rate) => !Number.isNaN(rate));

/** The rate of the last day that has one, and its standard error; null where no hour has. */
function recentRate(rates: Float32Array): { value: number; standardError: number } | null {
  const recent = present(rates).slice(-DAY_HOURS);
  if (recent.length === 0) return null;
  const value = median(recent);
  const deviation = recent.length < 2 ? 0 : robustDeviation(Array.from(recent, (rate) => rate - value));
  return { value, standardError: deviation / Math.sqrt(recent.length) };
}

/** What the middle of hosts did hour by hour. */
const middles = (members: readonly Judged[]): Float32Array =>
  Float32Array.from({ length: WEEK_HOURS }, (_, hour) =>
    median(present(Float32Array.from(members, ({ rates }) => rates[hour] as number))),
  );

/** Since when outliers are off. @returns ns; null where that is not known, or the host was never among its peers. */
function sinceOf(hosts: readonly Judged[], firstHour: number): (standing: Among) => string | null {
  const byHost = new Map(hosts.map((one) => [one.host, one]));
  const known = new Map<string, Float32Array>();
  const middleOf = (peers: string): Float32Array => {
    const found = known.get(peers) ?? middles(hosts.filter((one) => one.peers === peers));
    known.set(peers, found);
    return found;
  };
  return ({ host, peers, value, middle, outlier }) => {
    const own = byHost.get(host)?.rates;
    if (!outlier || own === undefined) return null;
    const hour = offSince(own, middleOf(peers), Math.abs(value - middle) / 2);
    return hour === null || present(own.subarray(0, hour)).length === 0 ? null : nsOf(firstHour + hour);
  };
}

const nsOf = (hour: number): string => String(BigInt(hour) * BigInt(HOUR_MS) * 1_000_000n);

/** Draws every conclusion that takes the whole fleet, and keeps each host's standing beside it. */
export async function conclude(
  store: FleetStore,
  nowMs: number,
  grouping: Grouping = DEFAULT_GROUPING,
): Promise<Conclusions> {
  const begun = performance.now();
  const hour = Math.floor(nowMs / HOUR_MS);
  await renewProfiles(store, hour);
  // The hour that is not over yet is left out.
  const { hosts, findings } = await judgedHosts(store, hour - 1, grouping);
  const firstHour = hour - WEEK_HOURS;

  const figures: Record<Against, PeerFigure[]> = { discipline: [], claim: [] };
  for (const { host, peers, rates, claimRatio } of hosts) {
    const recent = recentRate(rates);
    if (recent !== null) figures.discipline.push({ host, peers, ...recent });
    if (claimRatio !== null) figures.claim.push({ host, peers, value: claimRatio, standardError: 0 });
  }
  const since = sinceOf(hosts, firstHour);
  const best = new Map<number, Among & { readonly against: Against }>();
  for (const against of ['discipline', 'claim'] as const) {
    for (const one of standings(figures[against])) {
      const known = best.get(one.host);
      if (known === undefined || (one.score ?? -1) > (known.score ?? -1))
        best.set(one.host, { ...one, against });
    }
  }
  const all = [...best.values()];
  await putStandings(
    store,
    all.map((one) => {
      const { host, score, ...rest } = one;
      const sinceNs = one.against === 'discipline' ? since(one) : null;
      return { host, score, detail: JSON.stringify({ ...rest, sinceNs } satisfies KeptStanding) };
    }),
  );
  return {
    atMs: nowMs,
    hosts: hosts.length,
    judged: { discipline: figures.discipline.length, claim: figures.claim.length },
    outliers: all.filter(({ outlier }) => outlier).length,
    moves: moves(hosts).map(({ hour, ...move }) => ({ ...move, atNs: nsOf(firstHour + hour) })),
    kernels: kernels(findings),
    tookMs: performance.now() - begun,
  };
}

import type { FleetOverview } from '../../schema/fleet.ts';
import type { FleetBatch, FleetCalibration, FleetFacts } from '../../schema/fleet-batch.ts';
import type { Summary } from '../../store/buckets.ts';
import type { Sample } from '../../store/samples.ts';
import type { NewSeries } from '../../store/series.ts';

/** A message as the hub delivered it, read and found good. */
export interface Received {
  readonly batch: FleetBatch;
  /** Its number in the stream. */
  readonly sequence: number;
  /** When the hub took it, ms since the epoch by the hub's clock. */
  readonly receivedAtMs: number;
}

/** What a collector hands over at once: all of it is stored, or none. */
export interface Delivery {
  /** The stream's name and when it was made: sequences count anew in a new one. */
  readonly stream: string;
  readonly received: readonly Received[];
  /** Sequences of messages that were put aside, because they could not be read. */
  readonly refused: readonly number[];
}

/** How many of the stream's messages are dealt with: each is counted once, however often it was delivered. */
export interface Settled {
  readonly stored: number;
  readonly refused: number;
}

/** Which roll-ups. */
export type Width = 'minute' | 'hour';

/** A condition on hosts: a field or a label, and a pattern in which `*` stands for anything. Case does not matter. */
export interface Where {
  readonly field: string;
  readonly pattern: string;
}

/** Fields that `Where` may name besides labels. */
export const HOST_FIELDS = [
  'host',
  'hostname',
  'version',
  'cpu',
  'kernel',
  'clocksource',
  'virtualization',
  'discipline',
] as const;
export type HostField = (typeof HOST_FIELDS)[number];

export const HOST_ORDERS = ['host', 'hostname', 'kernel', 'last-seen', 'clock-error', 'score'] as const;
export type HostOrder = (typeof HOST_ORDERS)[number];

export interface HostQuery {
  readonly where?: readonly Where[] | undefined;
  readonly order?: HostOrder;
  readonly descending?: boolean;
  /** Heard of last before this, ms by the hub's clock. */
  readonly silentSinceMs?: number;
  /** Only where several hosts go by one name. */
  readonly twins?: boolean;
  /** Only those that stand somewhere among their peers. */
  readonly judged?: boolean;
  readonly limit: number;
  readonly offset?: number;
}

/** From where on something is wrong. */
export interface HostLimits {
  /** Heard of last before this, ms by the hub's clock. */
  readonly silentSinceMs: number;
  /** Their clock was off by more than this when they sent last, ms. */
  readonly clockErrorMs: number;
}

/** How many hosts there are, and how many with something wrong. */
export type HostCounts = Pick<FleetOverview, 'hosts' | 'silent' | 'twins' | 'clockErrors'>;

/** What was concluded about a host, kept beside it so that hosts can be sorted by it. */
export interface Standing {
  /** The number of `FleetHost`. */
  readonly host: number;
  /** How far it stands out among its peers; null where that cannot be said. */
  readonly score: number | null;
  /** JSON of the conclusion. */
  readonly detail: string;
}

/** A host as the fleet knows it. */
export interface FleetHost {
  /** The number that the other functions take. */
  readonly id: number;
  /** The word that it publishes as. */
  readonly host: string;
  /** 1, or the number among those that publish under the same word at the same time. */
  readonly twin: number;
  readonly hostname: string;
  readonly machine: string;
  readonly boot: string;
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly facts: FleetFacts | null;
  /** When it was heard from first and last, ms by the hub's clock. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Its wall clock less the hub's when it sent last, ms; what the way took is in it. */
  readonly clockErrorMs: number;
  /** Rows that its own retention took before they could be sent. */
  readonly lost: FleetBatch['lost'];
  readonly standing: Omit<Standing, 'host'> | null;
}

/** A part of a list, and how many there are in all. */
export interface Page<T> {
  readonly rows: readonly T[];
  readonly total: number;
}

/** A pair of clocks that a host compared within one run. */
export interface FleetPair extends NewSeries {
  readonly id: number;
  readonly run: string;
  readonly boot: string | null;
  readonly firstAtNs: bigint | null;
  readonly lastAtNs: bigint | null;
}

/** One minute or hour of a pair. */
export interface FleetPoint extends Summary {
  readonly series: number;
  readonly atNs: bigint;
}

/** A single sample, where the host's agent sends those. */
export interface FleetSample extends Sample {
  readonly series: number;
}

export interface SampleQuery {
  /** The number of `FleetPair`. */
  readonly series: number;
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly limit: number;
}

export interface PointQuery {
  readonly host: number;
  readonly width: Width;
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly clock?: string;
  readonly reference?: string;
  readonly limit: number;
}

/** Hours of which a profile holds the rates. */
export const WEEK_HOURS = 168;

/** What judging needs of a host, kept so that no history is read twice. */
export interface Profile {
  /** The number of `FleetHost`. */
  readonly host: number;
  /** The last hour of `rates`, counted from the epoch. */
  readonly hour: number;
  /** The raw clock's rate against disciplined time in each of the WEEK_HOURS up to that hour; NaN where there is none. */
  readonly rates: Float32Array;
  /** JSON of what its newest calibration, and its newest run of `tscope kvm`, come to; null where it sent none. */
  readonly claim: string | null;
  readonly kvm: string | null;
}

/** A profile with what hosts are sorted into groups by. */
export interface HostProfile extends Profile {
  /** When it was heard from last, ms by the hub's clock. */
  readonly lastSeenMs: number;
  readonly cpu: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** A profile, and the state that it was read in: anything that comes makes it another. */
export interface StampedProfile extends Profile {
  readonly stamp: number;
}

/** A profile, and what came since it was made. */
export interface StaleProfile extends StampedProfile {
  /** The first hour that its rates do not hold as it is known now. */
  readonly fresh: number;
  /** Rates from `fresh` on, the hour with each; of an hour that was measured twice the one with more samples comes last. */
  readonly hours: ReadonlyArray<readonly [hour: number, rate: number]>;
  readonly calibration: FleetCalibration | null;
  /** The newest document of `tscope kvm`. */
  readonly document: { readonly kernel: string | null; readonly summary: string } | null;
}

/** Whose something is. */
interface OfHost {
  readonly host: number;
  readonly hostWord: string;
  readonly twin: number;
  readonly hostname: string;
}

/**
 * What an agent said that happened, or what two boots of a host, or its facts, show: a reboot, another kernel, another
 * clocksource, another calibration of the kernel's, a TSC that the kernel no longer trusts.
 */
export interface FleetEventRow extends OfHost {
  /** Negative where no agent said it. */
  readonly id: number;
  readonly atNs: bigint;
  /** When the fleet store learnt of it, ms by the hub's clock: an event's own time is its host's. */
  readonly seenAtMs: number;
  readonly kind: string;
  readonly detail: string;
  readonly clock: string | null;
  readonly reference: string | null;
}

export interface EventQuery {
  readonly host?: number;
  readonly kinds?: readonly string[];
  readonly where?: readonly Where[] | undefined;
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly limit: number;
  readonly offset?: number;
}

export interface DocumentQuery {
  /** As in the document's `schema`: `kvm` for tscope/kvm/1. */
  readonly kind: string;
  readonly host?: number;
  readonly limit: number;
  readonly offset?: number;
}

/** What is known of a document without reading all of it. */
export interface DocumentRow extends OfHost {
  readonly id: number;
  readonly kind: string;
  readonly run: string;
  readonly startedAtNs: bigint;
  readonly kernel: string | null;
  /** JSON of the main members of its result; see document-summary.ts. */
  readonly summary: string;
}

/** How long what is kept, days. Null is forever. */
export interface FleetRetention {
  readonly samplesDays: number | null;
  readonly minutesDays: number | null;
  readonly hoursDays: number | null;
}

/** What a pass of upkeep did. */
export interface Upkeep {
  /** Words under which several hosts were found to publish at the same time, since the last pass. */
  readonly twins: readonly { readonly host: string; readonly hostnames: readonly string[] }[];
  /** Rows or partitions that were dropped because of their age. */
  readonly dropped: number;
}

/**
 * What a fleet keeps. Both implementations pass one suite of tests (test/fleet/store.test.ts).
 *
 * Everything throws TscopeError: STORE_BUSY, STORE_FULL, STORE_READ_ONLY and STORE_FAILED pass with time or with an
 * operator's help; STORE_REFUSED does not.
 */
export interface FleetStore {
  /** The file, or the database without its password, for messages. */
  readonly place: string;
  /** Stores a delivery in one transaction. A repeat of any part of it changes nothing. */
  write(delivery: Delivery): Promise<void>;
  settled(stream: string): Promise<Settled>;
  /**
   * Profiles of hosts of which something came since, or that are of later hours, by host number, with what came.
   *
   * @param hour the present one: later ones are not read.
   */
  staleProfiles(hour: number, afterHost: number, limit: number): Promise<readonly StaleProfile[]>;
  /** Keeps profiles unless something came for them since they were read; they are then stale still. */
  putProfiles(profiles: readonly StampedProfile[]): Promise<void>;
  /** By host number. */
  profiles(afterHost: number, limit: number): Promise<readonly HostProfile[]>;
  /** Separates hosts of one name, drops what is too old, and gets ready for what comes. */
  upkeep(retention: FleetRetention, nowMs: number): Promise<Upkeep>;
  /** Keeps where hosts stand, in place of all that was kept before. */
  putStandings(standings: readonly Standing[]): Promise<void>;
  /** Keeps what was concluded about the whole fleet, JSON, in place of what was kept before. */
  putConclusions(json: string): Promise<void>;
  conclusions(): Promise<string | null>;

  hosts(query: HostQuery): Promise<Page<FleetHost>>;
  countHosts(limits: HostLimits): Promise<HostCounts>;
  /** The hosts that a word, a host name or the beginning of one means. */
  findHosts(name: string): Promise<readonly FleetHost[]>;
  hostsById(ids: readonly number[]): Promise<readonly FleetHost[]>;
  pairs(host: number): Promise<readonly FleetPair[]>;
  /** Oldest first. */
  points(query: PointQuery): Promise<readonly FleetPoint[]>;
  /** Oldest first. */
  samples(query: SampleQuery): Promise<readonly FleetSample[]>;
  /** Newest first. */
  calibrations(host: number, limit: number): Promise<readonly FleetCalibration[]>;
  /** Newest first. */
  events(query: EventQuery): Promise<Page<FleetEventRow>>;
  /** Newest first. */
  documents(query: DocumentQuery): Promise<Page<DocumentRow>>;
  /** The whole document; null where there is none of that number. */
  document(id: number): Promise<string | null>;
  /** What there is of a host, for checks that nothing is missing and nothing doubled. */
  account(host: number): Promise<Account>;
  close(): Promise<void>;
}

/** What there is of a host. */
export interface Account {
  readonly samples: number;
  readonly minutes: number;
  readonly hours: number;
  /** Samples that went into the minutes. */
  readonly minuteSamples: number;
  readonly events: number;
  readonly calibrations: number;
  readonly documents: number;
}

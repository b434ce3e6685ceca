import type { FleetBatch, FleetCalibration, FleetFacts } from '../../schema/fleet-batch.ts';
import type { Summary } from '../../store/buckets.ts';

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
  readonly where?: readonly Where[];
  readonly order?: HostOrder;
  readonly descending?: boolean;
  /** Heard of last before this, ms by the hub's clock. */
  readonly silentSinceMs?: number;
  /** Their clock was off by more than this when they sent last, ms. */
  readonly clockErrorMs?: number;
  /** Only where several hosts go by one name. */
  readonly twins?: boolean;
  readonly limit: number;
  readonly offset?: number;
}

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
  /** When it was heard of first and last, ms by the hub's clock. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Its wall clock less the hub's when it sent last, ms; what the way took is in it. */
  readonly clockErrorMs: number;
  /** Rows that its own retention took before they could be sent. */
  readonly lost: FleetBatch['lost'];
  readonly standing: { readonly score: number | null; readonly detail: string } | null;
}

/** One boot of a host, as far as it sent. */
export interface FleetBoot {
  readonly boot: string;
  readonly kernel: string | null;
  readonly clocksource: string | null;
  readonly version: string;
  /** By the hub's clock, ms. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** A part of a list, and how many there are in all. */
export interface Page<T> {
  readonly rows: readonly T[];
  readonly total: number;
}

/** A pair of clocks that a host compared within one run. */
export interface FleetPair {
  readonly id: number;
  readonly run: string;
  readonly boot: string | null;
  readonly clock: string;
  readonly reference: string;
  readonly independent: boolean | null;
  readonly reason: string;
  readonly originNs: bigint;
  readonly firstAtNs: bigint | null;
  readonly lastAtNs: bigint | null;
}

/** One minute or hour of a pair. */
export interface FleetPoint extends Summary {
  readonly series: number;
  readonly atNs: bigint;
}

/** One minute or hour of a pair, with whose it is. */
export interface FleetRate extends FleetPoint {
  /** The number of `FleetHost`. */
  readonly host: number;
  readonly clock: string;
  readonly reference: string;
  readonly independent: boolean | null;
}

/** A single sample, where the host's agent sends those. */
export interface FleetSample {
  readonly series: number;
  readonly atNs: bigint;
  readonly offsetNs: number;
  readonly windowNs: number;
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

/** Roll-ups of all hosts in a stretch of time, by host, pair and time. */
export interface RateQuery {
  readonly width: Width;
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly clock: string;
  readonly reference: string;
  /** Hosts with a greater number than this: the next page begins behind the last host of the one before. */
  readonly afterHost?: number;
  /** How many hosts a page covers. */
  readonly hosts: number;
}

export interface FleetEventRow {
  readonly id: number;
  readonly host: number;
  readonly hostWord: string;
  readonly twin: number;
  readonly hostname: string;
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
  readonly where?: readonly Where[];
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly limit: number;
  readonly offset?: number;
}

export interface CalibrationRow extends FleetCalibration {
  readonly host: number;
}

export interface DocumentQuery {
  /** As in the document's `schema`: `kvm` for tscope/kvm/1. */
  readonly kind: string;
  readonly host?: number;
  readonly where?: readonly Where[];
  /** Only the newest of each host. */
  readonly latest?: boolean;
  readonly limit: number;
  readonly offset?: number;
}

/** What is known of a document without reading all of it. */
export interface DocumentRow {
  readonly id: number;
  readonly host: number;
  readonly hostWord: string;
  readonly twin: number;
  readonly hostname: string;
  readonly kind: string;
  readonly run: string;
  readonly startedAtNs: bigint;
  readonly kernel: string | null;
  /** JSON of the main members of its result; see document-summary.ts. */
  readonly summary: string;
}

/** How many hosts have a value of a field or a label. */
export interface Group {
  readonly value: string | null;
  readonly hosts: number;
}

/** How long what is kept, days. Null is for ever. */
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
  /** Separates hosts of one name, drops what is too old, and gets ready for what comes. */
  upkeep(retention: FleetRetention, nowMs: number): Promise<Upkeep>;
  putStandings(standings: readonly Standing[]): Promise<void>;
  /** Keeps what was concluded about the whole fleet, JSON, in place of what was kept before. */
  putConclusions(json: string): Promise<void>;
  conclusions(): Promise<string | null>;

  hosts(query: HostQuery): Promise<Page<FleetHost>>;
  /** The hosts that a word, a host name or the beginning of one means. */
  findHosts(name: string): Promise<readonly FleetHost[]>;
  hostsById(ids: readonly number[]): Promise<readonly FleetHost[]>;
  /** Oldest first: a new one is a reboot, and may come with another kernel. */
  boots(host: number): Promise<readonly FleetBoot[]>;
  groups(field: string, where?: readonly Where[]): Promise<readonly Group[]>;
  pairs(host: number): Promise<readonly FleetPair[]>;
  /** Oldest first. */
  points(query: PointQuery): Promise<readonly FleetPoint[]>;
  /** Oldest first. */
  samples(query: SampleQuery): Promise<readonly FleetSample[]>;
  rates(query: RateQuery): Promise<readonly FleetRate[]>;
  /** Newest first. */
  calibrations(host: number, limit: number): Promise<readonly CalibrationRow[]>;
  /** The newest of each host, by host number. */
  latestCalibrations(afterHost: number, limit: number): Promise<readonly CalibrationRow[]>;
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

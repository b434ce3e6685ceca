import { z } from 'zod';
import { hostlessDocument } from './document.ts';
import { count, rowCounts } from './measured.ts';

const iso = z.iso.datetime();
const name = z.string();
const ratio = z.number();

/** What a host's rate is held against: disciplined time, or what hardware and hypervisor claim. */
const AGAINST = ['discipline', 'claim'] as const;

/** How a host stands among its peers; see src/fleet/README.md. */
const standing = z.strictObject({
  against: z.enum(AGAINST),
  peers: name,
  /** How many hosts its peers are, itself counted. */
  size: count,
  value: ratio,
  /** Middle and spread of its peers' values. */
  middle: ratio,
  spread: ratio,
  standardError: ratio,
  /** Its distance from the middle in what explains one; null where its peers are too few. */
  score: z.number().nullable(),
  outlier: z.boolean(),
  /** When it left its peers; null where it is among them, or was never seen among them. */
  since: iso.nullable(),
});

const host = z.strictObject({
  /** Its number in the fleet store. */
  id: count,
  /** The word that it publishes under, and which of several that do so it is. */
  host: name,
  twin: count,
  hostname: name,
  version: name,
  labels: z.record(z.string(), z.string()),
  cpu: name.nullable(),
  kernel: name.nullable(),
  clocksource: name.nullable(),
  discipline: name.nullable(),
  firstSeenAt: iso,
  lastSeenAt: iso,
  silent: z.boolean(),
  /** Its wall clock less the hub's when it sent last, the time on the way included. */
  clockErrorMs: z.number(),
  /** What its own retention took before it could be sent. */
  lost: rowCounts,
  standing: standing.nullable(),
});
export type FleetHostRow = z.infer<typeof host>;

const filters = z.array(z.strictObject({ field: name, pattern: name }));
/** A part of a list: `total` rows there are, and these follow the first `offset` ones. */
const page = { where: filters, total: count, offset: count };

/** `result` of `tscope fleet hosts` and `tscope fleet outliers`. */
const fleetHostsSchema = z.strictObject({ ...page, hosts: z.array(host) });
export type FleetHostsResult = z.infer<typeof fleetHostsSchema>;

const event = z.strictObject({
  at: iso,
  /** When the fleet learnt of it. */
  seenAt: iso,
  host: count,
  /** As `tscope fleet host` takes it. */
  name,
  hostname: name,
  kind: name,
  clock: name.nullable(),
  detail: name,
});
export type FleetEventLine = z.infer<typeof event>;

/** `result` of `tscope fleet events`. */
const fleetEventsSchema = z.strictObject({ ...page, from: iso, to: iso, events: z.array(event) });
export type FleetEventsResult = z.infer<typeof fleetEventsSchema>;

const kernel = z.strictObject({
  kernel: name,
  path: name,
  hosts: count,
  clamps: count,
  catchesUp: count,
  untested: count,
  /** Of the hosts that would catch up and measured it: after how long a stop the burst locks one up. */
  lockupNs: z.strictObject({ shortest: z.number(), median: z.number() }).nullable(),
});

/** `result` of `tscope fleet kernels`. */
const fleetKernelsSchema = z.strictObject({ kernels: z.array(kernel) });
export type FleetKernelsResult = z.infer<typeof fleetKernelsSchema>;

const rates = z.strictObject({
  clock: name,
  reference: name,
  independent: z.boolean().nullable(),
  /** Columns of equal length: start of each step, how far the clock has moved since the first, and its rate. */
  at: z.array(iso),
  offsetNs: z.array(z.number()),
  rateRatio: z.array(ratio.nullable()),
});

const calibration = z.strictObject({
  at: iso,
  tscHz: z.number(),
  standardErrorRatio: ratio,
  kernelHz: z.number().nullable(),
  /** By disciplined time, where there was some. */
  trueHz: z.number().nullable(),
  trueErrorRatio: ratio.nullable(),
});

/** `result` of `tscope fleet host`. */
const fleetHostSchema = z.strictObject({
  host,
  from: iso,
  to: iso,
  width: z.enum(['minute', 'hour']),
  pairs: z.array(rates),
  calibrations: z.array(calibration),
  events: z.array(event),
  eventsTotal: count,
  documents: z.array(
    z.strictObject({ id: count, kind: name, at: iso, kernel: name.nullable(), summary: z.unknown() }),
  ),
});
export type FleetHostResult = z.infer<typeof fleetHostSchema>;

const move = z.strictObject({
  at: iso,
  /** Null: all hosts of the site moved alike, so their reference did. */
  host: count.nullable(),
  name: name.nullable(),
  hostname: name.nullable(),
  site: name,
  change: ratio,
  limit: ratio,
});

/** `result` of `tscope fleet`: what there is to know at a glance. */
const fleetOverviewSchema = z.strictObject({
  /** When the conclusions were drawn; null: not yet. */
  concludedAt: iso.nullable(),
  hosts: count,
  silent: count,
  twins: count,
  clockErrors: count,
  judged: z.strictObject({ discipline: count, claim: count }),
  outliers: count,
  worst: z.array(host),
  moves: z.array(move),
  kernels: z.array(kernel),
});
export type FleetOverview = z.infer<typeof fleetOverviewSchema>;

/** The documents of `tscope fleet`'s questions, by kind. */
export const fleetDocuments = {
  fleet: hostlessDocument('fleet', fleetOverviewSchema),
  'fleet-hosts': hostlessDocument('fleet-hosts', fleetHostsSchema),
  'fleet-outliers': hostlessDocument('fleet-outliers', fleetHostsSchema),
  'fleet-host': hostlessDocument('fleet-host', fleetHostSchema),
  'fleet-events': hostlessDocument('fleet-events', fleetEventsSchema),
  'fleet-kernels': hostlessDocument('fleet-kernels', fleetKernelsSchema),
} as const;

import { z } from 'zod';
import { clockName } from './host.ts';
import { count, errorSize, rowCounts } from './measured.ts';
import { HOST_WORD, schemaId } from './words.ts';

/** A time or a clock's reading, ns: what 64 bits with a sign can hold, as a decimal string. */
const absolute = z
  .string()
  .regex(/^-?\d{1,19}$/, { error: 'is not a count of ns in 64 bits', abort: true })
  .refine((text) => text.length < 19 || BigInt.asIntN(64, BigInt(text)) === BigInt(text), {
    error: 'is not a count of ns in 64 bits',
  });

/** Text of a host's own: a name, a version, a sentence. */
const text = (most: number) => z.string().max(most);
const name = text(256);
const ratio = z.number().nullable();

/** Labels as `--label site=ber` gives them. */
export const LABEL_KEY = /^[a-z][a-z0-9_-]{0,31}$/;
const labelsSchema = z.record(z.string().regex(LABEL_KEY), z.string().min(1).max(64));

/** Who sends. `id` is the word that its subject ends with. */
const senderSchema = z.strictObject({
  id: z.string().regex(HOST_WORD),
  hostname: name,
  /** A digest of machine-id(5), which itself is not for sending around. */
  machine: name,
  /** Random, made with the local store: two stores never share it, unless one is a copy. */
  instance: name,
  /** The kernel's boot id: two machines never share it, whatever was cloned. */
  boot: name,
  version: name,
  labels: labelsSchema,
});

/** What a host is, as far as a fleet sorts by it. A null is unknown. */
const fleetFactsSchema = z.strictObject({
  cpu: name.nullable(),
  cpus: count,
  memoryBytes: count,
  kernel: name,
  clocksource: name.nullable(),
  derivedFromTsc: z.boolean().nullable(),
  tscInvariant: z.boolean().nullable(),
  virtualization: name.nullable(),
  /** What disciplines the kernel's clock: `told`, `untold`, `failing` or `none`; see src/host/discipline.ts. */
  discipline: name.nullable(),
  /** What the kernel said against the TSC since it booted. */
  kernelRemarks: z.array(text(512)).max(20),
});
export type FleetFacts = z.infer<typeof fleetFactsSchema>;

/** A measurement of the TSC's rate, and what others say it is. */
export const fleetCalibrationSchema = z.strictObject({
  atNs: absolute,
  clock: clockName,
  tscHz: z.number(),
  tscHzLow: z.number(),
  tscHzHigh: z.number(),
  standardErrorRatio: errorSize,
  independent: z.boolean().nullable(),
  clocksource: name.nullable(),
  derivedFromTsc: z.boolean().nullable(),
  /** The rate by the kernel's own conversion; null where its clock is not made from the TSC. */
  kernelHz: z.number().nullable(),
  trueRate: z.strictObject({ hz: z.number(), errorRatio: errorSize, reference: name }).nullable(),
  claims: z.array(z.strictObject({ source: name, hz: z.number().nullable(), offsetRatio: ratio })).max(16),
});
export type FleetCalibration = z.infer<typeof fleetCalibrationSchema>;

/** ns within the roll-up: below an hour, so exact. */
const since = z.number().min(0).max(3.6e12);
/** Counts of minutes or hours from the epoch that a signed 64-bit count of ns can hold. */
const index = z.int().min(-153_722_867).max(153_722_867);
/** A sample's offset, and what is made of several, ns from the series' origin. */
const offset = z.number();

/**
 * One minute or hour: its number since the epoch, samples, least, greatest and mean offset, then the first and the last
 * sample: ns since the start of the minute or hour, offset.
 */
const rollup = z.tuple([index, z.int().min(1), offset, offset, offset, since, offset, since, offset]);

/** Single samples in columns: ns since `baseNs`, offset, window. */
const samples = z
  .strictObject({
    baseNs: absolute,
    sinceNs: z.array(z.number().min(0)),
    offsetsNs: z.array(offset),
    windowsNs: z.array(z.number().min(0)),
  })
  .refine(
    ({ sinceNs, offsetsNs, windowsNs }) =>
      [offsetsNs, windowsNs].every(({ length }) => length === sinceNs.length),
    {
      error: 'has columns of different lengths',
    },
  );

const seriesSchema = z.strictObject({
  clock: name,
  reference: name,
  /** False: both are made from one counter. Null: unknown. */
  independent: z.boolean().nullable(),
  reason: text(1024),
  /** The clock less the reference, ns, that offsets count from. */
  originNs: absolute,
  minutes: z.array(rollup).optional(),
  hours: z.array(rollup).optional(),
  /** With `--ship samples` only. */
  samples: samples.optional(),
});

const eventSchema = z.strictObject({
  atNs: absolute,
  kind: text(64),
  detail: text(4096),
  /** The clock and the reference that it is about; null is the host. */
  pair: z.tuple([name, name]).nullable(),
});

const runSchema = z.strictObject({
  key: name,
  command: name,
  startedAtNs: absolute,
  /** Null while it runs, and where it was cut off. */
  endedAtNs: absolute.nullable(),
  /** The boot in which it ran; null where that is not known. */
  boot: name.nullable(),
  series: z.array(seriesSchema).optional(),
  events: z.array(eventSchema).optional(),
  calibrations: z.array(fleetCalibrationSchema).optional(),
  /** The JSON document that the run left, compressed with gzip, in base64. */
  document: z.base64().optional(),
});

/** One message from an agent to the hub. */
export const fleetBatchSchema = z.strictObject({
  schema: z.literal(schemaId('fleet-batch')),
  host: senderSchema,
  /** The sender's wall clock, ns. */
  sentAtNs: absolute,
  /** Where they changed since they were last sent. */
  facts: fleetFactsSchema.optional(),
  runs: z.array(runSchema),
  /** Rows that the sender's retention took before they could be sent, so far. */
  lost: rowCounts,
});
export type FleetBatch = z.infer<typeof fleetBatchSchema>;
export type FleetRun = FleetBatch['runs'][number];
export type FleetSeries = z.infer<typeof seriesSchema>;
export type FleetRollup = z.infer<typeof rollup>;
export type FleetSamples = z.infer<typeof samples>;
export type FleetEvent = z.infer<typeof eventSchema>;

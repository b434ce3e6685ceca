import type {
  FleetBatch,
  FleetCalibration,
  FleetEvent,
  FleetRollup,
  FleetRun,
  FleetSamples,
  FleetSeries,
} from '../../schema/fleet-batch.ts';
import { HOUR_NS, MINUTE_NS } from '../../store/buckets.ts';
import { documentSummary } from './document-summary.ts';

export const WIDTH_NS = { minute: MINUTE_NS, hour: HOUR_NS } as const;
/** Which roll-ups. */
export type Width = keyof typeof WIDTH_NS;

/** A message as the hub delivered it, read and found good. */
export interface Received {
  readonly batch: FleetBatch;
  /** Its number in the stream. */
  readonly sequence: number;
  /** When the hub took it, ms since the epoch by the hub's clock. */
  readonly receivedAtMs: number;
}

/** Who sent, as `sender` keeps it. */
export interface SenderRow {
  /** What tells senders apart. */
  readonly identity: string;
  readonly host: FleetBatch['host'];
  readonly facts: FleetBatch['facts'];
  /** The kernel's first remark that it no longer trusts the TSC; null where it made none. */
  readonly unstable: string | null;
  readonly receivedAtMs: number;
  readonly clockErrorMs: number;
  readonly lost: FleetBatch['lost'];
}

export interface RollupRows {
  readonly series: string;
  readonly rollups: readonly FleetRollup[];
}

/** NUL is the one character that PostgreSQL's text cannot hold. */
const storable = (text: string): string =>
  text.includes('\u0000') ? text.replaceAll('\u0000', '\u2400') : text;

/** An object of texts, numbers and lists, and objects of them, with every text storable. */
function storableParts<T>(value: T): T {
  if (typeof value === 'string') return storable(value) as T;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(storableParts) as T;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, storableParts(part)])) as T;
}

/** The first part is a host's word, which holds no such character: no host can take the identity of another's row. */
const SEPARATOR = '\u001f';
const joined = (...parts: readonly string[]): string => storable(parts.join(SEPARATOR));

const senderIdentity = (host: FleetBatch['host'], boot: string): string =>
  joined(host.id, host.machine, host.instance, boot);

const runOf = (
  identity: string,
  host: FleetBatch['host'],
  shipper: string,
  run: FleetRun,
  knownEndNs: bigint | null,
) => ({
  identity,
  /** The sender whose boot it ran in, if that ever sent; else it counts as the shipper's. */
  sender: run.boot === null ? shipper : senderIdentity(host, run.boot),
  shipper,
  key: storable(run.key),
  command: storable(run.command),
  startedAtNs: BigInt(run.startedAtNs),
  endedAtNs: run.endedAtNs === null ? knownEndNs : BigInt(run.endedAtNs),
});

const seriesOf = (identity: string, run: string, series: FleetSeries) => ({
  identity,
  run,
  clock: storable(series.clock),
  reference: storable(series.reference),
  independent: series.independent,
  reason: storable(series.reason),
  originNs: BigInt(series.originNs),
});

const samplesOf = (series: string, { baseNs, ...columns }: FleetSamples) => ({
  series,
  baseNs: BigInt(baseNs),
  ...columns,
});

const eventOf = (run: string, { atNs, kind, detail, pair }: FleetEvent, seenAtMs: number) => {
  const [clock = null, reference = null] = pair?.map(storable) ?? [];
  const texts = { kind: storable(kind), detail: storable(detail) };
  return { run, clock, reference, atNs: BigInt(atNs), seenAtMs, ...texts };
};

const calibrationOf = (run: string, calibration: FleetCalibration) => ({
  run,
  atNs: BigInt(calibration.atNs),
  calibration,
});

function documentOf(run: string, packed: string) {
  const content = Buffer.from(packed, 'base64');
  return { run, ...storableParts(documentSummary(content)), content };
}

const noRows = () => ({
  senders: new Map<string, SenderRow>(),
  runs: new Map<string, ReturnType<typeof runOf>>(),
  series: new Map<string, ReturnType<typeof seriesOf>>(),
  minutes: [] as RollupRows[],
  hours: [] as RollupRows[],
  samples: [] as ReturnType<typeof samplesOf>[],
  events: [] as ReturnType<typeof eventOf>[],
  calibrations: [] as ReturnType<typeof calibrationOf>[],
  documents: [] as ReturnType<typeof documentOf>[],
});
/** A delivery as rows that name one another by identities instead of numbers. */
export type Rows = ReturnType<typeof noRows>;

/** What a delivery says, without repeats of who sent it. */
export function rowsOf(received: readonly Received[]): Rows {
  const rows = noRows();
  for (const { batch, receivedAtMs } of received) {
    const { host } = batch;
    const identity = senderIdentity(host, host.boot);
    const known = rows.senders.get(identity);
    const newer = known === undefined || known.receivedAtMs <= receivedAtMs;
    if (newer || batch.facts !== undefined) {
      const facts = storableParts(newer ? (batch.facts ?? known?.facts) : (known.facts ?? batch.facts));
      rows.senders.set(identity, {
        ...(newer
          ? {
              identity,
              host: storableParts(host),
              receivedAtMs,
              clockErrorMs: Number(BigInt(batch.sentAtNs) / 1_000_000n) - receivedAtMs,
              lost: batch.lost,
            }
          : known),
        facts,
        unstable: facts?.kernelRemarks.find((remark) => /unstable/i.test(remark)) ?? null,
      });
    }
    for (const run of batch.runs) takeRun(rows, host, identity, run, receivedAtMs);
  }
  return rows;
}

function takeRun(
  rows: Rows,
  host: FleetBatch['host'],
  sender: string,
  run: FleetRun,
  seenAtMs: number,
): void {
  const identity = joined(host.id, run.key);
  const known = rows.runs.get(identity)?.endedAtNs ?? null;
  rows.runs.set(identity, runOf(identity, host, sender, run, known));
  for (const series of run.series ?? []) {
    const own = joined(identity, series.clock, series.reference);
    if (!rows.series.has(own)) rows.series.set(own, seriesOf(own, identity, series));
    if (series.minutes !== undefined) rows.minutes.push({ series: own, rollups: series.minutes });
    if (series.hours !== undefined) rows.hours.push({ series: own, rollups: series.hours });
    if (series.samples !== undefined) rows.samples.push(samplesOf(own, series.samples));
  }
  for (const event of run.events ?? []) rows.events.push(eventOf(identity, event, seenAtMs));
  for (const one of run.calibrations ?? []) rows.calibrations.push(calibrationOf(identity, one));
  if (run.document !== undefined) rows.documents.push(documentOf(identity, run.document));
}

/** After every hour: something other than hours came. */
const NO_HOUR = 2 ** 31 - 1;

/** The runs whose hosts' profiles a delivery makes stale, with the first hour that came. */
export function freshHours({ hours, series, calibrations, documents }: Rows): Map<string, number> {
  const found = new Map<string, number>();
  const take = (run: string, hour: number) => found.set(run, Math.min(found.get(run) ?? NO_HOUR, hour));
  for (const { series: identity, rollups } of hours) {
    const run = series.get(identity)?.run;
    if (run !== undefined) for (const [hour] of rollups) take(run, hour);
  }
  for (const { run } of [...calibrations, ...documents]) take(run, NO_HOUR);
  return found;
}

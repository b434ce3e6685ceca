import type { FleetBatch, FleetCalibration, FleetRollup } from '../../schema/fleet-batch.ts';
import { HOUR_NS, MINUTE_NS } from '../../store/buckets.ts';
import { documentSummary } from './document-summary.ts';
import type { Received } from './fleet-store.ts';

export const WIDTH_NS = { minute: MINUTE_NS, hour: HOUR_NS } as const;

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

export interface RunRow {
  readonly identity: string;
  /** The sender whose boot it ran in, if that ever sent; else it counts as the shipper's. */
  readonly sender: string;
  readonly shipper: string;
  readonly key: string;
  readonly command: string;
  readonly startedAtNs: bigint;
  readonly endedAtNs: bigint | null;
}

export interface SeriesRow {
  readonly identity: string;
  readonly run: string;
  readonly clock: string;
  readonly reference: string;
  readonly independent: boolean | null;
  readonly reason: string;
  readonly originNs: bigint;
}

export interface RollupRows {
  readonly series: string;
  readonly rollups: readonly FleetRollup[];
}

export interface SampleRows {
  readonly series: string;
  readonly baseNs: bigint;
  readonly sinceNs: readonly number[];
  readonly offsetsNs: readonly number[];
  readonly windowsNs: readonly number[];
}

export interface EventRow {
  readonly run: string;
  /** Null: the host. */
  readonly clock: string | null;
  readonly reference: string | null;
  readonly atNs: bigint;
  readonly seenAtMs: number;
  readonly kind: string;
  readonly detail: string;
}

export interface CalibrationRow {
  readonly run: string;
  readonly atNs: bigint;
  readonly calibration: FleetCalibration;
}

export interface DocumentRow {
  readonly run: string;
  readonly kind: string;
  readonly kernel: string | null;
  readonly summary: string;
  /** gzip. */
  readonly content: Buffer;
}

/** A delivery as rows that name one another by identities instead of numbers. */
export interface Rows {
  readonly senders: ReadonlyMap<string, SenderRow>;
  readonly runs: ReadonlyMap<string, RunRow>;
  readonly series: ReadonlyMap<string, SeriesRow>;
  readonly minutes: readonly RollupRows[];
  readonly hours: readonly RollupRows[];
  readonly samples: readonly SampleRows[];
  readonly events: readonly EventRow[];
  readonly calibrations: readonly CalibrationRow[];
  readonly documents: readonly DocumentRow[];
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

const noRows = () => ({
  senders: new Map<string, SenderRow>(),
  runs: new Map<string, RunRow>(),
  series: new Map<string, SeriesRow>(),
  minutes: [] as RollupRows[],
  hours: [] as RollupRows[],
  samples: [] as SampleRows[],
  events: [] as EventRow[],
  calibrations: [] as CalibrationRow[],
  documents: [] as DocumentRow[],
});

/** What a delivery says, without repeats of who sent it. */
export function rowsOf(received: readonly Received[]): Rows {
  const rows = noRows();
  for (const { batch, receivedAtMs } of received) {
    const { host } = batch;
    const identity = senderIdentity(host, host.boot);
    const known = rows.senders.get(identity);
    if (known === undefined || known.receivedAtMs <= receivedAtMs || batch.facts !== undefined) {
      const newer = known === undefined || known.receivedAtMs <= receivedAtMs;
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
  rows: ReturnType<typeof noRows>,
  host: FleetBatch['host'],
  sender: string,
  run: FleetBatch['runs'][number],
  seenAtMs: number,
): void {
  const identity = joined(host.id, run.key);
  const known = rows.runs.get(identity);
  const endedAtNs = run.endedAtNs === null ? (known?.endedAtNs ?? null) : BigInt(run.endedAtNs);
  rows.runs.set(identity, {
    identity,
    sender: run.boot === null ? sender : senderIdentity(host, run.boot),
    shipper: sender,
    key: storable(run.key),
    command: storable(run.command),
    startedAtNs: BigInt(run.startedAtNs),
    endedAtNs,
  });
  for (const series of run.series ?? []) {
    const own = joined(identity, series.clock, series.reference);
    if (!rows.series.has(own)) {
      const { independent } = series;
      const [clock = '', reference = '', reason = ''] = [series.clock, series.reference, series.reason].map(
        storable,
      );
      const originNs = BigInt(series.originNs);
      rows.series.set(own, { identity: own, run: identity, clock, reference, independent, reason, originNs });
    }
    if (series.minutes !== undefined) rows.minutes.push({ series: own, rollups: series.minutes });
    if (series.hours !== undefined) rows.hours.push({ series: own, rollups: series.hours });
    if (series.samples !== undefined) {
      const { baseNs, ...columns } = series.samples;
      rows.samples.push({ series: own, baseNs: BigInt(baseNs), ...columns });
    }
  }
  for (const { atNs, kind, detail, pair } of run.events ?? []) {
    const [clock = null, reference = null] = pair?.map(storable) ?? [];
    const texts = { kind: storable(kind), detail: storable(detail) };
    rows.events.push({ run: identity, clock, reference, atNs: BigInt(atNs), seenAtMs, ...texts });
  }
  for (const calibration of run.calibrations ?? []) {
    rows.calibrations.push({ run: identity, atNs: BigInt(calibration.atNs), calibration });
  }
  if (run.document !== undefined) {
    const content = Buffer.from(run.document, 'base64');
    rows.documents.push({ run: identity, ...storableParts(documentSummary(content)), content });
  }
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

import { randomBytes } from 'node:crypto';
import { asBigint, asCount, asText, orNull } from './cells.ts';
import type { Row } from './connection.ts';
import type { Store } from './store.ts';

/** A host as the store knows it. */
export interface HostIdentity {
  /** What stays the same over its life: the machine id, or the host name where there is none. */
  readonly key: string;
  readonly name: string;
  /** The JSON of its facts. */
  readonly facts: string | null;
}

/** A run as it starts. */
export interface NewRun {
  readonly host: HostIdentity;
  readonly command: string;
  /** Wall clock, ns since the epoch. */
  readonly startedAtNs: bigint;
  /** JSON of what the command was asked. */
  readonly options: string | null;
}

/** A run as `tscope runs` lists it. */
export interface StoredRun {
  /** The number that the other functions take. */
  readonly id: number;
  /** The name that people and other stores know it by: `20260131-235959-3fa9c1`. */
  readonly key: string;
  readonly hostKey: string;
  readonly hostName: string;
  readonly command: string;
  readonly startedAtNs: bigint;
  /** Null while it runs, and where it was cut off. */
  readonly endedAtNs: bigint | null;
  /** The last sample; null where it has none. */
  readonly lastSampleAtNs: bigint | null;
  /** Pairs of clocks compared. */
  readonly series: number;
  /** Samples that are still there as such; roll-ups may reach further back. */
  readonly samples: number;
  readonly events: number;
  readonly hasDocument: boolean;
}

/** A name for a run: its start (UTC) and something that no other run of that second has. */
const keyOf = (startedAtNs: bigint): string => {
  const digits = new Date(Number(startedAtNs / 1_000_000n)).toISOString().replace(/\D/g, '');
  return `${digits.slice(0, 8)}-${digits.slice(8, 14)}-${randomBytes(3).toString('hex')}`;
};

/** Adds a host, or brings what is known of it up to date. @returns its number. */
export function putHost({ connection }: Store, { key, name, facts }: HostIdentity): number {
  connection.run(
    `INSERT INTO host (key, name, facts) VALUES (?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET name = excluded.name, facts = coalesce(excluded.facts, facts)`,
    key,
    name,
    facts,
  );
  return asCount(connection.get('SELECT id FROM host WHERE key = ?', key)?.[0]);
}

/** Starts a run. @throws TscopeError as every transaction of the store. */
export function startRun(
  store: Store,
  { host, command, startedAtNs, options }: NewRun,
): { id: number; key: string } {
  return store.transaction(() => {
    const key = keyOf(startedAtNs);
    store.connection.run(
      'INSERT INTO run (key, host, command, started_at, options) VALUES (?, ?, ?, ?, ?)',
      key,
      BigInt(putHost(store, host)),
      command,
      startedAtNs,
      options,
    );
    return { id: asCount(store.connection.get('SELECT id FROM run WHERE key = ?', key)?.[0]), key };
  });
}

/** Ends a run. @param document the command's whole JSON document, if it is to be kept. */
export function endRun(store: Store, run: number, endedAtNs: bigint, document: string | null = null): void {
  store.transaction(() =>
    store.connection.run(
      'UPDATE run SET ended_at = ?, document = ? WHERE id = ?',
      endedAtNs,
      document,
      BigInt(run),
    ),
  );
}

const RUNS = `
SELECT run.id, run.key, host.key, host.name, run.command, run.started_at, run.ended_at,
  (SELECT max(coalesce((SELECT max(at) FROM sample WHERE series = s.id), s.rolled_at)) FROM series s WHERE s.run = run.id),
  (SELECT count(*) FROM series WHERE run = run.id),
  (SELECT count(*) FROM series s JOIN sample ON sample.series = s.id WHERE s.run = run.id),
  (SELECT count(*) FROM event WHERE run = run.id),
  run.document IS NOT NULL
FROM run JOIN host ON host.id = run.host`;

const runOf = (row: Row): StoredRun => ({
  id: asCount(row[0]),
  key: asText(row[1]),
  hostKey: asText(row[2]),
  hostName: asText(row[3]),
  command: asText(row[4]),
  startedAtNs: asBigint(row[5]),
  endedAtNs: orNull(asBigint)(row[6]),
  lastSampleAtNs: orNull(asBigint)(row[7]),
  series: asCount(row[8]),
  samples: asCount(row[9]),
  events: asCount(row[10]),
  hasDocument: asCount(row[11]) === 1,
});

/** Every run, the newest first. */
export const listRuns = ({ connection }: Store): StoredRun[] =>
  connection.all(`${RUNS} ORDER BY run.started_at DESC, run.id DESC`).map(runOf);

/** The run that `key` names, in full or by its beginning; null where none or several do. */
export function findRun({ connection }: Store, key: string): StoredRun | null {
  const rows = connection.all(`${RUNS} WHERE substr(run.key, 1, length(?)) = ?`, key, key).map(runOf);
  return rows.find((run) => run.key === key) ?? (rows.length === 1 ? (rows[0] ?? null) : null);
}

/** The document that a run left; null where it left none. */
export const documentOfRun = ({ connection }: Store, run: number): string | null =>
  orNull(asText)(connection.get('SELECT document FROM run WHERE id = ?', BigInt(run))?.[0] ?? null);

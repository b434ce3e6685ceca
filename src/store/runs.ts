import { randomBytes } from 'node:crypto';
import { TscopeError } from '../errors.ts';
import { anyText, asBigint, asCount, asText, orNull } from './cells.ts';
import { rowChecksum } from './checksum.ts';
import type { Row } from './connection.ts';
import { soundRows } from './damage.ts';
import { readSeries, samplesOfRun } from './series.ts';
import { rowGone } from './store-error.ts';
import type { Store } from './store-on.ts';
import { int64, ns, nullable, tableOf, text } from './table.ts';

export const HOST = tableOf('host', [], {
  /** What stays the same over its life: the machine id, or the host name where there is none. */
  key: text,
  name: text,
  /** The JSON of its facts. */
  facts: nullable(text),
});
/** A host as the store knows it. */
export type HostIdentity = ReturnType<typeof HOST.read>;

/** But for its document, which has a checksum of its own. */
export const RUN = tableOf('run', [], {
  /** The name that people and other stores know it by: `20260131-235959-3fa9c1`. */
  key: text,
  host: int64,
  command: text,
  startedAtNs: ns,
  endedAtNs: nullable(ns),
  options: nullable(text),
});
type RunRow = ReturnType<typeof RUN.read>;

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

/**
 * Adds a host, within a transaction.
 *
 * @param conflict what is done where it is there already, in SQL.
 * @returns how many rows changed.
 */
export const putHost = ({ connection }: Store, host: HostIdentity, conflict: string): number =>
  connection.run(`INSERT ${HOST.into} ON CONFLICT (key) DO ${conflict}`, ...HOST.row([], host));

/** Adds a host, or brings what is known of it up to date, within a transaction. @returns its number. */
function knownHost(store: Store, host: HostIdentity): bigint {
  const { connection } = store;
  const known = orNull(asText)(connection.value('SELECT facts FROM host WHERE key = ?', host.key));
  const renew = 'UPDATE SET name = excluded.name, facts = excluded.facts, checksum = excluded.checksum';
  putHost(store, { ...host, facts: host.facts ?? known }, renew);
  return asBigint(connection.value('SELECT id FROM host WHERE key = ?', host.key));
}

export const documentChecksum = (document: string | null): bigint => rowChecksum(['document', document]);

/** Adds a run, within a transaction. @returns false where one of that name is there already. */
export function putRun({ connection }: Store, run: RunRow, document: string | null): boolean {
  const added = connection.run(
    `INSERT INTO run (${RUN.columns}, checksum, document, document_checksum)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ...RUN.row([], run),
    document,
    documentChecksum(document),
  );
  return added > 0;
}

/**
 * Starts a run.
 *
 * @param key the name of a run whose row is gone, to make it again; one that is there goes on.
 * @throws TscopeError as every transaction of the store.
 */
export function startRun(
  store: Store,
  { host, command, startedAtNs, options }: NewRun,
  key = keyOf(startedAtNs),
): { id: number; key: string } {
  return store.transaction(() => {
    putRun(
      store,
      { key, host: knownHost(store, host), command, startedAtNs, endedAtNs: null, options },
      null,
    );
    return { id: asCount(store.connection.value('SELECT id FROM run WHERE key = ?', key)), key };
  });
}

const COLUMNS = `id, ${RUN.columns}, checksum`;

/** @returns null for one that is damaged, which is noted. */
function runRowOf(store: Store, [id, ...row]: Row): (RunRow & { readonly id: bigint }) | null {
  const [run, sound] = RUN.check([], row);
  if (sound) return { id: asBigint(id), ...run };
  store.damage.add({ run: run.key, what: 'what is known of it, with all its rows' });
  return null;
}

/** Every run that can be read, in the order in which they were added. */
export const readRuns = (store: Store): Array<RunRow & { readonly id: bigint }> =>
  soundRows(store, 'some runs', `SELECT ${COLUMNS} FROM run ORDER BY id`).flatMap(
    (row) => runRowOf(store, row) ?? [],
  );

/** Every host that can be read, by its number. */
export function readHosts(store: Store): Map<bigint, HostIdentity> {
  const hosts = new Map<bigint, HostIdentity>();
  const sql = `SELECT id, ${HOST.columns}, checksum FROM host ORDER BY id`;
  for (const [id, ...row] of soundRows(store, 'some hosts', sql)) {
    const [host, sound] = HOST.check([], row);
    if (sound) hosts.set(asBigint(id), host);
    else store.damage.add({ what: `what is known of the host ${host.name}` });
  }
  return hosts;
}

/**
 * Ends a run.
 *
 * @param document the command's whole JSON document, if it is to be kept.
 * @throws TscopeError STORE_ROW_GONE where the run is not there.
 */
export function endRun(store: Store, run: number, endedAtNs: bigint, document: string | null = null): void {
  const { connection } = store;
  store.transaction(() => {
    const found = connection.get(`SELECT ${COLUMNS} FROM run WHERE id = ?`, BigInt(run));
    if (found === null) throw rowGone(connection.path, 'the run');
    const row = runRowOf(store, found);
    if (row === null) return;
    connection.run(
      'UPDATE run SET ended_at = ?, document = ?, checksum = ?, document_checksum = ? WHERE id = ?',
      endedAtNs,
      document,
      RUN.checksum([], { ...row, endedAtNs }),
      documentChecksum(document),
      BigInt(run),
    );
  });
}

/** The number of a run that was started before, by this process or another; null where its row is not there. */
export function startedRun(
  { connection }: Store,
  { host, command, startedAtNs }: Pick<NewRun, 'host' | 'command' | 'startedAtNs'>,
): number | null {
  const sql = `SELECT run.id FROM run JOIN host ON host.id = run.host
    WHERE host.key = ? AND run.command = ? AND run.started_at = ? ORDER BY run.id DESC LIMIT 1`;
  return orNull(asCount)(connection.value(sql, host.key, command, startedAtNs));
}

const NEWEST = `
SELECT ${COLUMNS},
  (SELECT max(coalesce((SELECT max(at) FROM sample WHERE series = s.id),
    (SELECT max(last_at) FROM block WHERE series = s.id), s.rolled_at)) FROM series s WHERE s.run = run.id)
FROM run ORDER BY run.started_at DESC, run.id DESC LIMIT ?`;

/** What is known of a run without reading its samples. */
type RunSummary = Pick<
  StoredRun,
  'id' | 'key' | 'hostName' | 'command' | 'startedAtNs' | 'endedAtNs' | 'lastSampleAtNs'
>;

/** The newest runs without the counts of `listRuns`, which read every sample. @param most of them. */
export function newestRuns(store: Store, most: number): RunSummary[] {
  const hosts = readHosts(store);
  return soundRows(store, 'some runs', NEWEST, BigInt(most)).flatMap((row) => {
    const run = runRowOf(store, row);
    if (run === null) return [];
    const { id, key, host, command, startedAtNs, endedAtNs } = run;
    const hostName = hosts.get(host)?.name ?? 'unknown';
    const lastSampleAtNs = orNull(asBigint)(row[8]);
    return { id: Number(id), key, hostName, command, startedAtNs, endedAtNs, lastSampleAtNs };
  });
}

/** Every run that can be read, the newest first; what is damaged is noted and left out. */
export function listRuns(store: Store): StoredRun[] {
  const hosts = readHosts(store);
  const series = readSeries(store);
  const unknown = { key: '', name: 'unknown', facts: null };
  const listed = readRuns(store).map((run): StoredRun => {
    const own = series.filter((row) => row.run === run.id);
    const host = hosts.get(run.host) ?? unknown;
    const [[events, hasDocument] = [0n, 0n]] = soundRows(
      store,
      `events of run ${run.key}`,
      'SELECT (SELECT count(*) FROM event WHERE run = ?1), document IS NOT NULL FROM run WHERE id = ?1',
      run.id,
    );
    return {
      id: Number(run.id),
      key: run.key,
      hostKey: host.key,
      hostName: host.name,
      command: run.command,
      startedAtNs: run.startedAtNs,
      endedAtNs: run.endedAtNs,
      ...samplesOfRun(store, own),
      series: own.length,
      events: asCount(events),
      hasDocument: asCount(hasDocument) === 1,
    };
  });
  const newestFirst = (a: StoredRun, b: StoredRun) =>
    a.startedAtNs === b.startedAtNs ? b.id - a.id : a.startedAtNs < b.startedAtNs ? 1 : -1;
  return listed.sort(newestFirst);
}

/** The run that `key` names, in full or by its beginning; null where none or several do. */
export function findRun(store: Store, key: string): StoredRun | null {
  const runs = listRuns(store).filter((run) => run.key.startsWith(key));
  return runs.find((run) => run.key === key) ?? (runs.length === 1 ? (runs[0] ?? null) : null);
}

/** The document that a run left; null where it left none, or where it is damaged, which is noted. */
export function soundDocument(store: Store, run: bigint): string | null {
  try {
    return documentOfRun(store, Number(run));
  } catch (error) {
    if (!(error instanceof TscopeError && error.code === 'STORE_DAMAGED')) throw error;
    return null;
  }
}

/**
 * The document that a run left; null where it left none.
 *
 * @throws TscopeError STORE_DAMAGED where it is not what was written, which is noted as well.
 */
export function documentOfRun(store: Store, run: number): string | null {
  const [cell = null, checksum, key] =
    store.connection.get('SELECT document, document_checksum, key FROM run WHERE id = ?', BigInt(run)) ?? [];
  // Bytes that are not text are damaged too.
  const document = anyText(cell);
  if (documentChecksum(document) === checksum) return document;
  store.damage.add({ run: anyText(key), what: 'its document' });
  const message = `${store.connection.path}: the document of this run is damaged.`;
  throw new TscopeError('STORE_DAMAGED', message, 'Its samples, if it has any, can still be read.');
}

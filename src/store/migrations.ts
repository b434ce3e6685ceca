import { BEFORE_ALL } from './buckets.ts';
import { anyText, asBigint, asCount, asReal, asText, orNull } from './cells.ts';
import { type Connection, connect, type Row, rollBack } from './connection.ts';
import { EVENT } from './events.ts';
import { putRollup, ROLLUP } from './rollups.ts';
import { documentChecksum, HOST, RUN } from './runs.ts';
import { mergeSamples } from './samples.ts';
import { SERIES } from './series.ts';
import { type Store, storeOn } from './store-on.ts';

/**
 * The store's tables. Times are ns since the epoch; offsets, windows and their statistics are ns.
 *
 * A run is one go of one command on one host. It compares pairs of clocks; each pair is a series of samples. A sample's
 * offset is the clock less the reference, less the series' origin: small enough for a double. Its time is the wall clock
 * at the run's start plus the time that has passed since, so that it only ever grows, whatever is done to the clock.
 *
 * `rollup` summarises the samples of a minute or an hour. `series.rolled_at` is the last sample that went into it.
 */
const VERSION_1 = `
CREATE TABLE host (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  facts TEXT
) STRICT;

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  host INTEGER NOT NULL REFERENCES host,
  command TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  options TEXT,
  document TEXT
) STRICT;

CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  clock TEXT NOT NULL,
  reference TEXT NOT NULL,
  independent INTEGER,
  reason TEXT NOT NULL,
  origin INTEGER NOT NULL,
  rolled_at INTEGER,
  UNIQUE (run, clock, reference)
) STRICT;

CREATE TABLE sample (
  series INTEGER NOT NULL REFERENCES series ON DELETE CASCADE,
  at INTEGER NOT NULL,
  offset REAL NOT NULL,
  window REAL NOT NULL,
  PRIMARY KEY (series, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup (
  series INTEGER NOT NULL REFERENCES series ON DELETE CASCADE,
  width INTEGER NOT NULL,
  at INTEGER NOT NULL,
  count INTEGER NOT NULL,
  min REAL NOT NULL,
  max REAL NOT NULL,
  mean REAL NOT NULL,
  first_at INTEGER NOT NULL,
  first REAL NOT NULL,
  last_at INTEGER NOT NULL,
  last REAL NOT NULL,
  rate REAL AS (CASE WHEN last_at > first_at THEN (last - first) / (last_at - first_at) END),
  PRIMARY KEY (series, width, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  series INTEGER REFERENCES series ON DELETE CASCADE,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_once ON event (run, at, kind, detail, coalesce(series, 0));
`;

const CHECKSUM_COLUMNS = `
ALTER TABLE host ADD COLUMN checksum INTEGER;
ALTER TABLE run ADD COLUMN checksum INTEGER;
ALTER TABLE run ADD COLUMN document_checksum INTEGER;
ALTER TABLE series ADD COLUMN checksum INTEGER;
ALTER TABLE sample ADD COLUMN checksum INTEGER;
ALTER TABLE rollup ADD COLUMN checksum INTEGER;
ALTER TABLE event ADD COLUMN checksum INTEGER;

CREATE TABLE block (
  series INTEGER NOT NULL REFERENCES series ON DELETE CASCADE,
  at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  count INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  head_checksum INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (series, at)
) STRICT, WITHOUT ROWID;
`;

/** Samples of a series that move into blocks at once. */
const MOVED = 8_192;

/** Sets a checksum of each row. @param columns what it is of. */
function sumUp(
  { connection }: Store,
  table: string,
  columns: string,
  checksumOf: (row: Row) => bigint,
  checksum = 'checksum',
): void {
  // One by one: a document may be large.
  for (const [id] of connection.all(`SELECT id FROM ${table}`)) {
    const row = connection.get(`SELECT ${columns} FROM ${table} WHERE id = ?`, id ?? null) ?? [];
    connection.run(`UPDATE ${table} SET ${checksum} = ? WHERE id = ?`, checksumOf(row), id ?? null);
  }
}

function sumUpRows(store: Store): void {
  sumUp(store, 'host', HOST.columns, (row) => HOST.checksum([], HOST.read(row)));
  sumUp(store, 'run', RUN.columns, (row) => RUN.checksum([], RUN.read(row)));
  const documentOf = ([document]: Row) => documentChecksum(orNull(asText)(document));
  sumUp(store, 'run', 'document', documentOf, 'document_checksum');
  sumUp(store, 'series', SERIES.columns, (row) => SERIES.checksum([], SERIES.read(row)));
  sumUp(store, 'event', `run, ${EVENT.columns}`, ([run, ...event]) =>
    EVENT.checksum([asBigint(run)], EVENT.read(event)),
  );
}

function sumUpRollups(store: Store, series: bigint): void {
  const sql = `SELECT width, ${ROLLUP.columns} FROM rollup WHERE series = ?`;
  for (const [width, ...row] of store.connection.all(sql, series)) {
    putRollup(store, series, asBigint(width), ROLLUP.read(row));
  }
}

function moveSamples(store: Store, series: bigint): void {
  const { connection } = store;
  const oldest = `SELECT at, offset, window FROM sample WHERE series = ? AND at > ? ORDER BY at LIMIT ${MOVED}`;
  for (let after = BEFORE_ALL; ; ) {
    const samples = connection.all(oldest, series, after).map(([at, offset, window]) => ({
      atNs: asBigint(at),
      offsetNs: asReal(offset),
      windowNs: asReal(window),
    }));
    const last = samples.at(-1);
    if (last === undefined) return;
    connection.run('DELETE FROM sample WHERE series = ? AND at <= ?', series, last.atNs);
    mergeSamples(store, series, samples);
    after = last.atNs;
  }
}

/**
 * Every row has a checksum, and most samples are in blocks: `data` is a column of times since `at`, one of offsets and one
 * of windows, each of `count` doubles (little-endian). `sample` keeps the newest of each series, which come after all
 * its blocks. What a store held before is summed up as it stands.
 */
function toVersion2(connection: Connection): void {
  connection.exec(CHECKSUM_COLUMNS);
  const store = storeOn(connection, false);
  sumUpRows(store);
  for (const [cell] of connection.all('SELECT id FROM series')) {
    const series = asBigint(cell);
    sumUpRollups(store, series);
    moveSamples(store, series);
  }
}

/**
 * Calibrations, and how far a hub has what is in the store: `minutes`, `hours` and `samples` are the last sample that went
 * into what was sent. Of `shipping`, `event` and `calibration` are the last rows that were sent; `instance` is a random
 * name of the store; `lost ...` counts what retention took before it was sent, `before` what there was when it began.
 */
const VERSION_3 = `
CREATE TABLE calibration (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  at INTEGER NOT NULL,
  result TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (run, at)
) STRICT;

CREATE TABLE shipped_series (
  series INTEGER PRIMARY KEY REFERENCES series ON DELETE CASCADE,
  minutes INTEGER,
  hours INTEGER,
  samples INTEGER
) STRICT;

CREATE TABLE shipped_run (
  run INTEGER PRIMARY KEY REFERENCES run ON DELETE CASCADE,
  ended INTEGER NOT NULL DEFAULT 0,
  document INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE shipping (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;

type Step = string | ((connection: Connection) => void);

/** Step k brings a store of version k to version k + 1. Released steps never change. */
export const MIGRATIONS: readonly Step[] = [VERSION_1, toVersion2, VERSION_3];

/** 'tsco': marks the file as tscope's, so that no other SQLite database is taken for a store. */
export const APPLICATION_ID = 0x7473636f;

/** The version of an open store. */
export const versionOf = (connection: Connection): number => asCount(connection.pragma('user_version'));

/**
 * Brings a store to the newest version, step by step in one transaction. Processes that open it together wait for the
 * first, and find nothing left to do.
 */
export function migrate(
  connection: Connection,
  migrations: readonly Step[] = MIGRATIONS,
  applicationId = APPLICATION_ID,
): void {
  if (versionOf(connection) === migrations.length) return;
  connection.exec('BEGIN EXCLUSIVE');
  try {
    for (const step of migrations.slice(versionOf(connection))) {
      if (typeof step === 'string') connection.exec(step);
      else step(connection);
    }
    connection.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}`);
    connection.exec('COMMIT');
  } catch (error) {
    rollBack(connection);
    throw error;
  }
}

/** The definitions of a store's tables, as SQLite keeps them. */
export const tablesOf = (connection: Connection): string =>
  JSON.stringify(
    connection
      .all('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name')
      .map((row) => row.map(anyText)),
  );

let expected: string | null = null;

/** What `tablesOf` says of a store of the newest version. */
export function expectedTables(): string {
  if (expected !== null) return expected;
  const connection = connect(':memory:', ':memory:');
  migrate(connection);
  expected = tablesOf(connection);
  connection.close();
  return expected;
}

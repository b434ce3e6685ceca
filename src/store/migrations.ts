import { asCount } from './cells.ts';
import type { Connection } from './connection.ts';

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

/** Step k brings a store of version k to version k + 1. Released steps never change. */
export const MIGRATIONS: readonly string[] = [VERSION_1];

/** 'tsco': marks the file as tscope's, so that no other SQLite database is taken for a store. */
export const APPLICATION_ID = 0x7473636f;

/** The version of an open store. */
export const versionOf = (connection: Connection): number => asCount(connection.pragma('user_version'));

/**
 * Brings a store to the newest version, step by step in one transaction. Processes that open it together wait for the
 * first, and find nothing left to do.
 */
export function migrate(connection: Connection, migrations: readonly string[] = MIGRATIONS): void {
  if (versionOf(connection) === migrations.length) return;
  connection.exec('BEGIN EXCLUSIVE');
  try {
    for (const step of migrations.slice(versionOf(connection))) connection.exec(step);
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}`);
    connection.exec('COMMIT');
  } catch (error) {
    connection.exec('ROLLBACK');
    throw error;
  }
}

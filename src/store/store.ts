import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { systemCode, TscopeError } from '../errors.ts';
import { makeFolder } from '../folder.ts';
import { fileError } from '../system-error.ts';
import { type Connection, connect } from './connection.ts';
import { inspect, newerStore, refused, standsAlone, urlOf } from './inspect.ts';
import { expectedTables, MIGRATIONS, migrate, tablesOf, versionOf } from './migrations.ts';
import { readOnlyError } from './store-error.ts';
import { type Store, storeOn } from './store-on.ts';

export type { Store } from './store-on.ts';

/** What `work` makes of a store, which is closed then, whatever happens. */
export function using<T>(store: Store, work: (store: Store) => T): T {
  try {
    return work(store);
  } finally {
    store.close();
  }
}

/** Where commands keep their store if they are not told: beside the folders of `tscope measure`. */
export const DEFAULT_STORE = 'tscope-runs/tscope.db';

function checkWritable(path: string): void {
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw readOnlyError(path, error);
  }
}

function createFolder(path: string): void {
  try {
    makeFolder(dirname(path));
  } catch (error) {
    throw fileError(`cannot create ${dirname(path)}`, error);
  }
}

/**
 * Opens a store to write and read, creates it where there is none, and brings an older one up to date.
 *
 * @param busyTimeoutMs how long a call waits at most for another process.
 * @throws TscopeError STORE_REFUSED where the file is not a store, damaged or newer; STORE_READ_ONLY; STORE_BUSY; IO.
 */
export function openStore(file: string, busyTimeoutMs?: number): Store {
  const path = resolve(file);
  createFolder(path);
  checkWritable(path);
  const found = inspect(path);
  if (found.damage !== null) throw refused(`${path} is damaged (${found.damage}).`, DAMAGED);
  const connection = connect(path, urlOf(path, 'rwc'), busyTimeoutMs);
  try {
    // Takes effect in an empty file only.
    if (!found.exists) connection.exec('PRAGMA auto_vacuum = INCREMENTAL');
    const version = versionOf(connection);
    if (version > MIGRATIONS.length) throw newerStore(path, version);
    migrate(connection);
    checkTables(connection);
    // After the first migration, so that the file's header says what it is before there is a log beside it.
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
    connection.exec('PRAGMA journal_size_limit = 16777216');
    return storeOn(connection, false);
  } catch (error) {
    connection.close();
    throw error;
  }
}

const DAMAGED =
  'It is left as it is: `tscope runs --check` names what is lost, `--export` saves the rest; give another file to go on.';

/** A store's tables are those of its version, to the letter: anything else would read its rows wrongly. */
function checkTables(connection: Connection): void {
  if (tablesOf(connection) === expectedTables()) return;
  throw refused(`${connection.path} is damaged: its tables are not those of a store.`, DAMAGED);
}

/** A connection that only reads, also from a read-only medium, where no file can be put beside the store. */
function connectToRead(path: string, busyTimeoutMs: number | undefined): Connection {
  const connection = connect(path, urlOf(path, 'ro'), busyTimeoutMs);
  try {
    versionOf(connection);
    return connection;
  } catch (error) {
    connection.close();
    const shut = error instanceof TscopeError && ['IO', 'STORE_READ_ONLY'].includes(error.code);
    if (!shut || !standsAlone(path)) throw error;
    return connect(path, urlOf(path, 'immutable'), busyTimeoutMs);
  }
}

/**
 * Opens a store to read. It must exist. An older one is brought up to date first. Of a damaged one `damage` tells, and
 * what is sound can be read.
 *
 * @throws TscopeError STORE_REFUSED where the file is not a store, newer, or older and not to be written; STORE_BUSY; IO.
 */
export function openStoreToRead(file: string, busyTimeoutMs?: number): Store {
  const path = resolve(file);
  const found = inspect(path);
  if (!found.exists) {
    const hint = '`tscope agent` makes one, and so does a command that measures, with `db`.';
    throw new TscopeError('IO', `there is no store at ${path}.`, hint);
  }
  let connection = connectToRead(path, busyTimeoutMs);
  try {
    let version = versionOf(connection);
    if (version > MIGRATIONS.length) throw newerStore(path, version);
    if (version < MIGRATIONS.length && found.damage === null) {
      connection.close();
      bringUpToDate(path, busyTimeoutMs);
      connection = connectToRead(path, busyTimeoutMs);
      version = versionOf(connection);
    }
    if (version < MIGRATIONS.length) throw refused(`${path} has an older format and is damaged.`, RECOVER);
    checkTables(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
  const store = storeOn(connection, true);
  if (found.damage !== null) store.damage.add({ what: `the file itself (${found.damage})` });
  return store;
}

const RECOVER = '`sqlite3 FILE .recover` may save rows.';

function bringUpToDate(path: string, busyTimeoutMs: number | undefined): void {
  try {
    openStore(path, busyTimeoutMs).close();
  } catch (error) {
    if (!(error instanceof TscopeError && error.code === 'STORE_READ_ONLY')) throw error;
    const hint = 'Copy it to where it may be written; the copy is brought up to date when it is opened.';
    throw refused(`${path} has an older format, and cannot be written.`, hint);
  }
}

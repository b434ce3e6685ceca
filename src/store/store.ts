import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { systemCode, TscopeError } from '../errors.ts';
import { makeFolder } from '../folder.ts';
import { type Connection, connect } from './connection.ts';
import { inspect, newerStore, refused, standsAlone, urlOf } from './inspect.ts';
import { MIGRATIONS, migrate, versionOf } from './migrations.ts';
import { readOnlyError } from './store-error.ts';

/** Where commands keep their store if they are not told: beside the folders of `tscope measure`. */
export const DEFAULT_STORE = 'tscope-runs/tscope.db';

/** An open store. Everything else in this folder works on one. */
export interface Store {
  readonly connection: Connection;
  readonly readOnly: boolean;
  /**
   * Runs `work` as one transaction: all of it is stored when this returns, or none of it.
   *
   * @throws TscopeError STORE_REMOVED where the file is no longer the one that was opened; STORE_FULL, STORE_READ_ONLY
   * and STORE_BUSY as they say.
   */
  transaction<T>(work: () => T): T;
  close(): void;
}

const identityOf = (path: string): string | null => {
  const entry = statSync(path, { throwIfNoEntry: false, bigint: true });
  return entry === undefined ? null : `${entry.dev}:${entry.ino}`;
};

function storeOf(connection: Connection, readOnly: boolean): Store {
  const identity = identityOf(connection.path);
  const { path } = connection;
  return {
    connection,
    readOnly,
    transaction: (work) => {
      // SQLite would go on writing to the removed file, which nobody can open again.
      if (identityOf(path) !== identity) {
        const message = `${path} was removed or replaced while it was in use; nothing more is stored.`;
        const hint = 'This process can still read what it stored. Open the store again to start a new file.';
        throw new TscopeError('STORE_REMOVED', message, hint);
      }
      connection.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        connection.exec('COMMIT');
        return result;
      } catch (error) {
        // SQLite has rolled back by itself where the disk is full.
        try {
          connection.exec('ROLLBACK');
        } catch {}
        throw error;
      }
    },
    close: () => {
      // Merged into the one file, as far as the other processes let it be.
      if (!readOnly && identityOf(path) === identity) {
        try {
          connection.pragma('wal_checkpoint(TRUNCATE)');
        } catch {}
      }
      connection.close();
    },
  };
}

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
    const code = systemCode(error) ?? String(error);
    throw new TscopeError('IO', `cannot create ${dirname(path)} (${code}).`, null, { cause: error });
  }
}

/**
 * Opens a store to write and read, and creates it where there is none.
 *
 * @throws TscopeError STORE_REFUSED where the file is no store, damaged or newer; STORE_READ_ONLY; IO.
 */
export function openStore(file: string): Store {
  const path = resolve(file);
  createFolder(path);
  checkWritable(path);
  const exists = inspect(path);
  const connection = connect(path, path);
  try {
    // Takes effect in an empty file only.
    if (!exists) connection.exec('PRAGMA auto_vacuum = INCREMENTAL');
    const version = versionOf(connection);
    if (version > MIGRATIONS.length) throw newerStore(path, version);
    migrate(connection);
    // After the first migration, so that the file's header says what it is before there is a log beside it.
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
    connection.exec('PRAGMA journal_size_limit = 16777216');
    return storeOf(connection, false);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** A connection that only reads, also from a read-only medium, where no file can be put beside the store. */
function connectToRead(path: string): Connection {
  const connection = connect(path, urlOf(path, 'mode=ro'));
  try {
    versionOf(connection);
    return connection;
  } catch (error) {
    connection.close();
    const shut = error instanceof TscopeError && ['IO', 'STORE_READ_ONLY'].includes(error.code);
    if (!shut || !standsAlone(path)) throw error;
    return connect(path, urlOf(path, 'immutable=1'));
  }
}

/**
 * Opens a store to read. It must exist.
 *
 * @throws TscopeError STORE_REFUSED where the file is no store, damaged, newer, or older and not yet migrated; IO.
 */
export function openStoreToRead(file: string): Store {
  const path = resolve(file);
  if (!inspect(path)) {
    const hint = 'Commands with --db create it: tscope agent, tscope drift --db FILE.';
    throw new TscopeError('IO', `there is no store at ${path}.`, hint);
  }
  const connection = connectToRead(path);
  const version = versionOf(connection);
  if (version === MIGRATIONS.length) return storeOf(connection, true);
  connection.close();
  if (version > MIGRATIONS.length) throw newerStore(path, version);
  throw refused(`${path} has an older format.`, 'A command that writes to it (--db) brings it up to date.');
}

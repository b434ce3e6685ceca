import { createRequire } from 'node:module';
import type Database from 'libsql';
import { TscopeError } from '../errors.ts';
import { storeError } from './store-error.ts';

/**
 * One value of a row. Integers are bigint throughout: times in ns pass 2^53. Text goes in as a string and comes out as
 * UTF-8 bytes (`asText`).
 */
export type Cell = bigint | number | string | Uint8Array | null;
export type Row = readonly Cell[];

/** How long a statement waits for another process where nothing else is asked, ms. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * The driver, loaded when the first store is opened: commands that store nothing run without its native code.
 *
 * @throws TscopeError UNSUPPORTED where it does not load.
 */
function driver(): typeof Database {
  try {
    return createRequire(import.meta.url)('libsql');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    const hint = 'What stores nothing works without it: leave out `db`.';
    throw new TscopeError(
      'UNSUPPORTED',
      `the store's driver, libsql, does not load here (${reason}).`,
      hint,
      { cause },
    );
  }
}

/** An open database: statements by their text, errors as the user's. Everything is synchronous. */
export interface Connection {
  /** The file, for messages. */
  readonly path: string;
  /** Runs statements that return nothing, separated by semicolons. */
  exec(sql: string): void;
  /** Runs a statement that changes rows. @returns how many it changed. */
  run(sql: string, ...values: Cell[]): number;
  /** The first row, or null. */
  get(sql: string, ...values: Cell[]): Row | null;
  /** The first cell of the first row; null where there is none. */
  value(sql: string, ...values: Cell[]): Cell;
  /** All rows. For long tables ask for pages: nothing is left half read, since that would hold up the writers. */
  all(sql: string, ...values: Cell[]): Row[];
  /** Rows up to the first that the file's damage keeps from being read. @returns what was read, and whether it is all. */
  allSound(sql: string, ...values: Cell[]): { readonly rows: Row[]; readonly whole: boolean };
  /** The value of a pragma that is a number or a fixed word. */
  pragma(name: string): Cell;
  close(): void;
}

/**
 * Opens a connection. Integers go in and come out as bigint; a `number` is a REAL.
 *
 * @param target what SQLite opens: the absolute path, or a `file:` URL.
 * @param busyTimeoutMs how long a statement waits at most for another process.
 * @throws TscopeError where it cannot be opened; and from each method: a failure is never of another family.
 */
export function connect(path: string, target: string, busyTimeoutMs = BUSY_TIMEOUT_MS): Connection {
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw storeError(error, path);
    }
  };
  const Driver = driver();
  const database = guarded(() => new Driver(target, { timeout: busyTimeoutMs }));
  const statements = new Map<string, Database.Statement>();
  const safe = new Map<string, string>();
  /** A query whose text comes as bytes: the driver ends the process over text of a damaged file that is not UTF-8. */
  const textAsBytes = (sql: string): string => {
    const known = safe.get(sql);
    if (known !== undefined) return known;
    const names = database
      .prepare(sql)
      .columns()
      .map((_, i) => `c${i}`);
    const columns = names.map((name) => `iif(typeof(${name}) = 'text', CAST(${name} AS BLOB), ${name})`);
    const query = `WITH q(${names.join()}) AS (${sql}) SELECT ${columns.join()} FROM q`;
    safe.set(sql, query);
    return query;
  };
  const prepared = (sql: string): Database.Statement => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = database.prepare(sql);
    statement.safeIntegers(true);
    statements.set(sql, statement);
    return statement;
  };
  // Values in one array: the driver takes a single value that is an object for names, and ends the process over bytes.
  const query = (sql: string): Database.Statement => prepared(textAsBytes(sql)).raw(true);
  const get = (sql: string, ...values: Cell[]): Row | null =>
    guarded(() => (query(sql).get(values) as Row | undefined) ?? null);
  return {
    path,
    exec: (sql) => guarded(() => void database.exec(sql)),
    run: (sql, ...values) => guarded(() => prepared(sql).run(values).changes),
    get,
    value: (sql, ...values) => get(sql, ...values)?.[0] ?? null,
    all: (sql, ...values) => guarded(() => query(sql).all(values) as Row[]),
    allSound: (sql, ...values) => {
      const found: Row[] = [];
      try {
        guarded(() => {
          for (const row of query(sql).iterate(values)) found.push(row as Row);
        });
        return { rows: found, whole: true };
      } catch (error) {
        if (!(error instanceof TscopeError && error.code === 'STORE_DAMAGED')) throw error;
        return { rows: found, whole: false };
      }
    },
    pragma: (name) =>
      guarded(() => (prepared(`PRAGMA ${name}`).raw(true).get([]) as Row | undefined)?.[0] ?? null),
    close: () => {
      statements.clear();
      database.close();
    },
  };
}

/** Ends a transaction that failed. SQLite has ended it by itself where the disk is full. */
export function rollBack(connection: Connection): void {
  try {
    connection.exec('ROLLBACK');
  } catch {}
}

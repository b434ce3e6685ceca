import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ErrorCode, TscopeError } from '../../../errors.ts';
import { makeFolder } from '../../../folder.ts';
import { HOUR_NS, MINUTE_NS } from '../../../store/buckets.ts';
import { asCount } from '../../../store/cells.ts';
import { type Cell, type Connection, connect, type Row } from '../../../store/connection.ts';
import { migrate, versionOf } from '../../../store/migrations.ts';
import { storeOn } from '../../../store/store-on.ts';
import { fileError } from '../../../system-error.ts';
import type { FleetRetention, FleetStore, Statements, Value } from '../fleet-store.ts';
import { KEEP_LESS, newerFleetStore, noFleetStore } from '../refusals.ts';
import { FLEET_APPLICATION_ID, SQLITE_STEPS } from './schema.ts';

/** Another process that writes the same file is waited for this long, ms. */
const BUSY_MS = 10_000;
const DAY_NS = 86_400_000_000_000n;
/** Rows that one statement is run on: more of them gain nothing. */
const AT_ONCE = 50;
/** Rows that retention takes at once, so that nobody waits for long. */
const MOST_DELETED = 50_000n;

function refuseForeign(connection: Connection, path: string): void {
  const id = asCount(connection.pragma('application_id'));
  const version = versionOf(connection);
  const tables = asCount(connection.value('SELECT count(*) FROM sqlite_schema'));
  if (id === 0 && version === 0 && tables === 0) return;
  if (id !== FLEET_APPLICATION_ID) {
    const message = `${path} is not a fleet store.`;
    throw new TscopeError('STORE_REFUSED', message, 'Give another file; a host has a store of its own.');
  }
  if (version > SQLITE_STEPS.length) throw newerFleetStore(path, version, SQLITE_STEPS.length);
}

const SOUND = '`sqlite3 FILE "PRAGMA integrity_check"` shows whether the file is sound.';

/** What to do about a fault of a fleet's file: `tscope runs` reads none. */
const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  STORE_FULL: KEEP_LESS,
  STORE_DAMAGED: SOUND,
  STORE_FAILED: SOUND,
};

function withHint(error: unknown): unknown {
  if (!(error instanceof TscopeError)) return error;
  const { code, message, hint, cause } = error;
  return new TscopeError(code, message, HINTS[code] ?? hint, { cause });
}

/** A statement of PostgreSQL's for SQLite. */
const inSqlite = (sql: string): string =>
  sql
    .replace(/\bgreatest\(/g, 'max(')
    .replace(/\bleast\(/g, 'min(')
    .replaceAll("''::bytea", "x''");

const cellOf = (value: Value, real = false): Cell =>
  typeof value === 'number' && !real ? BigInt(value) : (value ?? null);

function statementsOn(connection: Connection): Statements {
  /** @param own the statement without the rows before it. */
  const run = (sql: string, cells: readonly Cell[], own = sql): readonly Row[] => {
    if (/^(SELECT|WITH)\b/.test(own)) return connection.all(sql, ...cells);
    connection.run(sql, ...cells);
    return [];
  };
  return {
    run: async (sql, values = []) => {
      const cells = values.map((value) => cellOf(value));
      return run(inSqlite(sql), cells);
    },
    each: async (columns, rows, sql) => {
      const named = columns.split(', ').map((column) => column.split(' '));
      const names = named.map(([name]) => `"${name}"`);
      const reals = named.map(([, type]) => type === 'float8');
      const row = `(${names.map(() => '?')})`;
      const own = inSqlite(sql);
      const [one, many] = [1, AT_ONCE].map(
        (count) => `WITH u (${names}) AS (VALUES ${Array(count).fill(row)}) ${own}`,
      ) as [string, string];
      const found: Row[] = [];
      let waiting: Cell[][] = [];
      for (const values of rows) {
        waiting.push(values.map((value, i) => cellOf(value, reals[i])));
        if (waiting.length < AT_ONCE) continue;
        found.push(...run(many, waiting.flat(), sql));
        waiting = [];
      }
      for (const cells of waiting) found.push(...run(one, cells, sql));
      return found;
    },
  };
}

/**
 * Opens a fleet store in a file.
 *
 * @param make whether it is made where there is none.
 * @throws TscopeError STORE_REFUSED where the file is another's or newer, or is not there; STORE_READ_ONLY, STORE_BUSY, IO.
 */
export function openSqliteFleetStore(file: string, make: boolean): FleetStore {
  const path = resolve(file);
  if (!make && !existsSync(path)) throw noFleetStore(path);
  const folder = resolve(path, '..');
  try {
    makeFolder(folder);
  } catch (error) {
    throw fileError(`cannot create ${folder}`, error);
  }
  const connection = connect(path, `${pathToFileURL(path)}?mode=rwc`, BUSY_MS);
  try {
    refuseForeign(connection, path);
    migrate(connection, SQLITE_STEPS, FLEET_APPLICATION_ID);
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
    return storeIn(connection);
  } catch (error) {
    connection.close();
    throw withHint(error);
  }
}

/** There is one connection: each waits until who came before has done, so that no two are in one transaction. */
function storeIn(connection: Connection): FleetStore {
  const store = storeOn(connection, false);
  const statements = statementsOn(connection);
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => T | Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done.catch((error: unknown) => {
      throw withHint(error);
    });
  };
  return {
    place: connection.path,
    known: { senders: new Map(), runs: new Map(), series: new Map(), said: new Map() },
    ask: (sql, values) => inTurn(() => statements.run(sql, values)),
    transaction: (work) => inTurn(() => store.longTransaction(() => work(statements))),
    alone: (work) => work(),
    dropOld: (retention, nowMs) => inTurn(() => dropOld(connection, retention, nowMs)),
    close: () => inTurn(() => store.close()),
  };
}

function dropOld(connection: Connection, retention: FleetRetention, nowMs: number): number {
  const { retainSamples, retainMinutes, retainHours } = retention;
  const nowNs = BigInt(nowMs) * 1_000_000n;
  let dropped = 0;
  for (const [table, days, unitNs] of [
    ['sample', retainSamples, 1n],
    ['minute', retainMinutes, MINUTE_NS],
    ['hour', retainHours, HOUR_NS],
  ] as const) {
    if (days === Infinity) continue;
    const oldest = nowNs / unitNs - (BigInt(days) * DAY_NS) / unitNs;
    const sql = `DELETE FROM ${table} WHERE (series, at) IN (SELECT series, at FROM ${table} WHERE at < ? LIMIT ?)`;
    for (let count = -1; count !== 0; dropped += count) count = connection.run(sql, oldest, MOST_DELETED);
  }
  return dropped;
}

import type { Pool, PoolClient } from 'pg';
import pg from 'pg';
import { TscopeError, usageError } from '../../../errors.ts';
import { asBigint, asCount, asText } from '../../../store/cells.ts';
import type { Row } from '../../../store/connection.ts';
import type { FleetStore, Statements, Value } from '../fleet-store.ts';
import { newerFleetStore, noFleetStore } from '../refusals.ts';
import { isPassing, notAllowed, placeOf, postgresError } from './postgres-error.ts';
import { PARTITIONED, type Partitioned, POSTGRES_STEPS, SCHEMA } from './schema.ts';

const OLDEST_SERVER = 150_000;
const CONNECTIONS = 8;
const CONNECT_MS = 10_000;
/** Nothing that is asked here takes as long. */
const STATEMENT_MS = 120_000;
/** A transaction that another one was in the way of is tried this many times. */
const TRIES = 8;
/** Partitions are there before the first row comes, days. */
const AHEAD_DAYS = 7n;
/** Without a limit on age partitions are made for this long back, days. */
const BACK_DAYS = 400n;
const DAY_MS = 86_400_000;
/** Arbitrary: two locks of this database that only tscope takes. */
const MIGRATION_LOCK = 7_473_666;
const UPKEEP_LOCK = 7_473_667;

/** Types of PostgreSQL that come as bigint, by their numbers in pg_type. */
const INTEGERS = [20, 21, 23];
const BYTEA = 17;
const DOUBLES = [700, 701];

const types = {
  getTypeParser: (oid: number, format?: string): ((value: never) => unknown) => {
    if (format === 'binary') return (value) => value;
    if (INTEGERS.includes(oid)) return (value: string) => BigInt(value);
    if (DOUBLES.includes(oid)) return Number;
    if (oid === BYTEA) return (value: string) => Buffer.from(value.slice(2), 'hex');
    return (value) => value;
  },
};

/** `?1` as `$1`. */
const numbered = (sql: string): string => sql.replace(/\?(\d+)/g, '$$$1');

/** Numbers as an array of PostgreSQL's, without looking at each for characters to quote. */
const numbers = (values: readonly Value[]): string => `{${values.map((value) => value ?? 'NULL').join()}}`;

/** All rows go into one statement: an array for each column. */
function statementsOn(client: Pick<PoolClient, 'query'>): Statements {
  const query = async (text: string, values: readonly unknown[] = []) =>
    (await client.query({ text: numbered(text), values: [...values], rowMode: 'array', types }))
      .rows as Row[];
  return {
    run: query,
    each: async (columns, rows, sql) => {
      const named = columns.split(', ').map((column) => column.split(' '));
      const lists = named.map((): Value[] => []);
      for (const row of rows) for (let i = 0; i < lists.length; i++) lists[i]?.push(row[i]);
      if (lists[0]?.length === 0) return [];
      const names = named.map(([name]) => `"${name}"`);
      const arrays = named.map(([, type], i) => `$${i + 1}::${type}[]`);
      const values = lists.map((list, i) =>
        ['text', 'bytea'].includes(named[i]?.[1] ?? '') ? list : numbers(list),
      );
      return await query(`WITH u (${names}) AS (SELECT * FROM unnest(${arrays})) ${sql}`, values);
    },
  };
}

/**
 * Opens a fleet store in a PostgreSQL database.
 *
 * @param make whether its tables are made where there are none.
 * @throws TscopeError USAGE where that is no address; STORE_REFUSED where the server is too old, the store newer or not there, or the user not allowed; STORE_BUSY
 * where it cannot be reached; STORE_READ_ONLY.
 */
export async function openPostgresFleetStore(url: string, make: boolean): Promise<FleetStore> {
  const place = placeOf(url);
  if (place === null) {
    throw usageError('`db`: this is not the address of a database.', 'Give postgres://USER@HOST/DATABASE.');
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    application_name: 'tscope fleet',
    options: `-c search_path=${SCHEMA}`,
  });
  // A connection that breaks while nobody uses it is replaced when somebody does.
  pool.on('error', () => {});
  try {
    await prepare(pool, place, make);
    return storeIn(pool, place);
  } catch (error) {
    await pool.end();
    throw postgresError(error, place);
  }
}

async function prepare(pool: Pool, place: string, make: boolean): Promise<void> {
  const client = await pool.connect();
  const { run } = statementsOn(client);
  try {
    const [server] = await run('SHOW server_version_num');
    if (Number(asText(server?.[0])) < OLDEST_SERVER) {
      throw new TscopeError('STORE_REFUSED', `${place}: PostgreSQL 15 or later is needed.`);
    }
    await run('BEGIN');
    await run(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
    const [found] = await run(
      `SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = $1), (SELECT count(*) FROM pg_tables WHERE schemaname = $1 AND tablename = 'version'),
         (SELECT count(*) FROM pg_namespace WHERE nspname = $1 AND NOT has_schema_privilege(oid, 'USAGE'))`,
      [SCHEMA],
    );
    const [schemas, tables] = [asCount(found?.[0]), asCount(found?.[1])];
    // Its tables cannot even be named: the search path leaves out what a user may not use.
    if (asCount(found?.[2]) === 1) throw notAllowed(place);
    if (schemas === 1 && tables === 0) {
      const message = `${place}: its schema ${SCHEMA} is not a fleet store's.`;
      throw new TscopeError('STORE_REFUSED', message, 'Give another database.');
    }
    if (schemas === 0) {
      if (!make) throw noFleetStore(place);
      await run(`CREATE SCHEMA ${SCHEMA}`);
      await run(`CREATE TABLE version (version INTEGER NOT NULL)`);
      await run('INSERT INTO version VALUES (0)');
    }
    const [row] = await run('SELECT version FROM version');
    const version = asCount(row?.[0]);
    if (version > POSTGRES_STEPS.length) throw newerFleetStore(place, version, POSTGRES_STEPS.length);
    for (const step of POSTGRES_STEPS.slice(version)) await client.query(step);
    if (version < POSTGRES_STEPS.length)
      await run('UPDATE version SET version = $1', [POSTGRES_STEPS.length]);
    await run('COMMIT');
  } finally {
    // Also ends a transaction that failed.
    client.release(true);
  }
}

function storeIn(pool: Pool, place: string): FleetStore {
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw postgresError(error, place);
    }
  };
  const attempt = async <T>(work: (own: Statements) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    let broken = true;
    try {
      const own = statementsOn(client);
      await own.run('BEGIN');
      const result = await work(own);
      await own.run('COMMIT');
      broken = false;
      return result;
    } finally {
      client.release(broken);
    }
  };
  const transaction = <T>(work: (own: Statements) => Promise<T>): Promise<T> =>
    guarded(async () => {
      for (let tried = 1; ; tried++) {
        try {
          return await attempt(work);
        } catch (error) {
          if (!isPassing(error) || tried === TRIES) throw error;
        }
      }
    });
  return {
    place,
    known: { senders: new Map(), runs: new Map(), series: new Map(), said: new Map() },
    ask: (sql, values) => guarded(() => statementsOn(pool).run(sql, values)),
    transaction,
    alone: (work) =>
      guarded(async () => {
        const client = await pool.connect();
        try {
          const [lock] = await statementsOn(client).run(`SELECT pg_try_advisory_lock(${UPKEEP_LOCK})::int`);
          return asCount(lock?.[0]) === 0 ? null : await work();
        } finally {
          // With the connection goes its lock.
          client.release(true);
        }
      }),
    dropOld: async ({ retainSamples, retainMinutes, retainHours }, nowMs) => {
      let dropped = 0;
      for (const [table, days] of [
        ['sample', retainSamples],
        ['minute', retainMinutes],
        ['hour', retainHours],
      ] as const) {
        dropped += await transaction((own) => keepPartitions(own, table, days, nowMs));
      }
      return dropped;
    },
    close: () => pool.end(),
  };
}

/** Makes the partitions that are or will be needed, and drops those that are too old. @returns how many went. */
async function keepPartitions(
  { run }: Statements,
  table: Partitioned,
  keptDays: number,
  nowMs: number,
): Promise<number> {
  const { span, perDay } = PARTITIONED[table];
  const today = BigInt(Math.floor(nowMs / DAY_MS));
  const oldest = keptDays === Infinity ? null : (today - BigInt(keptDays)) * perDay;
  const first = (oldest ?? (today - BACK_DAYS) * perDay) / span;
  const last = ((today + AHEAD_DAYS) * perDay) / span;
  const named = await run(
    `SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = $1::regclass AND c.relname ~ '_[0-9]+$'`,
    [`${SCHEMA}.${table}`],
  );
  const there = new Set(named.map(([name]) => BigInt(asText(name).slice(table.length + 1))));
  const coming = Array.from(
    { length: Number(last - (today * perDay) / span) + 1 },
    (_, i) => (today * perDay) / span + BigInt(i),
  );
  const stray = await run(
    `SELECT DISTINCT at / $1::bigint FROM ${table}_other WHERE at >= $2::bigint AND at < $3::bigint LIMIT 100`,
    [span, first * span, (last + 1n) * span],
  );
  const wanted = new Set<bigint>([...coming, ...stray.map(([index]) => asBigint(index))]);
  for (const index of wanted) if (!there.has(index)) await addPartition(run, table, index);
  if (oldest === null) return 0;
  let dropped = 0;
  for (const index of there) {
    if ((index + 1n) * span > oldest) continue;
    await run(`DROP TABLE ${table}_${index}`);
    dropped += 1;
  }
  const deleted = await run(
    `WITH d AS (DELETE FROM ${table}_other WHERE at < $1 RETURNING 1) SELECT count(*) FROM d`,
    [oldest],
  );
  return dropped + asCount(deleted[0]?.[0]);
}

/** Rows of its time that are in `_other` move into it. */
async function addPartition(run: Statements['run'], table: Partitioned, index: bigint): Promise<void> {
  const { span } = PARTITIONED[table];
  const name = `${table}_${index}`;
  const [from, to] = [index * span, (index + 1n) * span];
  // However many there are: given up they would be there still the next time.
  await run('SET LOCAL statement_timeout = 0');
  await run(`LOCK TABLE ${table}_other IN ACCESS EXCLUSIVE MODE`);
  await run(`CREATE TABLE ${name} (LIKE ${table} INCLUDING ALL)`);
  await run(
    `WITH moved AS (DELETE FROM ${table}_other WHERE at >= ${from} AND at < ${to} RETURNING *) INSERT INTO ${name} SELECT * FROM moved`,
  );
  await run(`ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${to})`);
}

import type { Pool, PoolClient } from 'pg';
import pg from 'pg';
import { TscopeError, usageError } from '../../../errors.ts';
import { asBigint, asCount, asText } from '../../../store/cells.ts';
import type { Row } from '../../../store/connection.ts';
import { groups } from '../../findings/peers.ts';
import type {
  Delivery,
  FleetRetention,
  FleetStore,
  StampedProfile,
  Standing,
  Upkeep,
  Width,
} from '../fleet-store.ts';
import { bytesOf, Reader } from '../reader.ts';
import { newerStore, noStore } from '../refusals.ts';
import { freshHours, type RollupRows, type Rows, rowsOf, type SenderRow } from '../rows.ts';
import { merged, type Range, rangeOf, rangesOf } from '../settled.ts';
import { previousBoots } from '../tables.ts';
import { type Move, separation } from '../twins.ts';
import { isPassing, notAllowed, placeOf, postgresError } from './postgres-error.ts';
import { MIGRATIONS, PARTITIONED, type Partitioned, SCHEMA } from './schema.ts';

const OLDEST_SERVER = 150_000;
const CONNECTIONS = 8;
const CONNECT_MS = 10_000;
/** Nothing that is asked here takes as long. */
const STATEMENT_MS = 120_000;
/** A transaction that another one was in the way of is tried this many times. */
const TRIES = 8;
/** Identities whose numbers are remembered: of 100,000 hosts with their runs and series, and some more. */
const MOST_KNOWN = 1_000_000;
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
const numbers = (values: readonly unknown[]): string => `{${values.join()}}`;

/** Cells of rows, in the order of their columns. */
type Cells = ReadonlyArray<readonly unknown[]>;

/** Names and types, as in `host int, score float8`. */
const columnsIn = (columns: string) =>
  columns.split(', ').map((column) => column.split(' ') as [name: string, type: string]);

/** Rows that go with a statement, which it calls `u`: what stands behind FROM, and the statement's values. */
function unnested(columns: string, rows: Cells): readonly [from: string, values: unknown[]] {
  const named = columnsIn(columns);
  const arrays = named.map(([, type], i) => `$${i + 1}::${type}[]`);
  const values = named.map(([, type], i) =>
    type === 'text' || type === 'bytea'
      ? rows.map((row) => row[i])
      : numbers(rows.map((row) => row[i] ?? 'NULL')),
  );
  return [`unnest(${arrays.join()}) AS u (${named.map(([name]) => `"${name}"`).join()})`, values];
}

/** Adds rows in one statement. */
async function insert(
  run: Run,
  table: string,
  columns: string,
  rows: Cells,
  rest = 'ON CONFLICT DO NOTHING',
): Promise<void> {
  if (rows.length === 0) return;
  const [from, values] = unnested(columns, rows);
  const names = columnsIn(columns).map(([name]) => `"${name}"`);
  await run(`INSERT INTO ${table} (${names.join()}) SELECT * FROM ${from} ${rest}`, values);
}

/** Something of the database that a statement is run on. */
type Run = (sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

const runOn =
  (client: Pick<PoolClient, 'query'>): Run =>
  async (text, values = []) =>
    (await client.query({ text, values: [...values], rowMode: 'array', types })).rows as Row[];

/** Numbers of rows by their identities; what was forgotten is looked up again. */
class Known {
  readonly #numbers = new Map<string, number>();

  get(identity: string): number | undefined {
    return this.#numbers.get(identity);
  }

  set(identity: string, number: number): void {
    if (this.#numbers.size >= MOST_KNOWN) this.#numbers.clear();
    this.#numbers.set(identity, number);
  }
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
    return new PostgresFleetStore(pool, place);
  } catch (error) {
    await pool.end();
    throw postgresError(error, place);
  }
}

async function prepare(pool: Pool, place: string, make: boolean): Promise<void> {
  const client = await pool.connect();
  const run = runOn(client);
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
      if (!make) throw noStore(place);
      await run(`CREATE SCHEMA ${SCHEMA}`);
      await run(`CREATE TABLE version (version INTEGER NOT NULL)`);
      await run('INSERT INTO version VALUES (0)');
    }
    const [row] = await run('SELECT version FROM version');
    const version = asCount(row?.[0]);
    if (version > MIGRATIONS.length) throw newerStore(place, version, MIGRATIONS.length);
    for (const step of MIGRATIONS.slice(version)) await client.query(step);
    if (version < MIGRATIONS.length) await run('UPDATE version SET version = $1', [MIGRATIONS.length]);
    await run('COMMIT');
  } finally {
    // Also ends a transaction that failed.
    client.release(true);
  }
}

class PostgresFleetStore extends Reader implements FleetStore {
  readonly #pool: Pool;
  readonly place: string;
  readonly #senders = new Known();
  /** What a sender said of itself last, to write it only when it changes. */
  readonly #described = new Map<string, string>();
  readonly #runs = new Known();
  readonly #series = new Known();

  constructor(pool: Pool, place: string) {
    super(async (sql, values) => {
      try {
        return await runOn(pool)(numbered(sql), values);
      } catch (error) {
        throw postgresError(error, place);
      }
    });
    this.#pool = pool;
    this.place = place;
  }

  async write({ stream, received, refused }: Delivery): Promise<void> {
    const rows = rowsOf(received);
    const stored = received.map(({ sequence }) => sequence);
    const learnt: (() => void)[] = [];
    await this.#transaction(async (run) => {
      // What was learnt in a transaction that failed is not true.
      learnt.length = 0;
      const senders = await this.#putSenders(run, rows, learnt);
      const runs = await this.#putRuns(run, rows, senders, learnt);
      const series = await this.#putSeries(run, rows, runs, learnt);
      await putRollups(run, 'minute', rows.minutes, series);
      await putRollups(run, 'hour', rows.hours, series);
      await putSamples(run, rows, series);
      await putRest(run, rows, runs);
      await putStale(run, rows, runs);
      await addRanges(run, stream, [...rangesOf(stored, false), ...rangesOf(refused, true)]);
    });
    for (const learn of learnt) learn();
  }

  async putStandings(standings: readonly Standing[]): Promise<void> {
    await this.#transaction(async (run) => {
      await run(
        'DELETE FROM standing t WHERE NOT EXISTS (SELECT 1 FROM unnest($1::int[]) AS u (host) WHERE u.host = t.host)',
        [numbers(standings.map(({ host }) => host))],
      );
      await insert(
        run,
        'standing',
        'host int, score float8, detail text',
        standings.map(({ host, score, detail }) => [host, score, detail]),
        `ON CONFLICT (host) DO UPDATE SET score = excluded.score, detail = excluded.detail
         WHERE standing.detail <> excluded.detail`,
      );
    });
  }

  async putProfiles(profiles: readonly StampedProfile[]): Promise<void> {
    const [from, values] = unnested(
      'host int, stamp int, hour int, rates bytea, claim text, kvm text',
      profiles.map((profile) => {
        const { host, stamp, hour, claim, kvm } = profile;
        return [host, stamp, hour, bytesOf(profile), claim, kvm];
      }),
    );
    const sql = `UPDATE profile q SET fresh = NULL, hour = u.hour, rates = u.rates, claim = u.claim, kvm = u.kvm
      FROM ${from} WHERE q.host = u.host AND q.stamp = u.stamp`;
    await this.#transaction((run) => run(sql, values));
  }

  async putConclusions(json: string): Promise<void> {
    await this.#transaction(async (run) => {
      const sql =
        'INSERT INTO conclusions (id, json) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET json = excluded.json';
      await run(sql, [json]);
    });
  }

  async upkeep(retention: FleetRetention, nowMs: number): Promise<Upkeep> {
    const client = await this.#connect();
    try {
      const run = runOn(client);
      // One collector does it for all.
      const [lock] = await run(`SELECT pg_try_advisory_lock(${UPKEEP_LOCK})::int`);
      if (asCount(lock?.[0]) === 0) return { twins: [], dropped: 0 };
      const twins = await this.separateTwins((word, moves) => this.#separate(word, moves));
      await this.#transaction(mergeSettled);
      let dropped = 0;
      const days = {
        sample: retention.samplesDays,
        minute: retention.minutesDays,
        hour: retention.hoursDays,
      };
      for (const table of Object.keys(PARTITIONED) as Partitioned[]) {
        dropped += await this.#transaction((own) => keepPartitions(own, table, days[table], nowMs));
      }
      return { twins, dropped };
    } catch (error) {
      throw postgresError(error, this.place);
    } finally {
      // With the connection goes its lock.
      client.release(true);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw postgresError(error, this.place);
    }
  }

  async #transaction<T>(work: (run: Run) => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried++) {
      const client = await this.#connect();
      let broken = true;
      try {
        const run = runOn(client);
        await run('BEGIN');
        const result = await work(run);
        await run('COMMIT');
        broken = false;
        return result;
      } catch (error) {
        if (!isPassing(error) || tried === TRIES) throw postgresError(error, this.place);
      } finally {
        client.release(broken);
      }
    }
  }

  async #putSenders(
    run: Run,
    { senders }: Rows,
    learnt: (() => void)[],
  ): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    const all = [...senders.values()];
    if (all.length === 0) return found;
    const unknown = all.filter(({ identity }) => this.#senders.get(identity) === undefined);
    if (unknown.length > 0) await addSenders(run, unknown);
    await lookUp(run, 'sender', senders.keys(), this.#senders, found, learnt);
    const number = ({ identity }: SenderRow): number => found.get(identity) as number;
    const sorted = all.toSorted((a, b) => number(a) - number(b));
    const [from, values] = unnested(
      'id int, at bigint, error bigint, minutes bigint, samples bigint, events bigint, documents bigint',
      sorted.map((sender) => {
        const { minutes, samples, events, documents } = sender.lost;
        const { receivedAtMs, clockErrorMs } = sender;
        return [number(sender), receivedAtMs, clockErrorMs, minutes, samples, events, documents];
      }),
    );
    await run(
      `UPDATE sender s SET last_at = greatest(s.last_at, u.at), first_at = least(s.first_at, u.at),
         clock_error = CASE WHEN u.at >= s.last_at THEN u.error ELSE s.clock_error END,
         lost_minutes = greatest(s.lost_minutes, u.minutes), lost_samples = greatest(s.lost_samples, u.samples),
         lost_events = greatest(s.lost_events, u.events), lost_documents = greatest(s.lost_documents, u.documents)
       FROM ${from} WHERE s.id = u.id`,
      values,
    );
    // What it says of itself comes with each batch, and its facts only when they change.
    const changed = sorted.filter(
      ({ identity, host, facts }) =>
        facts !== undefined || this.#described.get(identity) !== JSON.stringify(host),
    );
    await describe(run, number, changed);
    learnt.push(() => {
      if (this.#described.size >= MOST_KNOWN) this.#described.clear();
      for (const { identity, host } of changed) this.#described.set(identity, JSON.stringify(host));
    });
    return found;
  }

  async #putRuns(
    run: Run,
    { runs }: Rows,
    senders: ReadonlyMap<string, number>,
    learnt: (() => void)[],
  ): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    const all = [...runs.values()];
    const fresh = all.filter(
      ({ identity, endedAtNs }) => endedAtNs !== null || this.#runs.get(identity) === undefined,
    );
    if (fresh.length > 0) {
      const owners = new Map(senders);
      const absent = fresh.map(({ sender }) => sender).filter((identity) => !owners.has(identity));
      await lookUp(run, 'sender', absent, this.#senders, owners, learnt);
      await insert(
        run,
        'run',
        'identity text, sender int, key text, command text, started_at bigint, ended_at bigint',
        fresh.map(({ identity, sender, shipper, key, command, startedAtNs, endedAtNs }) => {
          const owner = owners.get(sender) ?? owners.get(shipper);
          return [identity, owner, key, command, startedAtNs, endedAtNs];
        }),
        'ON CONFLICT (identity) DO UPDATE SET ended_at = coalesce(run.ended_at, excluded.ended_at)',
      );
    }
    await lookUp(run, 'run', runs.keys(), this.#runs, found, learnt);
    return found;
  }

  async #putSeries(
    run: Run,
    { series }: Rows,
    runs: ReadonlyMap<string, number>,
    learnt: (() => void)[],
  ): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    const fresh = [...series.values()].filter(({ identity }) => this.#series.get(identity) === undefined);
    await insert(
      run,
      'series',
      'identity text, run int, clock text, reference text, independent int, reason text, origin bigint',
      fresh.map(({ identity, run, clock, reference, independent, reason, originNs }) => {
        const flag = independent === null ? null : Number(independent);
        return [identity, runs.get(run), clock, reference, flag, reason, originNs];
      }),
    );
    await lookUp(run, 'series', series.keys(), this.#series, found, learnt);
    return found;
  }

  #separate(word: string, moves: readonly Move[]): Promise<void> {
    const stale = (hosts: string) =>
      `INSERT INTO profile (host, fresh, stamp, hour, rates) SELECT host, 0, 1, 0, '' FROM (${hosts}) h ORDER BY host ${STALE}`;
    return this.#transaction(async (run) => {
      for (const [sql, ...values] of separation(word, moves, stale)) await run(numbered(sql), values);
    });
  }
}

/** Finds the numbers of rows that are there by now. */
async function lookUp(
  run: Run,
  table: 'sender' | 'run' | 'series',
  identities: Iterable<string>,
  known: Known,
  found: Map<string, number>,
  learnt: (() => void)[],
): Promise<void> {
  const missing: string[] = [];
  for (const identity of identities) {
    const number = known.get(identity);
    if (number === undefined) missing.push(identity);
    else found.set(identity, number);
  }
  if (missing.length === 0) return;
  for (const row of await run(`SELECT identity, id FROM ${table} WHERE identity = ANY($1)`, [missing])) {
    const [identity, number] = [asText(row[0]), asCount(row[1])];
    found.set(identity, number);
    learnt.push(() => known.set(identity, number));
  }
}

/** Each belongs to the host of the same machine and local store, else to the one heard from last under its word. */
async function addSenders(run: Run, unsorted: readonly SenderRow[]): Promise<void> {
  const senders = unsorted.toSorted((a, b) => (a.identity < b.identity ? -1 : 1));
  const [from, values] = unnested(
    'identity text, word text, machine text, instance text, boot text, at bigint',
    senders.map(({ identity, host: { id, machine, instance, boot }, receivedAtMs }) => {
      return [identity, id, machine, instance, boot, receivedAtMs];
    }),
  );
  await run(
    `INSERT INTO host (word, twin, first_at) SELECT word, 1, min(at) FROM ${from}
     GROUP BY word ORDER BY word ON CONFLICT DO NOTHING`,
    values,
  );
  await run(
    `INSERT INTO sender (identity, host, word, machine, instance, boot, hostname, version, labels, first_at, last_at,
       clock_error, lost_minutes, lost_samples, lost_events, lost_documents)
     SELECT u.identity, coalesce(
         (SELECT k.host FROM sender k WHERE k.word = u.word
          ORDER BY (k.machine = u.machine AND k.instance = u.instance) DESC, k.last_at DESC LIMIT 1),
         (SELECT h.id FROM host h WHERE h.word = u.word AND h.twin = 1)),
       u.word, u.machine, u.instance, u.boot, '', '', '{}', u.at, -1, 0, 0, 0, 0, 0
     FROM ${from} ON CONFLICT (identity) DO NOTHING`,
    values,
  );
  const identities = senders.map(({ identity }) => identity);
  await run(
    `UPDATE host h SET sender = s.id FROM (SELECT DISTINCT ON (host) id, host, first_at FROM sender
       WHERE identity = ANY($1) ORDER BY host, first_at DESC) s
     WHERE h.id = s.host AND (h.sender IS NULL OR (SELECT last_at FROM sender c WHERE c.id = h.sender) <= s.first_at)`,
    [identities],
  );
  const hosts = `SELECT q.host FROM sender q JOIN sender x ON x.host = q.host WHERE x.identity = ANY($1)
    GROUP BY q.host HAVING count(DISTINCT q.id) > 1`;
  await run(previousBoots(hosts), [identities]);
}

/** What senders say of themselves, unless something newer is known. */
async function describe(
  run: Run,
  number: (sender: SenderRow) => number,
  senders: readonly SenderRow[],
): Promise<void> {
  const told = senders.flatMap((sender) => {
    const { facts, unstable, receivedAtMs } = sender;
    if (facts === undefined) return [];
    const { cpu, kernel, clocksource, virtualization, discipline } = facts;
    const row = [JSON.stringify(facts), cpu, kernel, clocksource, virtualization, discipline, unstable];
    return [[number(sender), receivedAtMs, ...row]];
  });
  if (told.length > 0) {
    const [from, values] = unnested(
      'id int, at bigint, facts text, cpu text, kernel text, clocksource text, virtualization text, discipline text, unstable text',
      told,
    );
    await run(
      `UPDATE sender s SET facts = u.facts, cpu = u.cpu, kernel = u.kernel, clocksource = u.clocksource,
         virtualization = u.virtualization, discipline = u.discipline,
         unstable_at = CASE WHEN u.unstable IS NULL THEN s.unstable_at ELSE coalesce(s.unstable_at, u.at) END,
         unstable = coalesce(s.unstable, u.unstable)
       FROM ${from} WHERE s.id = u.id AND (s.last_at <= u.at OR s.facts IS NULL)`,
      values,
    );
  }
  if (senders.length === 0) return;
  const [from, values] = unnested(
    'id int, at bigint, hostname text, version text, labels text',
    senders.map((sender) => {
      const { hostname, version, labels } = sender.host;
      return [number(sender), sender.receivedAtMs, hostname, version, JSON.stringify(labels)];
    }),
  );
  const newer = await run(
    `UPDATE sender s SET hostname = u.hostname, version = u.version, labels = u.labels
     FROM ${from} WHERE s.id = u.id AND s.last_at <= u.at RETURNING s.id`,
    values,
  );
  const ids = new Set(newer.map(([id]) => asCount(id)));
  const labels = senders
    .filter((sender) => ids.has(number(sender)))
    .flatMap((sender) => Object.entries(sender.host.labels).map((label) => [number(sender), ...label]));
  await run('DELETE FROM label WHERE sender = ANY($1::int[])', [numbers([...ids])]);
  await insert(run, 'label', 'sender int, key text, value text', labels, '');
}

/** Of two that say something about the same minute the one with more samples is the later. */
async function putRollups(
  run: Run,
  width: Width,
  rows: readonly RollupRows[],
  series: ReadonlyMap<string, number>,
): Promise<void> {
  // One statement may change a row once only.
  const latest = new Map<string, readonly number[]>();
  for (const { series: identity, rollups } of rows) {
    const id = series.get(identity) as number;
    for (const rollup of rollups) {
      const key = `${id} ${rollup[0]}`;
      const known = latest.get(key);
      if (known === undefined || (known[2] as number) < rollup[1]) latest.set(key, [id, ...rollup]);
    }
  }
  const figures =
    'min float8, max float8, mean float8, first_since float8, first float8, last_since float8, last float8';
  await insert(
    run,
    width,
    `series int, at int, count int, ${figures}`,
    [...latest.values()],
    `ORDER BY 1, 2 ON CONFLICT (series, at) DO UPDATE SET count = excluded.count, min = excluded.min, max = excluded.max,
       mean = excluded.mean, first_since = excluded.first_since, first = excluded.first,
       last_since = excluded.last_since, last = excluded.last
     WHERE excluded.count > ${width}.count`,
  );
}

async function putSamples(run: Run, { samples }: Rows, series: ReadonlyMap<string, number>): Promise<void> {
  if (samples.length === 0) return;
  // In columns: there may be a million of them.
  const [ids, times, offsets, windows]: [number[], bigint[], number[], number[]] = [[], [], [], []];
  for (const { series: identity, baseNs, sinceNs, offsetsNs, windowsNs } of samples) {
    const id = series.get(identity) as number;
    sinceNs.forEach((since, i) => {
      ids.push(id);
      times.push(baseNs + BigInt(Math.round(since)));
      offsets.push(offsetsNs[i] as number);
      windows.push(windowsNs[i] as number);
    });
  }
  await run(
    `INSERT INTO sample (series, at, "offset", "window")
     SELECT * FROM unnest($1::int[], $2::bigint[], $3::float8[], $4::float8[]) AS u ORDER BY 1, 2 ON CONFLICT DO NOTHING`,
    [ids, times, offsets, windows].map(numbers),
  );
}

async function putRest(
  run: Run,
  { events, calibrations, documents }: Rows,
  runs: ReadonlyMap<string, number>,
): Promise<void> {
  await insert(
    run,
    'event',
    'run int, at bigint, seen_at bigint, kind text, detail text, clock text, reference text',
    events.map(({ run, atNs, seenAtMs, kind, detail, clock, reference }) => {
      return [runs.get(run), atNs, seenAtMs, kind, detail, clock ?? '', reference ?? ''];
    }),
  );
  await insert(
    run,
    'calibration',
    'run int, at bigint, result text',
    calibrations.map(({ run, atNs, calibration }) => [runs.get(run), atNs, JSON.stringify(calibration)]),
  );
  if (calibrations.length > 0) {
    const [from, values] = unnested(
      'run int, hz float8',
      calibrations.map(({ run, calibration }) => [runs.get(run), calibration.kernelHz]),
    );
    await run(
      `UPDATE sender s SET kernel_hz = u.hz FROM ${from} JOIN run r ON r.id = u.run
       WHERE s.id = r.sender AND u.hz IS DISTINCT FROM s.kernel_hz AND u.hz IS NOT NULL`,
      values,
    );
  }
  for (const { run: identity, kind, kernel, summary, content } of documents) {
    await run(
      'INSERT INTO document (run, kind, kernel, summary, content) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING',
      [runs.get(identity), kind, kernel, summary, content],
    );
  }
}

const STALE = `ON CONFLICT (host) DO UPDATE SET stamp = profile.stamp + 1, fresh = least(profile.fresh, excluded.fresh)`;

async function putStale(run: Run, rows: Rows, runs: ReadonlyMap<string, number>): Promise<void> {
  const fresh = [...freshHours(rows)].map(([identity, hour]) => [runs.get(identity), hour]);
  if (fresh.length === 0) return;
  const [from, values] = unnested('run int, fresh int', fresh);
  await run(
    `INSERT INTO profile (host, fresh, stamp, hour, rates) SELECT x.host, min(u.fresh), 1, 0, '' FROM ${from}
       JOIN run r ON r.id = u.run JOIN sender x ON x.id = r.sender GROUP BY x.host ORDER BY x.host ${STALE}`,
    values,
  );
}

const addRanges = (run: Run, stream: string, ranges: readonly Range[]): Promise<void> =>
  insert(
    run,
    'settled',
    'stream text, first bigint, last bigint, refused int',
    ranges.map(({ first, last, refused }) => [stream, first, last, Number(refused)]),
    '',
  );

async function mergeSettled(run: Run): Promise<void> {
  const rows = await run('DELETE FROM settled RETURNING stream, first, last, refused');
  for (const [stream, own] of groups(rows, ([stream]) => asText(stream))) {
    await addRanges(run, stream, merged(own.map((row) => rangeOf(row.slice(1)))));
  }
}

/** Makes the partitions that are or will be needed, and drops those that are too old. @returns how many went. */
async function keepPartitions(
  run: Run,
  table: Partitioned,
  keptDays: number | null,
  nowMs: number,
): Promise<number> {
  const { span, perDay } = PARTITIONED[table];
  const today = BigInt(Math.floor(nowMs / DAY_MS));
  const oldest = keptDays === null ? null : (today - BigInt(keptDays)) * perDay;
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
async function addPartition(run: Run, table: Partitioned, index: bigint): Promise<void> {
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

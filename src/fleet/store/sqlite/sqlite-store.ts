import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TscopeError } from '../../../errors.ts';
import { makeFolder } from '../../../folder.ts';
import { HOUR_NS, MINUTE_NS } from '../../../store/buckets.ts';
import { asBigint, asCount, asText, orNull } from '../../../store/cells.ts';
import { type Cell, type Connection, connect } from '../../../store/connection.ts';
import { migrate, versionOf } from '../../../store/migrations.ts';
import { type Store, storeOn } from '../../../store/store-on.ts';
import { fileError } from '../../../system-error.ts';
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
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

/** Another process that writes the same file is waited for this long, ms. */
const BUSY_MS = 10_000;
const DAY_NS = 86_400_000_000_000n;
/** Rows of one delivery's transaction that retention takes at once, so that nobody waits for long. */
const MOST_DELETED = 50_000n;

/** Makes the profiles of these hosts stale from an hour on. */
const staleOf = (hosts: string, hour: string): string =>
  `INSERT INTO profile (host, fresh, stamp, hour, rates) SELECT host, ${hour}, 1, 0, x'' FROM (${hosts}) WHERE true
   ON CONFLICT (host) DO UPDATE SET stamp = stamp + 1, fresh = min(coalesce(fresh, excluded.fresh), excluded.fresh)`;

/** What a sender is before anything is known of it. */
const NOTHING_SAID = {
  hostname: '',
  version: '',
  labels: '{}',
  clock_error: 0n,
  lost_minutes: 0n,
  lost_samples: 0n,
  lost_events: 0n,
  lost_documents: 0n,
};

/** The numbers of rows by their identities. */
type Numbers = ReadonlyMap<string, bigint>;

function refuseForeign(connection: Connection, path: string): void {
  const id = asCount(connection.pragma('application_id'));
  const version = versionOf(connection);
  const tables = asCount(connection.value('SELECT count(*) FROM sqlite_schema'));
  if (id === 0 && version === 0 && tables === 0) return;
  if (id !== APPLICATION_ID) {
    const message = `${path} is not a fleet store.`;
    throw new TscopeError('STORE_REFUSED', message, 'Give another file; a host has a store of its own.');
  }
  if (version > MIGRATIONS.length) throw newerStore(path, version, MIGRATIONS.length);
}

/**
 * Opens a fleet store in a file.
 *
 * @param make whether it is made where there is none.
 * @throws TscopeError STORE_REFUSED where the file is another's or newer, or is not there; STORE_READ_ONLY, STORE_BUSY, IO.
 */
export function openSqliteFleetStore(file: string, make: boolean): FleetStore {
  const path = resolve(file);
  if (!make && !existsSync(path)) throw noStore(path);
  const folder = resolve(path, '..');
  try {
    makeFolder(folder);
  } catch (error) {
    throw fileError(`cannot create ${folder}`, error);
  }
  const connection = connect(path, `${pathToFileURL(path)}?mode=rwc`, BUSY_MS);
  try {
    refuseForeign(connection, path);
    migrate(connection, MIGRATIONS, APPLICATION_ID);
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
    return new SqliteFleetStore(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** One connection, on which everything is synchronous: no two calls are ever in each other's transaction. */
class SqliteFleetStore extends Reader implements FleetStore {
  readonly #store: Store;
  readonly #connection: Connection;
  readonly #inserts = new Map<string, string>();
  readonly place: string;

  constructor(connection: Connection) {
    super(async (sql, values) => connection.all(sql, ...values));
    this.#store = storeOn(connection, false);
    this.#connection = connection;
    this.place = connection.path;
  }

  async write({ stream, received, refused }: Delivery): Promise<void> {
    const rows = rowsOf(received);
    const stored = received.map(({ sequence }) => sequence);
    this.#store.transaction(() => {
      const senders = this.#putSenders(rows);
      const runs = this.#putRuns(rows, senders);
      const series = this.#putSeries(rows, runs);
      this.#putRollups('minute', rows.minutes, series);
      this.#putRollups('hour', rows.hours, series);
      this.#putSamples(rows, series);
      this.#putRest(rows, runs);
      this.#putStale(rows, runs);
      this.#settle(stream, [...rangesOf(stored, false), ...rangesOf(refused, true)]);
    });
  }

  async putStandings(standings: readonly Standing[]): Promise<void> {
    this.#store.transaction(() => {
      this.#connection.run('DELETE FROM standing');
      const sql = 'INSERT INTO standing (host, score, detail) VALUES (?, ?, ?)';
      for (const { host, score, detail } of standings) this.#connection.run(sql, BigInt(host), score, detail);
    });
  }

  async putProfiles(profiles: readonly StampedProfile[]): Promise<void> {
    this.#store.transaction(() => {
      for (const { host, stamp, hour, rates, claim, kvm } of profiles) {
        this.#connection.run(
          `UPDATE profile SET fresh = NULL, hour = ?, rates = ?, claim = ?, kvm = ? WHERE host = ? AND stamp = ?`,
          BigInt(hour),
          bytesOf({ rates }),
          claim,
          kvm,
          BigInt(host),
          BigInt(stamp),
        );
      }
    });
  }

  async putConclusions(json: string): Promise<void> {
    this.#connection.run('INSERT OR REPLACE INTO conclusions (id, json) VALUES (1, ?)', json);
  }

  async upkeep(retention: FleetRetention, nowMs: number): Promise<Upkeep> {
    const twins = await this.separateTwins((word, moves) => this.#separate(word, moves));
    this.#store.transaction(() => this.#mergeSettled());
    const nowNs = BigInt(nowMs) * 1_000_000n;
    const { samplesDays, minutesDays, hoursDays } = retention;
    const limits = [
      ['sample', samplesDays, nowNs, DAY_NS],
      ['minute', minutesDays, nowNs / MINUTE_NS, DAY_NS / MINUTE_NS],
      ['hour', hoursDays, nowNs / HOUR_NS, DAY_NS / HOUR_NS],
    ] as const;
    let dropped = 0;
    for (const [table, days, now, perDay] of limits) {
      if (days === null) continue;
      const sql = `DELETE FROM ${table} WHERE (series, at) IN (SELECT series, at FROM ${table} WHERE at < ? LIMIT ?)`;
      for (let count = -1; count !== 0; dropped += count) {
        count = this.#connection.run(sql, now - BigInt(days) * perDay, MOST_DELETED);
      }
    }
    return { twins, dropped };
  }

  async close(): Promise<void> {
    this.#store.close();
  }

  /** Adds a row, of the same columns each time. @param conflict what is done where it is there already. */
  #insert(table: string, row: Readonly<Record<string, Cell>>, conflict = 'DO NOTHING'): void {
    let sql = this.#inserts.get(table);
    if (sql === undefined) {
      const names = Object.keys(row);
      sql = `INSERT INTO ${table} (${names.join()}) VALUES (${names.map(() => '?').join()}) ON CONFLICT ${conflict}`;
      this.#inserts.set(table, sql);
    }
    this.#connection.run(sql, ...Object.values(row));
  }

  #numberOf(table: 'sender' | 'run' | 'series', identity: string): bigint | null {
    return orNull(asBigint)(this.#connection.value(`SELECT id FROM ${table} WHERE identity = ?`, identity));
  }

  #putSenders({ senders }: Rows): Numbers {
    const numbers = new Map<string, bigint>();
    for (const sender of senders.values()) {
      numbers.set(sender.identity, this.#numberOf('sender', sender.identity) ?? this.#addSender(sender));
      this.#update(numbers.get(sender.identity) as bigint, sender);
    }
    return numbers;
  }

  #addSender({ identity, host: { id: word, machine, instance, boot }, receivedAtMs }: SenderRow): bigint {
    const at = BigInt(receivedAtMs);
    // The host of the same machine and local store, else the one heard from last under the word, else a new one.
    const known = `SELECT host FROM sender WHERE word = ?1 ORDER BY (machine = ?2 AND instance = ?3) DESC, last_at DESC LIMIT 1`;
    let host = this.#connection.value(known, word, machine, instance);
    if (host === null) {
      this.#insert('host', { word, twin: 1n, first_at: at });
      host = this.#connection.value('SELECT id FROM host WHERE word = ? AND twin = 1', word);
    }
    // Before everything, so that what follows is newer.
    const times = { first_at: at, last_at: -1n };
    this.#insert('sender', { identity, host, word, machine, instance, boot, ...times, ...NOTHING_SAID });
    const id = this.#numberOf('sender', identity) as bigint;
    this.#connection.run(
      `UPDATE host SET sender = ?1 WHERE id = ?2
       AND (sender IS NULL OR (SELECT last_at FROM sender WHERE id = host.sender) <= ?3)`,
      id,
      host,
      at,
    );
    this.#connection.run(previousBoots('?'), host);
    return id;
  }

  #update(id: bigint, { host, facts, unstable, receivedAtMs, clockErrorMs, lost }: SenderRow): void {
    const at = BigInt(receivedAtMs);
    this.#connection.run('UPDATE sender SET first_at = min(first_at, ?) WHERE id = ?', at, id);
    if (facts !== undefined) {
      this.#connection.run(
        `UPDATE sender SET facts = ?, cpu = ?, kernel = ?, clocksource = ?, virtualization = ?, discipline = ?,
           unstable_at = coalesce(unstable_at, ?), unstable = coalesce(unstable, ?)
         WHERE id = ? AND (last_at <= ? OR facts IS NULL)`,
        JSON.stringify(facts),
        facts.cpu,
        facts.kernel,
        facts.clocksource,
        facts.virtualization,
        facts.discipline,
        unstable === null ? null : at,
        unstable,
        id,
        at,
      );
    }
    const labels = JSON.stringify(host.labels);
    const before = this.#connection.get('SELECT labels = ? FROM sender WHERE id = ?', labels, id);
    const newer = this.#connection.run(
      `UPDATE sender SET last_at = ?, hostname = ?, version = ?, labels = ?, clock_error = ?, lost_minutes = ?, lost_samples = ?,
         lost_events = ?, lost_documents = ? WHERE id = ? AND last_at <= ?`,
      at,
      host.hostname,
      host.version,
      labels,
      BigInt(clockErrorMs),
      BigInt(lost.minutes),
      BigInt(lost.samples),
      BigInt(lost.events),
      BigInt(lost.documents),
      id,
      at,
    );
    if (newer === 0 || asCount(before?.[0]) === 1) return;
    this.#connection.run('DELETE FROM label WHERE sender = ?', id);
    for (const [key, value] of Object.entries(host.labels)) {
      this.#connection.run('INSERT INTO label (sender, key, value) VALUES (?, ?, ?)', id, key, value);
    }
  }

  #putRuns({ runs }: Rows, senders: Numbers): Numbers {
    const numbers = new Map<string, bigint>();
    for (const { identity, sender: own, shipper, key, command, startedAtNs, endedAtNs } of runs.values()) {
      const sender = senders.get(own) ?? this.#numberOf('sender', own) ?? senders.get(shipper) ?? null;
      const known = this.#numberOf('run', identity);
      if (known === null || endedAtNs !== null) {
        this.#insert(
          'run',
          { identity, sender, key, command, started_at: startedAtNs, ended_at: endedAtNs },
          '(identity) DO UPDATE SET ended_at = coalesce(run.ended_at, excluded.ended_at)',
        );
      }
      numbers.set(identity, known ?? (this.#numberOf('run', identity) as bigint));
    }
    return numbers;
  }

  #putSeries({ series }: Rows, runs: Numbers): Numbers {
    const numbers = new Map<string, bigint>();
    for (const { identity, run: own, clock, reference, independent, reason, originNs } of series.values()) {
      const known = this.#numberOf('series', identity);
      if (known === null) {
        const run = runs.get(own) as bigint;
        const flag = independent === null ? null : BigInt(independent);
        const pair = { clock, reference, independent: flag, reason, origin: originNs };
        this.#insert('series', { identity, run, ...pair });
      }
      numbers.set(identity, known ?? (this.#numberOf('series', identity) as bigint));
    }
    return numbers;
  }

  /** Of two that say something about the same minute the one with more samples is the later. */
  #putRollups(width: Width, rows: readonly RollupRows[], series: Numbers): void {
    const sql = `INSERT INTO ${width} (series, at, count, min, max, mean, first_since, first, last_since, last)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (series, at) DO UPDATE SET
        count = excluded.count, min = excluded.min, max = excluded.max, mean = excluded.mean,
        first_since = excluded.first_since, first = excluded.first, last_since = excluded.last_since, last = excluded.last
      WHERE excluded.count > ${width}.count`;
    for (const { series: identity, rollups } of rows) {
      const id = series.get(identity) as bigint;
      for (const [at, count, ...figures] of rollups) {
        this.#connection.run(sql, id, BigInt(at), BigInt(count), ...figures);
      }
    }
  }

  #putSamples({ samples }: Rows, series: Numbers): void {
    const sql = 'INSERT INTO sample (series, at, offset, window) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING';
    for (const { series: identity, baseNs, sinceNs, offsetsNs, windowsNs } of samples) {
      const id = series.get(identity) as bigint;
      sinceNs.forEach((since, i) => {
        const at = baseNs + BigInt(Math.round(since));
        this.#connection.run(sql, id, at, offsetsNs[i] as number, windowsNs[i] as number);
      });
    }
  }

  #putRest({ events, calibrations, documents }: Rows, runs: Numbers): void {
    for (const { run: own, atNs, seenAtMs, kind, detail, clock, reference } of events) {
      const run = runs.get(own) as bigint;
      const pair = { clock: clock ?? '', reference: reference ?? '' };
      this.#insert('event', { run, at: atNs, seen_at: BigInt(seenAtMs), kind, detail, ...pair });
    }
    for (const { run: own, atNs, calibration } of calibrations) {
      const run = runs.get(own) as bigint;
      if (calibration.kernelHz !== null) {
        const sql = 'UPDATE sender SET kernel_hz = ? WHERE id = (SELECT sender FROM run WHERE id = ?)';
        this.#connection.run(sql, calibration.kernelHz, run);
      }
      this.#insert('calibration', { run, at: atNs, result: JSON.stringify(calibration) });
    }
    for (const { run, ...document } of documents) {
      this.#insert('document', { run: runs.get(run) as bigint, ...document });
    }
  }

  #putStale(rows: Rows, runs: Numbers): void {
    const owner = 'SELECT x.host FROM run r JOIN sender x ON x.id = r.sender WHERE r.id = ?1';
    for (const [identity, fresh] of freshHours(rows)) {
      this.#connection.run(staleOf(owner, '?2'), runs.get(identity) as bigint, BigInt(fresh));
    }
  }

  #settle(stream: string, ranges: readonly Range[]): void {
    for (const { first, last, refused } of ranges) {
      const range = { first: BigInt(first), last: BigInt(last), refused: BigInt(refused) };
      this.#insert('settled', { stream, ...range });
    }
  }

  #mergeSettled(): void {
    const rows = this.#connection.all('SELECT stream, first, last, refused FROM settled');
    for (const [stream, own] of groups(rows, ([stream]) => asText(stream))) {
      const ranges = merged(own.map((row) => rangeOf(row.slice(1))));
      if (ranges.length === own.length) continue;
      this.#connection.run('DELETE FROM settled WHERE stream = ?', stream);
      this.#settle(stream, ranges);
    }
  }

  #separate(word: string, moves: readonly Move[]): void {
    this.#store.transaction(() => {
      const statements = separation(word, moves, (hosts) => staleOf(hosts, '0'));
      for (const [sql, ...values] of statements) this.#connection.run(sql, ...values);
    });
  }
}

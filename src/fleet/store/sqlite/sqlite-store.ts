import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TscopeError } from '../../../errors.ts';
import { makeFolder } from '../../../folder.ts';
import { asBigint, asCount, orNull } from '../../../store/cells.ts';
import { type Cell, type Connection, connect, rollBack } from '../../../store/connection.ts';
import { fileError } from '../../../system-error.ts';
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
import { merged, rangesOf } from '../settled.ts';
import { previousBoots } from '../tables.ts';
import { separate } from '../twins.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

/** Another process that writes the same file is waited for this long, ms. */
const BUSY_MS = 10_000;
const DAY_MINUTES = 1_440;
const DAY_NS = 86_400_000_000_000n;
/** Rows of one delivery's transaction that retention takes at once, so that nobody waits for long. */
const MOST_DELETED = 50_000n;

/** The numbers of rows by their identities. */
type Numbers = ReadonlyMap<string, bigint>;

function refuseForeign(connection: Connection, path: string): void {
  const id = asCount(connection.pragma('application_id'));
  const version = asCount(connection.pragma('user_version'));
  const [tables] = connection.get('SELECT count(*) FROM sqlite_schema') ?? [0n];
  if (id === 0 && version === 0 && asCount(tables) === 0) return;
  if (id !== APPLICATION_ID) {
    const message = `${path} is not a fleet store.`;
    throw new TscopeError('STORE_REFUSED', message, 'Give another file; a host has a store of its own.');
  }
  if (version > MIGRATIONS.length) throw newerStore(path, version, MIGRATIONS.length);
}

function migrate(connection: Connection): void {
  if (asCount(connection.pragma('user_version')) === MIGRATIONS.length) return;
  connection.exec('BEGIN EXCLUSIVE');
  try {
    for (const step of MIGRATIONS.slice(asCount(connection.pragma('user_version')))) connection.exec(step);
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
    connection.exec('COMMIT');
  } catch (error) {
    rollBack(connection);
    throw error;
  }
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
    migrate(connection);
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
    return new SqliteFleetStore(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** One connection, on which everything is synchronous: no two calls are ever in each other's transaction. */
class SqliteFleetStore extends Reader implements FleetStore {
  readonly #connection: Connection;
  readonly place: string;

  constructor(connection: Connection) {
    super(async (sql, values) => connection.all(sql, ...values));
    this.#connection = connection;
    this.place = connection.path;
  }

  async write({ stream, received, refused }: Delivery): Promise<void> {
    const rows = rowsOf(received);
    this.#transaction(() => {
      const senders = this.#putSenders(rows);
      const runs = this.#putRuns(rows, senders);
      const series = this.#putSeries(rows, runs);
      this.#putRollups('minute', rows.minutes, series);
      this.#putRollups('hour', rows.hours, series);
      this.#putSamples(rows, series);
      this.#putRest(rows, runs);
      this.#putStale(rows, runs);
      this.#settle(
        stream,
        received.map(({ sequence }) => sequence),
        refused,
      );
    });
  }

  async putStandings(standings: readonly Standing[]): Promise<void> {
    this.#transaction(() => {
      this.#connection.run('DELETE FROM standing');
      const sql = 'INSERT INTO standing (host, score, detail) VALUES (?, ?, ?)';
      for (const { host, score, detail } of standings) this.#connection.run(sql, BigInt(host), score, detail);
    });
  }

  async putProfiles(profiles: readonly StampedProfile[]): Promise<void> {
    this.#transaction(() => {
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
    const twins = await this.#separate();
    this.#transaction(() => this.#mergeSettled());
    const limits = [
      [
        'sample',
        'at',
        retention.samplesDays,
        (days: number) => BigInt(nowMs) * 1_000_000n - BigInt(days) * DAY_NS,
      ],
      [
        'minute',
        'at',
        retention.minutesDays,
        (days: number) => BigInt(Math.floor(nowMs / 60_000) - days * DAY_MINUTES),
      ],
      [
        'hour',
        'at',
        retention.hoursDays,
        (days: number) => BigInt(Math.floor(nowMs / 3_600_000) - days * 24),
      ],
    ] as const;
    let dropped = 0;
    for (const [table, column, days, before] of limits) {
      if (days === null) continue;
      const sql = `DELETE FROM ${table} WHERE (series, at) IN (SELECT series, at FROM ${table} WHERE ${column} < ? LIMIT ?)`;
      for (let count = -1; count !== 0; dropped += count) {
        count = this.#connection.run(sql, before(days), MOST_DELETED);
      }
    }
    return { twins, dropped };
  }

  async close(): Promise<void> {
    try {
      this.#connection.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // Another process reads it; that one merges the log.
    }
    this.#connection.close();
  }

  #transaction(work: () => void): void {
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#connection.exec('COMMIT');
    } catch (error) {
      rollBack(this.#connection);
      throw error;
    }
  }

  #numberOf(table: 'sender' | 'run' | 'series', identity: string): bigint | null {
    return orNull(asBigint)(
      this.#connection.get(`SELECT id FROM ${table} WHERE identity = ?`, identity)?.[0] ?? null,
    );
  }

  #putSenders({ senders }: Rows): Numbers {
    const numbers = new Map<string, bigint>();
    for (const sender of senders.values()) {
      numbers.set(sender.identity, this.#numberOf('sender', sender.identity) ?? this.#addSender(sender));
      this.#update(numbers.get(sender.identity) as bigint, sender);
    }
    return numbers;
  }

  #addSender({ identity, host, receivedAtMs }: SenderRow): bigint {
    const owner = this.#hostFor(host, BigInt(receivedAtMs));
    this.#connection.run(
      `INSERT INTO sender (identity, host, word, machine, instance, boot, hostname, version, labels, first_at, last_at,
         clock_error, lost_minutes, lost_samples, lost_events, lost_documents)
       VALUES (?, ?, ?, ?, ?, ?, '', '', '{}', ?, ?, 0, 0, 0, 0, 0)`,
      identity,
      owner,
      host.id,
      host.machine,
      host.instance,
      host.boot,
      BigInt(receivedAtMs),
      // Before everything, so that what follows is newer.
      -1n,
    );
    const id = this.#numberOf('sender', identity) as bigint;
    this.#connection.run(
      `UPDATE host SET sender = ?1 WHERE id = ?2
       AND (sender IS NULL OR (SELECT last_at FROM sender WHERE id = host.sender) <= ?3)`,
      id,
      owner,
      BigInt(receivedAtMs),
    );
    this.#connection.run(previousBoots('?'), owner);
    return id;
  }

  /** The host of the same machine and local store, else the one heard from last under the word, else a new one. */
  #hostFor({ id: word, machine, instance }: SenderRow['host'], atMs: bigint): bigint {
    const known = this.#connection.get(
      `SELECT host FROM sender WHERE word = ?1 ORDER BY (machine = ?2 AND instance = ?3) DESC, last_at DESC LIMIT 1`,
      word,
      machine,
      instance,
    );
    if (known !== null) return asBigint(known[0]);
    this.#connection.run('INSERT INTO host (word, twin, first_at) VALUES (?, 1, ?)', word, atMs);
    return asBigint(this.#connection.get('SELECT id FROM host WHERE word = ? AND twin = 1', word)?.[0]);
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
    for (const { identity, sender, shipper, key, command, startedAtNs, endedAtNs } of runs.values()) {
      const owner = senders.get(sender) ?? this.#numberOf('sender', sender) ?? senders.get(shipper) ?? null;
      this.#connection.run(
        `INSERT INTO run (identity, sender, key, command, started_at, ended_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (identity) DO UPDATE SET ended_at = coalesce(run.ended_at, excluded.ended_at)`,
        identity,
        owner,
        key,
        command,
        startedAtNs,
        endedAtNs,
      );
      numbers.set(identity, this.#numberOf('run', identity) as bigint);
    }
    return numbers;
  }

  #putSeries({ series }: Rows, runs: Numbers): Numbers {
    const numbers = new Map<string, bigint>();
    for (const { identity, run, clock, reference, independent, reason, originNs } of series.values()) {
      this.#connection.run(
        `INSERT INTO series (identity, run, clock, reference, independent, reason, origin) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
        identity,
        runs.get(run) as bigint,
        clock,
        reference,
        independent === null ? null : BigInt(independent),
        reason,
        originNs,
      );
      numbers.set(identity, this.#numberOf('series', identity) as bigint);
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
    const put = (sql: string, ...values: Cell[]) =>
      this.#connection.run(`${sql} ON CONFLICT DO NOTHING`, ...values);
    for (const { run, atNs, seenAtMs, kind, detail, clock, reference } of events) {
      put(
        'INSERT INTO event (run, at, seen_at, kind, detail, clock, reference) VALUES (?, ?, ?, ?, ?, ?, ?)',
        runs.get(run) as bigint,
        atNs,
        BigInt(seenAtMs),
        kind,
        detail,
        clock ?? '',
        reference ?? '',
      );
    }
    for (const { run, atNs, calibration } of calibrations) {
      if (calibration.kernelHz !== null) {
        this.#connection.run(
          'UPDATE sender SET kernel_hz = ? WHERE id = (SELECT sender FROM run WHERE id = ?)',
          calibration.kernelHz,
          runs.get(run) as bigint,
        );
      }
      const json = JSON.stringify(calibration);
      put('INSERT INTO calibration (run, at, result) VALUES (?, ?, ?)', runs.get(run) as bigint, atNs, json);
    }
    for (const { run, kind, kernel, summary, content } of documents) {
      put(
        'INSERT INTO document (run, kind, kernel, summary, content) VALUES (?, ?, ?, ?, ?)',
        runs.get(run) as bigint,
        kind,
        kernel,
        summary,
        content,
      );
    }
  }

  #putStale(rows: Rows, runs: Numbers): void {
    for (const [identity, fresh] of freshHours(rows)) {
      const owner = 'SELECT x.host FROM run r JOIN sender x ON x.id = r.sender WHERE r.id = ?';
      this.#makeStale(owner, runs.get(identity) as bigint, fresh);
    }
  }

  #makeStale(hosts: string, of: Cell, fresh: number): void {
    this.#connection.run(
      `INSERT INTO profile (host, fresh, stamp, hour, rates) SELECT host, ?2, 1, 0, x'' FROM (${hosts.replace('?', '?1')}) WHERE true
       ON CONFLICT (host) DO UPDATE SET stamp = stamp + 1, fresh = min(coalesce(fresh, excluded.fresh), excluded.fresh)`,
      of,
      BigInt(fresh),
    );
  }

  #settle(stream: string, stored: readonly number[], refused: readonly number[]): void {
    for (const range of [...rangesOf(stored, false), ...rangesOf(refused, true)])
      this.#addRange(stream, range);
  }

  #addRange(
    stream: string,
    { first, last, refused }: { first: number; last: number; refused: boolean },
  ): void {
    this.#connection.run(
      'INSERT INTO settled (stream, first, last, refused) VALUES (?, ?, ?, ?)',
      stream,
      BigInt(first),
      BigInt(last),
      BigInt(refused),
    );
  }

  #mergeSettled(): void {
    const streams = this.#connection.all('SELECT DISTINCT CAST(stream AS BLOB) FROM settled');
    for (const [cell] of streams) {
      const stream = Buffer.from(cell as Uint8Array).toString('utf8');
      const rows = this.#connection.all('SELECT first, last, refused FROM settled WHERE stream = ?', stream);
      const ranges = merged(
        rows.map(([first, last, refused]) => ({
          first: asCount(first),
          last: asCount(last),
          refused: asCount(refused) === 1,
        })),
      );
      if (ranges.length === rows.length) continue;
      this.#connection.run('DELETE FROM settled WHERE stream = ?', stream);
      for (const range of ranges) this.#addRange(stream, range);
    }
  }

  async #separate(): Promise<Upkeep['twins']> {
    const found: { host: string; hostnames: string[] }[] = [];
    for (const [word, senders] of await this.activities()) {
      const moves = separate(senders);
      if (moves.length === 0) continue;
      this.#transaction(() => {
        const made = new Map<number, bigint>();
        for (const { sender, host } of moves) {
          const owner = host >= 0 ? BigInt(host) : (made.get(host) ?? this.#addTwin(word));
          if (host < 0) made.set(host, owner);
          this.#connection.run('UPDATE sender SET host = ? WHERE id = ?', owner, BigInt(sender));
        }
        this.#connection.run(
          `UPDATE host SET sender = (SELECT id FROM sender s WHERE s.host = host.id ORDER BY last_at DESC, id DESC LIMIT 1)
           WHERE word = ?`,
          word,
        );
        this.#connection.run(previousBoots('SELECT id FROM host WHERE word = ?'), word);
        this.#makeStale('SELECT id AS host FROM host WHERE word = ?', word, 0);
      });
      found.push({ host: word, hostnames: [...new Set(senders.map(({ hostname }) => hostname))] });
    }
    return found;
  }

  #addTwin(word: string): bigint {
    this.#connection.run(
      `INSERT INTO host (word, twin, first_at) SELECT word, max(twin) + 1, min(first_at) FROM host WHERE word = ? GROUP BY word`,
      word,
    );
    return asBigint(
      this.#connection.get('SELECT id FROM host WHERE word = ? ORDER BY twin DESC LIMIT 1', word)?.[0],
    );
  }
}

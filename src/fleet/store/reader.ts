import { usageError } from '../../errors.ts';
import { type FleetFacts, fleetCalibrationSchema, LABEL_KEY } from '../../schema/fleet-batch.ts';
import { asBigint, asBytes, asCount, asReal, asText, orNull } from '../../store/cells.ts';
import type { Cell, Row } from '../../store/connection.ts';
import { unpackDocument } from './document-summary.ts';
import {
  type Account,
  type CalibrationRow,
  type DocumentQuery,
  type DocumentRow,
  type EventQuery,
  type FleetBoot,
  type FleetEventRow,
  type FleetHost,
  type FleetPair,
  type FleetPoint,
  type FleetRate,
  type FleetSample,
  type Group,
  HOST_FIELDS,
  type HostField,
  type HostOrder,
  type HostQuery,
  type Page,
  type PointQuery,
  type RateQuery,
  type SampleQuery,
  type Settled,
  type Where,
  type Width,
} from './fleet-store.ts';
import { WIDTH_NS } from './rows.ts';
import { countIn } from './settled.ts';
import type { Activity } from './twins.ts';

/** Asks a database. Parameters are `?1`, `?2` ...; integers come as bigint, text as a string or as UTF-8. */
export type Ask = (sql: string, values: readonly Cell[]) => Promise<readonly Row[]>;

/** The columns of what `Where` names. */
const COLUMNS: Readonly<Record<HostField, string>> = {
  host: 'h.word',
  hostname: 's.hostname',
  version: 's.version',
  cpu: 's.cpu',
  kernel: 's.kernel',
  clocksource: 's.clocksource',
  virtualization: 's.virtualization',
  discipline: 's.discipline',
};

const ORDERS: Readonly<Record<HostOrder, string>> = {
  host: 'h.word',
  hostname: 's.hostname',
  kernel: 's.kernel',
  'last-seen': 's.last_at',
  'clock-error': 'abs(s.clock_error)',
  score: 't.score',
};

const isField = (field: string): field is HostField => (HOST_FIELDS as readonly string[]).includes(field);

/** `6.1.*` as a pattern of LIKE. */
const likeOf = (pattern: string): string =>
  pattern
    .toLowerCase()
    .replace(/[\\%_]/g, '\\$&')
    .replaceAll('*', '%');

/** Values of a statement, numbered as they are added. */
class Values {
  readonly all: Cell[] = [];

  add(value: Cell): string {
    this.all.push(value);
    return `?${this.all.length}`;
  }
}

function conditionOf({ field, pattern }: Where, values: Values): string {
  const like = (column: string) => `lower(${column}) LIKE ${values.add(likeOf(pattern))} ESCAPE '\\'`;
  if (isField(field)) return like(COLUMNS[field]);
  if (!LABEL_KEY.test(field)) {
    throw usageError(`'${field}' is no field of a host and no label; fields are ${HOST_FIELDS.join(', ')}.`);
  }
  const key = values.add(field);
  return `EXISTS (SELECT 1 FROM label l WHERE l.sender = s.id AND l.key = ${key} AND ${like('l.value')})`;
}

const whereOf = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;

const HOSTS = 'FROM host h JOIN sender s ON s.id = h.sender LEFT JOIN standing t ON t.host = h.id';
const HOST_COLUMNS = `h.id, h.word, h.twin, s.hostname, s.machine, s.boot, s.version, s.labels, s.facts, h.first_at, s.last_at,
  s.clock_error, s.lost_minutes, s.lost_samples, s.lost_events, s.lost_documents, t.score, t.detail`;

const hostOf = (row: Row): FleetHost => ({
  id: asCount(row[0]),
  host: asText(row[1]),
  twin: asCount(row[2]),
  hostname: asText(row[3]),
  machine: asText(row[4]),
  boot: asText(row[5]),
  version: asText(row[6]),
  labels: JSON.parse(asText(row[7])) as Record<string, string>,
  facts: row[8] == null ? null : (JSON.parse(asText(row[8])) as FleetFacts),
  firstSeenMs: asCount(row[9]),
  lastSeenMs: asCount(row[10]),
  clockErrorMs: asCount(row[11]),
  lost: {
    minutes: asCount(row[12]),
    samples: asCount(row[13]),
    events: asCount(row[14]),
    documents: asCount(row[15]),
  },
  standing: row[17] == null ? null : { score: orNull(asReal)(row[16]), detail: asText(row[17]) },
});

/** A roll-up's columns from the one at `i` on. */
const pointOf = (row: Row, i: number, width: Width): FleetPoint => {
  const atNs = asBigint(row[i + 1]) * WIDTH_NS[width];
  return {
    series: asCount(row[i]),
    atNs,
    count: asCount(row[i + 2]),
    minNs: asReal(row[i + 3]),
    maxNs: asReal(row[i + 4]),
    meanNs: asReal(row[i + 5]),
    firstAtNs: atNs + BigInt(Math.round(asReal(row[i + 6]))),
    firstNs: asReal(row[i + 7]),
    lastAtNs: atNs + BigInt(Math.round(asReal(row[i + 8]))),
    lastNs: asReal(row[i + 9]),
  };
};

/** The same of the roll-ups' columns. */
const ROLLUP_COLUMNS =
  'm.series, m.at, m.count, m.min, m.max, m.mean, m.first_since, m.first, m.last_since, m.last';

const flag = (cell: Cell | undefined): boolean | null => (cell == null ? null : asCount(cell) === 1);

/** The numbers of the minutes or hours that start in [fromNs, toNs). */
function indices(width: Width, fromNs: bigint, toNs: bigint): [bigint, bigint] {
  const ns = WIDTH_NS[width];
  const up = (at: bigint): bigint => (at > 0n ? (at + ns - 1n) / ns : at / ns);
  return [up(fromNs), up(toNs)];
}

const calibrationOf = ([host, json]: Row): CalibrationRow => ({
  host: asCount(host),
  ...fleetCalibrationSchema.parse(JSON.parse(asText(json))),
});

/** Reads a fleet store, in SQL that both databases speak. */
export class Reader {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async settled(stream: string): Promise<Settled> {
    const rows = await this.#ask('SELECT first, last, refused FROM settled WHERE stream = ?1', [stream]);
    return countIn(
      rows.map((row) => ({ first: asCount(row[0]), last: asCount(row[1]), refused: flag(row[2]) === true })),
    );
  }

  async hosts(query: HostQuery): Promise<Page<FleetHost>> {
    const values = new Values();
    const conditions = (query.where ?? []).map((where) => conditionOf(where, values));
    if (query.silentSinceMs !== undefined) {
      conditions.push(`s.last_at < ${values.add(BigInt(query.silentSinceMs))}`);
    }
    if (query.clockErrorMs !== undefined) {
      conditions.push(`abs(s.clock_error) > ${values.add(BigInt(Math.round(query.clockErrorMs)))}`);
    }
    if (query.twins) conditions.push('EXISTS (SELECT 1 FROM host o WHERE o.word = h.word AND o.id <> h.id)');
    const where = whereOf(conditions);
    const [total] = await this.#ask(`SELECT count(*) ${HOSTS} ${where}`, values.all);
    const column = ORDERS[query.order ?? 'host'];
    const direction = query.descending ? 'DESC' : 'ASC';
    const limit = values.add(BigInt(query.limit));
    const offset = values.add(BigInt(query.offset ?? 0));
    const rows = await this.#ask(
      `SELECT ${HOST_COLUMNS} ${HOSTS} ${where} ORDER BY ${column} ${direction} NULLS LAST, h.id LIMIT ${limit} OFFSET ${offset}`,
      values.all,
    );
    return { rows: rows.map(hostOf), total: asCount(total?.[0]) };
  }

  async findHosts(name: string): Promise<FleetHost[]> {
    const [, word = name, twin] = /^(.*)#(\d{1,6})$/.exec(name) ?? [];
    const exact = await this.#ask(
      `SELECT ${HOST_COLUMNS} ${HOSTS} WHERE h.word = ?1 AND (?2 = 0 OR h.twin = ?2) ORDER BY h.twin`,
      [word, BigInt(twin ?? 0)],
    );
    if (exact.length > 0) return exact.map(hostOf);
    const like = (pattern: string) =>
      this.#ask(
        `SELECT ${HOST_COLUMNS} ${HOSTS} WHERE lower(s.hostname) LIKE ?1 ESCAPE '\\' ORDER BY s.hostname, h.id LIMIT 20`,
        [pattern],
      );
    const named = await like(likeOf(name));
    return (named.length > 0 ? named : await like(`${likeOf(name)}%`)).map(hostOf);
  }

  async hostsById(ids: readonly number[]): Promise<FleetHost[]> {
    if (ids.length === 0) return [];
    const values = new Values();
    const list = ids.map((id) => values.add(BigInt(id))).join();
    const sql = `SELECT ${HOST_COLUMNS} ${HOSTS} WHERE h.id IN (${list}) ORDER BY h.id`;
    return (await this.#ask(sql, values.all)).map(hostOf);
  }

  async boots(host: number): Promise<FleetBoot[]> {
    const rows = await this.#ask(
      `SELECT boot, kernel, clocksource, version, first_at, last_at FROM sender WHERE host = ?1
       ORDER BY first_at DESC, id DESC LIMIT 1000`,
      [BigInt(host)],
    );
    return rows.toReversed().map((row) => ({
      boot: asText(row[0]),
      kernel: orNull(asText)(row[1]),
      clocksource: orNull(asText)(row[2]),
      version: asText(row[3]),
      firstSeenMs: asCount(row[4]),
      lastSeenMs: asCount(row[5]),
    }));
  }

  async conclusions(): Promise<string | null> {
    const [row] = await this.#ask('SELECT json FROM conclusions', []);
    return row === undefined ? null : asText(row[0]);
  }

  /** Senders of the words under which more than one boot has sent. */
  async activities(): Promise<ReadonlyMap<string, readonly (Activity & { readonly hostname: string })[]>> {
    const rows = await this.#ask(
      `SELECT a.word, a.id, a.host, a.machine, a.instance, a.boot, a.first_at, a.last_at, a.hostname FROM sender a
       WHERE EXISTS (SELECT 1 FROM sender b WHERE b.host = a.host AND b.boot <> a.boot
         AND a.first_at < b.last_at AND b.first_at < a.last_at)
         OR a.word IN (SELECT word FROM host WHERE twin > 1)
       ORDER BY a.first_at, a.id`,
      [],
    );
    const words = new Map<string, (Activity & { readonly hostname: string })[]>();
    for (const row of rows) {
      const word = asText(row[0]);
      const own = words.get(word) ?? [];
      words.set(word, own);
      own.push({
        sender: asCount(row[1]),
        host: asCount(row[2]),
        machine: asText(row[3]),
        instance: asText(row[4]),
        boot: asText(row[5]),
        firstAtMs: asCount(row[6]),
        lastAtMs: asCount(row[7]),
        hostname: asText(row[8]),
      });
    }
    return words;
  }

  async groups(field: string, where: readonly Where[] = []): Promise<Group[]> {
    const values = new Values();
    const conditions = where.map((one) => conditionOf(one, values));
    let column: string;
    if (isField(field)) column = COLUMNS[field];
    else if (LABEL_KEY.test(field)) {
      column = `(SELECT l.value FROM label l WHERE l.sender = s.id AND l.key = ${values.add(field)})`;
    } else
      throw usageError(
        `'${field}' is no field of a host and no label; fields are ${HOST_FIELDS.join(', ')}.`,
      );
    const rows = await this.#ask(
      `SELECT value, count(*) FROM (SELECT ${column} AS value ${HOSTS} ${whereOf(conditions)}) g
       GROUP BY value ORDER BY 2 DESC, 1 LIMIT 1000`,
      values.all,
    );
    return rows.map(([value, count]) => ({ value: orNull(asText)(value), hosts: asCount(count) }));
  }

  async pairs(host: number): Promise<FleetPair[]> {
    const edge = (order: string) =>
      `(SELECT m.at FROM minute m WHERE m.series = p.id ORDER BY m.at ${order} LIMIT 1)`;
    const rows = await this.#ask(
      `SELECT p.id, r.key, x.boot, p.clock, p.reference, p.independent, p.reason, p.origin, ${edge('ASC')}, ${edge('DESC')}
       FROM series p JOIN run r ON r.id = p.run JOIN sender x ON x.id = r.sender
       WHERE x.host = ?1 ORDER BY r.started_at, p.id`,
      [BigInt(host)],
    );
    const time = (cell: Cell | undefined): bigint | null =>
      cell == null ? null : asBigint(cell) * WIDTH_NS.minute;
    return rows.map((row) => ({
      id: asCount(row[0]),
      run: asText(row[1]),
      boot: asText(row[2]),
      clock: asText(row[3]),
      reference: asText(row[4]),
      independent: flag(row[5]),
      reason: asText(row[6]),
      originNs: asBigint(row[7]),
      firstAtNs: time(row[8]),
      lastAtNs: time(row[9]),
    }));
  }

  async points({ host, width, fromNs, toNs, clock, reference, limit }: PointQuery): Promise<FleetPoint[]> {
    const [from, to] = indices(width, fromNs, toNs);
    const rows = await this.#ask(
      `SELECT ${ROLLUP_COLUMNS} FROM ${width} m WHERE m.at >= ?2 AND m.at < ?3 AND m.series IN (
         SELECT p.id FROM series p JOIN run r ON r.id = p.run JOIN sender x ON x.id = r.sender
         WHERE x.host = ?1 AND (?4 = '' OR p.clock = ?4) AND (?5 = '' OR p.reference = ?5))
       ORDER BY m.at, m.series LIMIT ?6`,
      [BigInt(host), from, to, clock ?? '', reference ?? '', BigInt(limit)],
    );
    return rows.map((row) => pointOf(row, 0, width));
  }

  async samples({ series, fromNs, toNs, limit }: SampleQuery): Promise<FleetSample[]> {
    const rows = await this.#ask(
      `SELECT m.series, m.at, m."offset", m."window" FROM sample m
       WHERE m.series = ?1 AND m.at >= ?2 AND m.at < ?3 ORDER BY m.at LIMIT ?4`,
      [BigInt(series), fromNs, toNs, BigInt(limit)],
    );
    return rows.map(([id, at, offset, window]) => ({
      series: asCount(id),
      atNs: asBigint(at),
      offsetNs: asReal(offset),
      windowNs: asReal(window),
    }));
  }

  async rates({
    width,
    fromNs,
    toNs,
    clock,
    reference,
    afterHost = 0,
    hosts,
  }: RateQuery): Promise<FleetRate[]> {
    const [from, to] = indices(width, fromNs, toNs);
    const rows = await this.#ask(
      `SELECT x.host, p.clock, p.reference, p.independent, ${ROLLUP_COLUMNS}
       FROM (SELECT id FROM host WHERE id > ?5 ORDER BY id LIMIT ?6) h
       JOIN sender x ON x.host = h.id JOIN run r ON r.sender = x.id JOIN series p ON p.run = r.id
       JOIN ${width} m ON m.series = p.id
       WHERE p.clock = ?3 AND p.reference = ?4 AND m.at >= ?1 AND m.at < ?2
       ORDER BY x.host, p.id, m.at`,
      [from, to, clock, reference, BigInt(afterHost), BigInt(hosts)],
    );
    return rows.map((row) => ({
      host: asCount(row[0]),
      clock: asText(row[1]),
      reference: asText(row[2]),
      independent: flag(row[3]),
      ...pointOf(row, 4, width),
    }));
  }

  async calibrations(host: number, limit: number): Promise<CalibrationRow[]> {
    const rows = await this.#ask(
      `SELECT x.host, c.result FROM calibration c JOIN run r ON r.id = c.run JOIN sender x ON x.id = r.sender
       WHERE x.host = ?1 ORDER BY c.at DESC LIMIT ?2`,
      [BigInt(host), BigInt(limit)],
    );
    return rows.map(calibrationOf);
  }

  async latestCalibrations(afterHost: number, limit: number): Promise<CalibrationRow[]> {
    const rows = await this.#ask(
      `SELECT h.id, (SELECT c.result FROM calibration c JOIN run r ON r.id = c.run JOIN sender x ON x.id = r.sender
         WHERE x.host = h.id ORDER BY c.at DESC LIMIT 1)
       FROM host h WHERE h.id > ?1 ORDER BY h.id LIMIT ?2`,
      [BigInt(afterHost), BigInt(limit)],
    );
    return rows.filter(([, json]) => json != null).map(calibrationOf);
  }

  async events(query: EventQuery): Promise<Page<FleetEventRow>> {
    const values = new Values();
    const conditions = [
      `e.at >= ${values.add(query.fromNs)}`,
      `e.at < ${values.add(query.toNs)}`,
      ...(query.where ?? []).map((where) => conditionOf(where, values)),
    ];
    if (query.host !== undefined) conditions.push(`h.id = ${values.add(BigInt(query.host))}`);
    if (query.kinds !== undefined) {
      conditions.push(`e.kind IN (${query.kinds.map((kind) => values.add(kind)).join() || 'NULL'})`);
    }
    const from = `FROM event e JOIN run r ON r.id = e.run JOIN sender x ON x.id = r.sender
      JOIN host h ON h.id = x.host JOIN sender s ON s.id = h.sender ${whereOf(conditions)}`;
    const [total] = await this.#ask(`SELECT count(*) ${from}`, values.all);
    const limit = values.add(BigInt(query.limit));
    const offset = values.add(BigInt(query.offset ?? 0));
    const rows = await this.#ask(
      `SELECT e.id, h.id, h.word, h.twin, s.hostname, e.at, e.seen_at, e.kind, e.detail, e.clock, e.reference ${from}
       ORDER BY e.at DESC, e.id DESC LIMIT ${limit} OFFSET ${offset}`,
      values.all,
    );
    const listed = rows.map((row) => ({
      id: asCount(row[0]),
      host: asCount(row[1]),
      hostWord: asText(row[2]),
      twin: asCount(row[3]),
      hostname: asText(row[4]),
      atNs: asBigint(row[5]),
      seenAtMs: asCount(row[6]),
      kind: asText(row[7]),
      detail: asText(row[8]),
      clock: asText(row[9]) || null,
      reference: asText(row[10]) || null,
    }));
    return { rows: listed, total: asCount(total?.[0]) };
  }

  async documents(query: DocumentQuery): Promise<Page<DocumentRow>> {
    const values = new Values();
    const conditions = [
      `d.kind = ${values.add(query.kind)}`,
      ...(query.where ?? []).map((where) => conditionOf(where, values)),
    ];
    if (query.host !== undefined) conditions.push(`h.id = ${values.add(BigInt(query.host))}`);
    const joins = `FROM document d JOIN run r ON r.id = d.run JOIN sender x ON x.id = r.sender
      JOIN host h ON h.id = x.host JOIN sender s ON s.id = h.sender ${whereOf(conditions)}`;
    const columns = `d.id AS id, h.id AS host, h.word AS word, h.twin AS twin, s.hostname AS hostname, d.kind AS kind,
      r.key AS run, r.started_at AS started_at, d.kernel AS kernel, d.summary AS summary,
      row_number() OVER (PARTITION BY h.id ORDER BY r.started_at DESC, d.id DESC) AS place`;
    const from = `FROM (SELECT ${columns} ${joins}) q ${query.latest ? 'WHERE place = 1' : ''}`;
    const [total] = await this.#ask(`SELECT count(*) ${from}`, values.all);
    const limit = values.add(BigInt(query.limit));
    const offset = values.add(BigInt(query.offset ?? 0));
    const rows = await this.#ask(
      `SELECT id, host, word, twin, hostname, kind, run, started_at, kernel, summary ${from}
       ORDER BY started_at DESC, id DESC LIMIT ${limit} OFFSET ${offset}`,
      values.all,
    );
    const listed = rows.map((row) => ({
      id: asCount(row[0]),
      host: asCount(row[1]),
      hostWord: asText(row[2]),
      twin: asCount(row[3]),
      hostname: asText(row[4]),
      kind: asText(row[5]),
      run: asText(row[6]),
      startedAtNs: asBigint(row[7]),
      kernel: orNull(asText)(row[8]),
      summary: asText(row[9]),
    }));
    return { rows: listed, total: asCount(total?.[0]) };
  }

  async document(id: number): Promise<string | null> {
    const [row] = await this.#ask('SELECT content FROM document WHERE id = ?1', [BigInt(id)]);
    return row === undefined ? null : unpackDocument(Buffer.from(asBytes(row[0])));
  }

  async account(host: number): Promise<Account> {
    const series = `SELECT p.id FROM series p JOIN run r ON r.id = p.run JOIN sender x ON x.id = r.sender WHERE x.host = ?1`;
    const runs = 'SELECT r.id FROM run r JOIN sender x ON x.id = r.sender WHERE x.host = ?1';
    const count = (table: string, of: string) =>
      `(SELECT count(*) FROM ${table} WHERE ${of} IN (${of === 'series' ? series : runs}))`;
    const [row = []] = await this.#ask(
      `SELECT ${count('sample', 'series')}, ${count('minute', 'series')}, ${count('hour', 'series')},
         CAST(coalesce((SELECT sum(count) FROM minute WHERE series IN (${series})), 0) AS BIGINT),
         ${count('event', 'run')}, ${count('calibration', 'run')}, ${count('document', 'run')}`,
      [BigInt(host)],
    );
    const [samples, minutes, hours, minuteSamples, events, calibrations, documents] = row.map(asCount);
    return {
      samples: samples ?? 0,
      minutes: minutes ?? 0,
      hours: hours ?? 0,
      minuteSamples: minuteSamples ?? 0,
      events: events ?? 0,
      calibrations: calibrations ?? 0,
      documents: documents ?? 0,
    };
  }
}

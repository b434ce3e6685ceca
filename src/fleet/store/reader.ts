import { usageError } from '../../errors.ts';
import {
  type FleetCalibration,
  type FleetFacts,
  fleetCalibrationSchema,
  LABEL_KEY,
} from '../../schema/fleet-batch.ts';
import { asBigint, asBytes, asCount, asReal, asText, orNull } from '../../store/cells.ts';
import type { Cell, Row } from '../../store/connection.ts';
import { groups } from '../findings/peers.ts';
import { unpackDocument } from './document-summary.ts';
import {
  type Account,
  type DocumentQuery,
  type DocumentRow,
  type EventQuery,
  type FleetEventRow,
  type FleetHost,
  type FleetPair,
  type FleetPoint,
  type FleetSample,
  HOST_FIELDS,
  type HostCounts,
  type HostField,
  type HostLimits,
  type HostOrder,
  type HostProfile,
  type HostQuery,
  type Page,
  type PointQuery,
  type Profile,
  type SampleQuery,
  type Settled,
  type StaleProfile,
  type Upkeep,
  WEEK_HOURS,
  type Where,
  type Width,
} from './fleet-store.ts';
import { WIDTH_NS } from './rows.ts';
import { countIn, rangeOf } from './settled.ts';
import { type Move, separate } from './twins.ts';

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
/** The same of those that stand among their peers. */
const JUDGED = 'FROM standing t JOIN host h ON h.id = t.host JOIN sender s ON s.id = h.sender';
/** A second host under a word makes twins of both. */
const TWINS = 'h.word IN (SELECT o.word FROM host o WHERE o.twin > 1)';
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

/** What a row begins with: its number, and whose it is. */
const ofHost = (row: Row) => ({
  id: asCount(row[0]),
  host: asCount(row[1]),
  hostWord: asText(row[2]),
  twin: asCount(row[3]),
  hostname: asText(row[4]),
});

const flag = (cell: Cell | undefined): boolean | null => (cell == null ? null : asCount(cell) === 1);

/** The numbers of the minutes or hours that start in [fromNs, toNs). */
function indices(width: Width, fromNs: bigint, toNs: bigint): [bigint, bigint] {
  const ns = WIDTH_NS[width];
  const up = (at: bigint): bigint => (at > 0n ? (at + ns - 1n) / ns : at / ns);
  return [up(fromNs), up(toNs)];
}

const calibrationOf = (json: Cell | undefined): FleetCalibration =>
  fleetCalibrationSchema.parse(JSON.parse(asText(json)));

/** The kernel's calibrations of two boots that differ by more than this are told, a ratio: by a few 1e-6 all do. */
const CALIBRATION_JUMP = 20e-6;

/** What is told of a boot beside the one before: kind, whether it is so, and how. */
const BOOT_CHANGES: ReadonlyArray<readonly [kind: string, condition: string, detail: string]> = [
  ['reboot', 'x.boot <> a.boot', "coalesce(x.kernel, 'unknown kernel')"],
  ['kernel-change', 'x.kernel <> a.kernel', "a.kernel || ' -> ' || x.kernel"],
  ['clocksource-change', 'x.clocksource <> a.clocksource', "a.clocksource || ' -> ' || x.clocksource"],
  [
    'calibration-jump',
    `abs(x.kernel_hz / a.kernel_hz - 1) > ${CALIBRATION_JUMP}`,
    "'the kernel takes the TSC for ' || CAST(x.kernel_hz AS BIGINT) || ' Hz, before for ' || CAST(a.kernel_hz AS BIGINT)",
  ],
];

/** That a kernel no longer trusts its TSC. */
const UNSTABLE = 'tsc-unstable';

/** What is told of a boot has a number of its own below zero: a multiple of its sender's, and which it is. */
const TOLD = BOOT_CHANGES.length + 1;

/** Where events are read from. */
interface EventSource {
  readonly from: string;
  /** The number that finds a row there: an event's, or that of a boot's sender. */
  readonly key: 'v.id' | 'x.id';
  /** What leads from there to the sender, and that. */
  readonly join: string;
  readonly sender: string;
  /** What makes a row for each event, where one row tells of several. */
  readonly each: string;
  /** How many events there are in all rows. */
  readonly count: string;
  readonly id: string;
  /** When one happened, which an index has in order. */
  readonly time: string;
  /** ns of a unit of `time`. */
  readonly unitNs: bigint;
  /** When the hub heard of it, its kind, what happened, and the two clocks. */
  readonly columns: string;
  /** Where its rows tell of events of other kinds as well. */
  readonly kind?: string;
  readonly conditions: readonly string[];
}

/** Who may have told of events of these kinds: agents, two boots of a host, its kernel. */
function eventSources(kinds: readonly string[] | undefined): EventSource[] {
  const asked = (kind: string): boolean => kinds === undefined || kinds.includes(kind);
  const sources: EventSource[] = [
    {
      from: 'event v',
      key: 'v.id',
      join: 'JOIN run r ON r.id = v.run',
      sender: 'r.sender',
      each: '',
      count: 'count(*)',
      id: 'v.id',
      time: 'v.at',
      unitNs: 1n,
      columns: 'v.seen_at, v.kind, v.detail, v.clock, v.reference',
      kind: 'v.kind',
      conditions: [],
    },
  ];
  const told = (n: string) =>
    ({ key: 'x.id', join: '', sender: 'x.id', id: `-${TOLD} * x.id - ${n}`, unitNs: 1_000_000n }) as const;
  const changes = BOOT_CHANGES.map((change, n) => [n, change] as const).filter(([, [kind]]) => asked(kind));
  if (changes.length > 0) {
    const each = (what: (change: (typeof BOOT_CHANGES)[number]) => string): string =>
      `CASE k.n ${changes.map(([n, change]) => `WHEN ${n} THEN ${what(change)}`).join(' ')} END`;
    const numbers = changes.map(([n]) => `SELECT ${n} AS n`).join(' UNION ALL ');
    sources.push({
      ...told('k.n'),
      // There always is a boot before; of an inner join PostgreSQL expects far fewer rows, and then reads all for a few.
      from: 'sender x LEFT JOIN sender a ON a.id = x.previous',
      each: `JOIN (${numbers}) k ON ${each(([, condition]) => condition)}`,
      count: `coalesce(sum(${changes.map(([, [, condition]]) => `CASE WHEN ${condition} THEN 1 ELSE 0 END`).join(' + ')}), 0)`,
      time: 'x.first_at',
      columns: `x.first_at, ${each(([kind]) => `'${kind}'`)}, ${each(([, , detail]) => detail)}, '', ''`,
      conditions: ['x.previous IS NOT NULL'],
    });
  }
  if (asked(UNSTABLE)) {
    sources.push({
      ...told(String(BOOT_CHANGES.length)),
      from: 'sender x',
      each: '',
      count: 'count(*)',
      time: 'x.unstable_at',
      columns: `x.unstable_at, '${UNSTABLE}', x.unstable, '', ''`,
      conditions: ['x.unstable_at IS NOT NULL'],
    });
  }
  return sources;
}

/** `rates` as it is stored: an array of floats of this machine's order, which is that of all that run this. */
const ratesOf = (cell: Cell | undefined): Float32Array => {
  const bytes = asBytes(cell);
  const rates = new Float32Array(WEEK_HOURS).fill(Number.NaN);
  if (bytes.length === rates.byteLength) new Uint8Array(rates.buffer).set(bytes);
  return rates;
};

/** The other way. */
export const bytesOf = ({ rates }: Pick<Profile, 'rates'>): Buffer =>
  Buffer.from(rates.buffer, rates.byteOffset, rates.byteLength);

/** Reads a fleet store, in SQL that both databases speak. */
export class Reader {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async settled(stream: string): Promise<Settled> {
    const rows = await this.#ask('SELECT first, last, refused FROM settled WHERE stream = ?1', [stream]);
    return countIn(rows.map(rangeOf));
  }

  async hosts(query: HostQuery): Promise<Page<FleetHost>> {
    const values = new Values();
    const conditions = (query.where ?? []).map((where) => conditionOf(where, values));
    if (query.silentSinceMs !== undefined) {
      conditions.push(`s.last_at < ${values.add(BigInt(query.silentSinceMs))}`);
    }
    if (query.twins) conditions.push(TWINS);
    const { judged = false, order = 'host' } = query;
    const all = judged ? 'FROM standing t' : 'FROM host h WHERE h.sender IS NOT NULL';
    const [from, id] = judged ? [JUDGED, 't.host'] : [HOSTS, 'h.id'];
    const whole = conditions.length === 0;
    const rows = `${whole && order === 'score' && judged ? all : from} ${whereOf(conditions)}`;
    const sorted = `${ORDERS[order]} ${query.descending ? 'DESC' : 'ASC'} NULLS LAST, ${id}`;
    // All that is known of them only of those that are shown.
    const page = await this.#page(query, id, rows, sorted, values, ([id]) => asCount(id), whole ? all : rows);
    const known = new Map((await this.hostsById(page.rows)).map((host) => [host.id, host]));
    return { ...page, rows: page.rows.flatMap((id) => known.get(id) ?? []) };
  }

  async countHosts({ silentSinceMs, clockErrorMs }: HostLimits): Promise<HostCounts> {
    // Few hosts have something wrong: the others are not looked up.
    const [silent, wrong] = ['s.last_at < ?1', 'abs(s.clock_error) > ?2'];
    const [row] = await this.#ask(
      `SELECT (SELECT count(*) FROM host WHERE sender IS NOT NULL), a.silent,
         (SELECT count(*) FROM host h WHERE ${TWINS}), a.wrong
       FROM (SELECT count(*) FILTER (WHERE ${silent}) AS silent, count(*) FILTER (WHERE ${wrong}) AS wrong
         FROM sender s JOIN host h ON h.sender = s.id WHERE ${silent} OR ${wrong}) a`,
      [BigInt(silentSinceMs), BigInt(clockErrorMs)],
    );
    const [hosts = 0, silentHosts = 0, twins = 0, clockErrors = 0] = row?.map(asCount) ?? [];
    return { hosts, silent: silentHosts, twins, clockErrors };
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

  async conclusions(): Promise<string | null> {
    const [row] = await this.#ask('SELECT json FROM conclusions', []);
    return row === undefined ? null : asText(row[0]);
  }

  async staleProfiles(hour: number, afterHost: number, limit: number): Promise<StaleProfile[]> {
    // A profile of a later hour was made by a clock that was ahead, and lacks the hours that have left its week. Hours that
    // came before their time, by this clock, were not read yet, whatever came since.
    const isStale = (present: string) => `(q.fresh IS NOT NULL OR q.hour > ${present})`;
    const fresh = (present: string) =>
      `CASE WHEN q.hour > ${present} THEN 0 WHEN q.fresh <= q.hour THEN q.fresh ELSE q.hour + 1 END`;
    const stale = await this.#ask(
      `SELECT q.host, ${fresh('?3')}, q.stamp, q.hour, q.rates, q.claim, q.kvm FROM profile q
       WHERE q.host > ?1 AND ${isStale('?3')} ORDER BY q.host LIMIT ?2`,
      [BigInt(afterHost), BigInt(limit), BigInt(hour)],
    );
    const [first, last] = [stale[0]?.[0] ?? 0n, stale.at(-1)?.[0] ?? -1n];
    // Whoever becomes stale meanwhile is in these too, and not looked at.
    const of = `FROM profile q JOIN sender x ON x.host = q.host JOIN run r ON r.sender = x.id`;
    const among = `q.host >= ?1 AND q.host <= ?2 AND ${isStale('?3')}`;
    const hours = await this.#ask(
      `SELECT q.host, m.at, (m.first - m.last) / (m.last_since - m.first_since) ${of}
       JOIN series p ON p.run = r.id JOIN hour m ON m.series = p.id
       WHERE ${among} AND p.clock = 'monotonic' AND p.reference = 'monotonic_raw' AND p.independent = 1
         AND m.at >= ${fresh('?3')} AND m.at > ?4 AND m.at <= ?3 AND m.last_since > m.first_since
       ORDER BY q.host, m.count`,
      [first, last, BigInt(hour), BigInt(hour - WEEK_HOURS)],
    );
    const calibrations = await this.#ask(
      `SELECT q.host, c.result ${of} JOIN calibration c ON c.run = r.id
         AND c.at = (SELECT max(n.at) FROM calibration n WHERE n.run = r.id)
       WHERE ${among} ORDER BY q.host, c.at`,
      [first, last, BigInt(hour)],
    );
    const documents = await this.#ask(
      `SELECT q.host, d.kernel, d.summary ${of} JOIN document d ON d.run = r.id WHERE ${among} AND d.kind = 'kvm'
       ORDER BY q.host, r.started_at, d.id`,
      [first, last, BigInt(hour)],
    );
    const found = groups(hours, ([host]) => host);
    const newest = (rows: readonly Row[]) => new Map(rows.map((row) => [asCount(row[0]), row]));
    const [calibrated, documented] = [newest(calibrations), newest(documents)];
    return stale.map((row) => {
      const host = asCount(row[0]);
      const [calibration, document] = [calibrated.get(host), documented.get(host)];
      return {
        host,
        fresh: asCount(row[1]),
        stamp: asCount(row[2]),
        hour: asCount(row[3]),
        rates: ratesOf(row[4]),
        claim: orNull(asText)(row[5]),
        kvm: orNull(asText)(row[6]),
        hours: (found.get(row[0]) ?? []).map(([, at, rate]) => [asCount(at), asReal(rate)] as const),
        calibration: calibration === undefined ? null : calibrationOf(calibration[1]),
        document:
          document === undefined
            ? null
            : { kernel: orNull(asText)(document[1]), summary: asText(document[2]) },
      };
    });
  }

  async profiles(afterHost: number, limit: number): Promise<HostProfile[]> {
    const rows = await this.#ask(
      `SELECT h.id, s.cpu, s.labels, q.hour, q.rates, q.claim, q.kvm, s.last_at FROM host h JOIN sender s ON s.id = h.sender
       LEFT JOIN profile q ON q.host = h.id WHERE h.id > ?1 ORDER BY h.id LIMIT ?2`,
      [BigInt(afterHost), BigInt(limit)],
    );
    return rows.map((row) => ({
      host: asCount(row[0]),
      cpu: orNull(asText)(row[1]),
      labels: JSON.parse(asText(row[2])) as Record<string, string>,
      hour: orNull(asCount)(row[3]) ?? 0,
      rates: ratesOf(row[4] ?? new Uint8Array()),
      claim: orNull(asText)(row[5]),
      kvm: orNull(asText)(row[6]),
      lastSeenMs: asCount(row[7]),
    }));
  }

  /**
   * Tells apart hosts that publish under one word, as far as they are known by now.
   *
   * @param carryOut makes it so in a transaction.
   */
  protected async separateTwins(
    carryOut: (word: string, moves: readonly Move[]) => void | Promise<void>,
  ): Promise<Upkeep['twins']> {
    // Senders of the words under which more than one boot has sent.
    const rows = await this.#ask(
      `SELECT a.word, a.id, a.host, a.machine, a.instance, a.boot, a.first_at, a.last_at, a.hostname FROM sender a
       WHERE EXISTS (SELECT 1 FROM sender b WHERE b.host = a.host AND b.boot <> a.boot
         AND a.first_at < b.last_at AND b.first_at < a.last_at)
         OR a.word IN (SELECT word FROM host WHERE twin > 1)
       ORDER BY a.first_at, a.id`,
      [],
    );
    const senders = rows.map((row) => ({
      word: asText(row[0]),
      sender: asCount(row[1]),
      host: asCount(row[2]),
      machine: asText(row[3]),
      instance: asText(row[4]),
      boot: asText(row[5]),
      firstAtMs: asCount(row[6]),
      lastAtMs: asCount(row[7]),
      hostname: asText(row[8]),
    }));
    const found: { host: string; hostnames: string[] }[] = [];
    for (const [host, own] of groups(senders, ({ word }) => word)) {
      const moves = separate(own);
      if (moves.length === 0) continue;
      await carryOut(host, moves);
      found.push({ host, hostnames: [...new Set(own.map(({ hostname }) => hostname))] });
    }
    return found;
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
    const own = await this.#ask(
      `SELECT p.id FROM series p JOIN run r ON r.id = p.run JOIN sender x ON x.id = r.sender
       WHERE x.host = ?1 AND (?2 = '' OR p.clock = ?2) AND (?3 = '' OR p.reference = ?3)`,
      [BigInt(host), clock ?? '', reference ?? ''],
    );
    if (own.length === 0) return [];
    // By their numbers, so that no planner takes to reading every host's.
    const values = new Values();
    const [first, last, most] = [from, to, BigInt(limit)].map((value) => values.add(value));
    const ids = own.map(([id]) => values.add(id ?? null));
    const rows = await this.#ask(
      `SELECT ${ROLLUP_COLUMNS} FROM ${width} m WHERE m.series IN (${ids}) AND m.at >= ${first} AND m.at < ${last}
       ORDER BY m.at, m.series LIMIT ${most}`,
      values.all,
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

  async calibrations(host: number, limit: number): Promise<FleetCalibration[]> {
    const rows = await this.#ask(
      `SELECT c.result FROM calibration c JOIN run r ON r.id = c.run JOIN sender x ON x.id = r.sender
       WHERE x.host = ?1 ORDER BY c.at DESC LIMIT ?2`,
      [BigInt(host), BigInt(limit)],
    );
    return rows.map(([json]) => calibrationOf(json));
  }

  async events(query: EventQuery): Promise<Page<FleetEventRow>> {
    const { ids, total } = await this.#eventIds(query);
    const known = new Map((await this.#eventsById(ids)).map((event) => [event.id, event]));
    return { total, rows: ids.flatMap((id) => known.get(id) ?? []) };
  }

  /** Which events a page shows, the newest first, and how many there are in all. */
  async #eventIds({ fromNs, toNs, kinds, host, where = [], limit, offset = 0 }: EventQuery) {
    const values = new Values();
    const asked = eventSources(kinds).map((source) => {
      const { time, unitNs, kind } = source;
      const [from, to] = [fromNs, toNs].map((ns) => values.add(ns / unitNs));
      const own =
        kinds === undefined || kind === undefined
          ? []
          : [`${kind} IN (${kinds.map((one) => values.add(one)).join() || 'NULL'})`];
      return {
        ...source,
        conditions: [...source.conditions, `${time} >= ${from}`, `${time} < ${to}`, ...own],
      };
    });
    const select = ({ id, time, unitNs, from, each, conditions }: EventSource) =>
      `SELECT ${id} AS id, ${time} * ${unitNs} AS at FROM ${from} ${each} ${whereOf(conditions)}`;
    const page = () => {
      const [most, first] = [limit, offset].map((value) => values.add(BigInt(value)));
      return `ORDER BY at DESC, id DESC LIMIT ${most} OFFSET ${first}`;
    };
    const hosts = where.map((one) => conditionOf(one, values));
    if (host !== undefined) hosts.push(`x.host = ${values.add(BigInt(host))}`);
    if (hosts.length > 0) {
      // Whose events are meant takes longer to find than the events do: it is found once, for the page and the count.
      const all = asked.map((source) =>
        select({
          ...source,
          from: `${source.from} ${source.join}`,
          conditions: [...source.conditions, `${source.sender} IN (SELECT id FROM own)`],
        }),
      );
      const rows = await this.#ask(
        `WITH own AS MATERIALIZED (SELECT x.id FROM sender x JOIN host h ON h.id = x.host JOIN sender s ON s.id = h.sender ${whereOf(hosts)}),
           found AS MATERIALIZED (${all.join(' UNION ALL ')})
         SELECT c.total, f.id FROM (SELECT count(*) AS total FROM found) c
           LEFT JOIN (SELECT id, at FROM found ${page()}) f ON TRUE ORDER BY f.at DESC, f.id DESC`,
        values.all,
      );
      return {
        total: asCount(rows[0]?.[0]),
        ids: rows.flatMap(([, id]) => (id === null ? [] : [asCount(id)])),
      };
    }
    const counts = asked.map(
      ({ count, from, conditions }) => `(SELECT ${count} FROM ${from} ${whereOf(conditions)})`,
    );
    const counting = this.#ask(`SELECT ${counts.join(' + ')}`, [...values.all]);
    // No more are looked at than are shown.
    const last = values.add(BigInt(limit + offset));
    const parts = asked.map(
      (source, i) =>
        `SELECT * FROM (${select(source)} ORDER BY ${source.time} DESC, id DESC LIMIT ${last}) AS e${i}`,
    );
    const sql = `SELECT id FROM (${parts.join(' UNION ALL ')}) AS e ${page()}`;
    const [[total], rows] = await Promise.all([counting, this.#ask(sql, values.all)]);
    return { total: asCount(total?.[0]), ids: rows.map(([id]) => asCount(id)) };
  }

  /** All that is known of these events, and of what else was told of the same boots. */
  async #eventsById(ids: readonly number[]): Promise<FleetEventRow[]> {
    const values = new Values();
    const keys = {
      'v.id': ids.filter((id) => id > 0),
      'x.id': [...new Set(ids.filter((id) => id < 0).map((id) => Math.floor(-id / TOLD)))],
    };
    const parts = eventSources(undefined)
      .filter(({ key }) => keys[key].length > 0)
      .map(({ id, key, time, unitNs, columns, from, join, sender, each, conditions }) => {
        const list = keys[key].map((number) => values.add(BigInt(number))).join();
        return `SELECT ${id}, h.id, h.word, h.twin, s.hostname, ${time} * ${unitNs}, ${columns}
          FROM ${from} ${join} ${each} JOIN sender o ON o.id = ${sender} JOIN host h ON h.id = o.host JOIN sender s ON s.id = h.sender
          ${whereOf([`${key} IN (${list})`, ...conditions])}`;
      });
    if (parts.length === 0) return [];
    const rows = await this.#ask(parts.join(' UNION ALL '), values.all);
    return rows.map((row) => ({
      ...ofHost(row),
      atNs: asBigint(row[5]),
      seenAtMs: asCount(row[6]),
      kind: asText(row[7]),
      detail: asText(row[8]),
      clock: asText(row[9]) || null,
      reference: asText(row[10]) || null,
    }));
  }

  async documents(query: DocumentQuery): Promise<Page<DocumentRow>> {
    const values = new Values();
    const conditions = [`d.kind = ${values.add(query.kind)}`];
    if (query.host !== undefined) conditions.push(`h.id = ${values.add(BigInt(query.host))}`);
    const joins = `FROM document d JOIN run r ON r.id = d.run JOIN sender x ON x.id = r.sender
      JOIN host h ON h.id = x.host JOIN sender s ON s.id = h.sender ${whereOf(conditions)}`;
    const columns =
      'd.id, h.id, h.word, h.twin, s.hostname, d.kind, r.key, r.started_at, d.kernel, d.summary';
    return this.#page(query, columns, joins, 'r.started_at DESC, d.id DESC', values, (row) => ({
      ...ofHost(row),
      kind: asText(row[5]),
      run: asText(row[6]),
      startedAtNs: asBigint(row[7]),
      kernel: orNull(asText)(row[8]),
      summary: asText(row[9]),
    }));
  }

  /** One page of the rows of `from`, and how many there are in all: as many as of `counted`. */
  async #page<T>(
    { limit, offset = 0 }: { readonly limit: number; readonly offset?: number | undefined },
    columns: string,
    from: string,
    order: string,
    values: Values,
    read: (row: Row) => T,
    counted = from,
  ): Promise<Page<T>> {
    const counting = this.#ask(`SELECT count(*) ${counted}`, [...values.all]);
    const [most, first] = [values.add(BigInt(limit)), values.add(BigInt(offset))];
    const sql = `SELECT ${columns} ${from} ORDER BY ${order} LIMIT ${most} OFFSET ${first}`;
    const [[total], rows] = await Promise.all([counting, this.#ask(sql, values.all)]);
    return { rows: rows.map(read), total: asCount(total?.[0]) };
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

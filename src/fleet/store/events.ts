import type { FleetEventLine } from '../../schema/fleet.ts';
import { nameOf } from '../../schema/words.ts';
import { isoOf } from '../../store/buckets.ts';
import { asBigint, asCount, asText } from '../../store/cells.ts';
import type { FleetStore } from './fleet-store.ts';
import { conditionOf, type Where } from './hosts.ts';
import { isoMs, type Page, StatementValues, whereOf } from './select.ts';

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
  /** When the hub heard of it, its kind, what happened, and the clock. */
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
      columns: 'v.seen_at, v.kind, v.detail, v.clock',
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
      columns: `x.first_at, ${each(([kind]) => `'${kind}'`)}, ${each(([, , detail]) => detail)}, ''`,
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
      columns: `x.unstable_at, '${UNSTABLE}', x.unstable, ''`,
      conditions: ['x.unstable_at IS NOT NULL'],
    });
  }
  return sources;
}

export interface EventQuery {
  readonly host?: number;
  readonly kinds?: readonly string[];
  readonly where?: readonly Where[] | undefined;
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly limit: number;
  readonly offset?: number;
}

/**
 * What agents said that happened, and what two boots of a host, or its facts, show: a reboot, another kernel, another
 * clocksource, another calibration of the kernel's, a TSC that the kernel no longer trusts. The newest first.
 */
export async function listEvents(store: FleetStore, query: EventQuery): Promise<Page<FleetEventLine>> {
  const { ids, total } = await eventIds(store, query);
  const known = await eventsById(store, ids);
  return { total, rows: ids.flatMap((id) => known.get(id) ?? []) };
}

/** Which events a page shows, the newest first, and how many there are in all. */
async function eventIds(
  store: FleetStore,
  { fromNs, toNs, kinds, host, where = [], limit, offset = 0 }: EventQuery,
) {
  const values = new StatementValues();
  const asked = eventSources(kinds).map((source) => {
    const { time, unitNs, kind } = source;
    const [from, to] = [fromNs, toNs].map((ns) => values.add(ns / unitNs));
    const own = kinds === undefined || kind === undefined ? [] : [`${kind} IN (${values.list(kinds)})`];
    return {
      ...source,
      conditions: [...source.conditions, `${time} >= ${from}`, `${time} < ${to}`, ...own],
    };
  });
  const select = ({ id, time, unitNs, from, each, conditions }: EventSource) =>
    `SELECT ${id} AS id, ${time} * ${unitNs} AS at FROM ${from} ${each} ${whereOf(conditions)}`;
  const page = () => {
    const [most, first] = [limit, offset].map((value) => values.add(value));
    return `ORDER BY at DESC, id DESC LIMIT ${most} OFFSET ${first}`;
  };
  const hosts = where.map((one) => conditionOf(one, values));
  if (host !== undefined) hosts.push(`x.host = ${values.add(host)}`);
  if (hosts.length > 0) {
    // Whose events are meant takes longer to find than the events do: it is found once, for the page and the count.
    const all = asked.map((source) =>
      select({
        ...source,
        from: `${source.from} ${source.join}`,
        conditions: [...source.conditions, `${source.sender} IN (SELECT id FROM own)`],
      }),
    );
    const rows = await store.ask(
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
  const counting = store.ask(`SELECT ${counts.join(' + ')}`, [...values.all]);
  // No more are looked at than are shown.
  const last = values.add(limit + offset);
  const parts = asked.map(
    (source, i) =>
      `SELECT * FROM (${select(source)} ORDER BY ${source.time} DESC, id DESC LIMIT ${last}) AS e${i}`,
  );
  const sql = `SELECT id FROM (${parts.join(' UNION ALL ')}) AS e ${page()}`;
  const [[total], rows] = await Promise.all([counting, store.ask(sql, values.all)]);
  return { total: asCount(total?.[0]), ids: rows.map(([id]) => asCount(id)) };
}

/** All that is known of these events, and of what else was told of the same boots, by their numbers. */
async function eventsById(store: FleetStore, ids: readonly number[]): Promise<Map<number, FleetEventLine>> {
  const values = new StatementValues();
  const keys = {
    'v.id': ids.filter((id) => id > 0),
    'x.id': [...new Set(ids.filter((id) => id < 0).map((id) => Math.floor(-id / TOLD)))],
  };
  const parts = eventSources(undefined)
    .filter(({ key }) => keys[key].length > 0)
    .map(({ id, key, time, unitNs, columns, from, join, sender, each, conditions }) => {
      const own = [`${key} IN (${values.list(keys[key])})`, ...conditions];
      return `SELECT ${id}, ${time} * ${unitNs}, h.id, h.word, h.twin, s.hostname, ${columns}
        FROM ${from} ${join} ${each} JOIN sender o ON o.id = ${sender} JOIN host h ON h.id = o.host JOIN sender s ON s.id = h.sender
        ${whereOf(own)}`;
    });
  const rows = parts.length === 0 ? [] : await store.ask(parts.join(' UNION ALL '), values.all);
  return new Map(
    rows.map(([id, at, host, word, twin, hostname, seenAtMs, kind, detail, clock]) => [
      asCount(id),
      {
        at: isoOf(asBigint(at)),
        seenAt: isoMs(asCount(seenAtMs)),
        host: asCount(host),
        name: nameOf({ host: asText(word), twin: asCount(twin) }),
        hostname: asText(hostname),
        kind: asText(kind),
        clock: asText(clock) || null,
        detail: asText(detail),
      },
    ]),
  );
}

import { usageError } from '../../errors.ts';
import type { FleetOverview } from '../../schema/fleet.ts';
import { LABEL_KEY } from '../../schema/fleet-batch.ts';
import { asCount } from '../../store/cells.ts';
import type { FleetStore } from './fleet-store.ts';
import {
  int,
  isoOfMs,
  json,
  nullable,
  type Page,
  type Read,
  real,
  StatementValues,
  select,
  shape,
  text,
  whereOf,
} from './select.ts';

/** The columns of fields that `Where` may name besides labels. */
const COLUMNS = {
  host: 'h.word',
  hostname: 's.hostname',
  version: 's.version',
  cpu: 's.cpu',
  kernel: 's.kernel',
  clocksource: 's.clocksource',
  virtualization: 's.virtualization',
  discipline: 's.discipline',
} as const;

const ORDERS = {
  host: 'h.word',
  hostname: 's.hostname',
  kernel: 's.kernel',
  'last-seen': 's.last_at',
  'clock-error': 'abs(s.clock_error)',
  score: 't.score',
} as const;
export type HostOrder = keyof typeof ORDERS;
export const HOST_ORDERS = Object.keys(ORDERS) as HostOrder[];

/** A condition on hosts: a field or a label, and a pattern in which `*` stands for anything. Case does not matter. */
export interface Where {
  readonly field: string;
  readonly pattern: string;
}

/** A filter as people write it: `kernel=6.1.*`. @throws TscopeError USAGE. */
export function filterOf(text: string): Where {
  const at = text.indexOf('=');
  if (at < 1) {
    throw usageError(`'${text.slice(0, 40)}' is not a filter; give field=pattern, as in site=ber.`);
  }
  return { field: text.slice(0, at), pattern: text.slice(at + 1) };
}

export interface HostQuery {
  readonly where?: readonly Where[] | undefined;
  readonly order?: HostOrder;
  readonly descending?: boolean;
  /** Heard of last before this, ms by the hub's clock. */
  readonly silentSinceMs?: number;
  /** Only where several hosts go by one name. */
  readonly twins?: boolean;
  /** Only those that stand somewhere among their peers. */
  readonly judged?: boolean;
  readonly limit: number;
  readonly offset?: number;
}

const HOST = shape({
  /** The number that the other functions take. */
  id: int('h.id'),
  /** The word that it publishes as. */
  host: text('h.word'),
  /** 1, or the number among those that publish under the same word at the same time. */
  twin: int('h.twin'),
  hostname: text('s.hostname'),
  version: text('s.version'),
  labels: json<Record<string, string>>('s.labels'),
  cpu: nullable(text('s.cpu')),
  kernel: nullable(text('s.kernel')),
  clocksource: nullable(text('s.clocksource')),
  discipline: nullable(text('s.discipline')),
  /** When it was heard from first and last, by the hub's clock. */
  firstSeenAt: isoOfMs('h.first_at'),
  lastSeenAt: isoOfMs('s.last_at'),
  /** Its wall clock less the hub's when it sent last, ms; what the way took is in it. */
  clockErrorMs: int('s.clock_error'),
  /** Rows that its own retention took before they could be sent. */
  lost: shape({
    minutes: int('s.lost_minutes'),
    samples: int('s.lost_samples'),
    events: int('s.lost_events'),
    documents: int('s.lost_documents'),
  }),
  /** What was concluded about it, JSON, and how far it stands out among its peers. */
  standing: nullable(shape({ detail: text('t.detail'), score: nullable(real('t.score')) })),
});
/** A host as the fleet knows it. */
export type FleetHost = Read<typeof HOST>;

const HOSTS = 'FROM host h JOIN sender s ON s.id = h.sender LEFT JOIN standing t ON t.host = h.id';
/** The same of those that stand among their peers. */
const JUDGED = 'FROM standing t JOIN host h ON h.id = t.host JOIN sender s ON s.id = h.sender';
/** A second host under a word makes twins of both. */
const TWINS = 'h.word IN (SELECT o.word FROM host o WHERE o.twin > 1)';

/** `6.1.*` as a pattern of LIKE. */
const likeOf = (pattern: string): string =>
  pattern
    .toLowerCase()
    .replace(/[\\%_]/g, '\\$&')
    .replaceAll('*', '%');

const isField = (field: string): field is keyof typeof COLUMNS => Object.hasOwn(COLUMNS, field);

/** @throws TscopeError USAGE for a field that is none and no label. */
export function conditionOf({ field, pattern }: Where, values: StatementValues): string {
  const like = (column: string) => `lower(${column}) LIKE ${values.add(likeOf(pattern))} ESCAPE '\\'`;
  if (isField(field)) return like(COLUMNS[field]);
  if (!LABEL_KEY.test(field)) {
    const fields = Object.keys(COLUMNS).join(', ');
    throw usageError(`'${field}' is no field of a host and no label; fields are ${fields}.`);
  }
  const key = values.add(field);
  return `EXISTS (SELECT 1 FROM label l WHERE l.sender = s.id AND l.key = ${key} AND ${like('l.value')})`;
}

/** The hosts that a query means, a page of them. */
export async function listHosts(store: FleetStore, query: HostQuery): Promise<Page<FleetHost>> {
  const { where = [], silentSinceMs, twins, judged = false, order = 'host', limit, offset = 0 } = query;
  const values = new StatementValues();
  const conditions = where.map((one) => conditionOf(one, values));
  if (silentSinceMs !== undefined) conditions.push(`s.last_at < ${values.add(silentSinceMs)}`);
  if (twins) conditions.push(TWINS);
  const all = judged ? 'FROM standing t' : 'FROM host h WHERE h.sender IS NOT NULL';
  const [from, id] = judged ? [JUDGED, 't.host'] : [HOSTS, 'h.id'];
  const whole = conditions.length === 0;
  const rows = `${whole && order === 'score' && judged ? all : from} ${whereOf(conditions)}`;
  const counting = store.ask(`SELECT count(*) ${whole ? all : rows}`, [...values.all]);
  const sorted = `${ORDERS[order]} ${query.descending ? 'DESC' : 'ASC'} NULLS LAST, ${id}`;
  const part = `LIMIT ${values.add(limit)} OFFSET ${values.add(offset)}`;
  const listing = select(store, int(id), `${rows} ORDER BY ${sorted} ${part}`, values.all);
  const [[total], ids] = await Promise.all([counting, listing]);
  // All that is known of them only of those that are shown.
  const known = new Map((await hostsById(store, ids)).map((host) => [host.id, host]));
  return { rows: ids.flatMap((id) => known.get(id) ?? []), total: asCount(total?.[0]) };
}

/**
 * How many hosts there are, and how many with something wrong.
 *
 * @param silentSinceMs heard of last before this, by the hub's clock. @param clockErrorMs off by more than this when they sent last.
 */
export async function countHosts(
  store: FleetStore,
  { silentSinceMs, clockErrorMs }: { readonly silentSinceMs: number; readonly clockErrorMs: number },
): Promise<Pick<FleetOverview, 'hosts' | 'silent' | 'twins' | 'clockErrors'>> {
  // Few hosts have something wrong: the others are not looked up.
  const [silent, wrong] = ['s.last_at < ?1', 'abs(s.clock_error) > ?2'];
  const [row] = await store.ask(
    `SELECT (SELECT count(*) FROM host WHERE sender IS NOT NULL), a.silent,
       (SELECT count(*) FROM host h WHERE ${TWINS}), a.wrong
     FROM (SELECT count(*) FILTER (WHERE ${silent}) AS silent, count(*) FILTER (WHERE ${wrong}) AS wrong
       FROM sender s JOIN host h ON h.sender = s.id WHERE ${silent} OR ${wrong}) a`,
    [silentSinceMs, clockErrorMs],
  );
  const [hosts = 0, silentHosts = 0, twins = 0, clockErrors = 0] = row?.map(asCount) ?? [];
  return { hosts, silent: silentHosts, twins, clockErrors };
}

/** The hosts that a word, a host name or the beginning of one means. */
export async function findHosts(store: FleetStore, name: string): Promise<FleetHost[]> {
  const [, word = name, twin = 0] = /^(.*)#(\d{1,6})$/.exec(name) ?? [];
  const exact = `${HOSTS} WHERE h.word = ?1 AND (?2 = 0 OR h.twin = ?2) ORDER BY h.twin`;
  const like = `${HOSTS} WHERE lower(s.hostname) LIKE ?1 ESCAPE '\\' ORDER BY s.hostname, h.id LIMIT 20`;
  for (const [rest, values] of [
    [exact, [word, Number(twin)]],
    [like, [likeOf(name)]],
    [like, [`${likeOf(name)}%`]],
  ] as const) {
    const found = await select(store, HOST, rest, values);
    if (found.length > 0) return found;
  }
  return [];
}

export async function hostsById(store: FleetStore, ids: readonly number[]): Promise<FleetHost[]> {
  if (ids.length === 0) return [];
  const values = new StatementValues();
  return await select(store, HOST, `${HOSTS} WHERE h.id IN (${values.list(ids)}) ORDER BY h.id`, values.all);
}

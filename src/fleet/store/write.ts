import { asCount, asText } from '../../store/cells.ts';
import type { FleetStore, Statements, Value } from './fleet-store.ts';
import { makeStale } from './profiles.ts';
import {
  freshHours,
  type Received,
  type RollupRows,
  type Rows,
  rowsOf,
  type SenderRow,
  type Width,
} from './rows.ts';
import { addRanges, rangesOf } from './settled.ts';
import { previousBoots } from './tables.ts';

/** What a collector hands over at once: all of it is stored, or none. */
export interface HubDelivery {
  /** The stream's name and when it was made: sequences count anew in a new one. */
  readonly stream: string;
  readonly received: readonly Received[];
  /** Sequences of messages that were put aside, because they could not be read. */
  readonly refused: readonly number[];
}

/** Identities that are remembered at most: 100,000 hosts with their runs and series, and some to spare. */
const MOST_KNOWN = 1_000_000;

/** What is known by identity, with what a transaction learns: that is true once the transaction is committed. */
class Learning<T> {
  readonly #known: Map<string, T>;
  readonly #learnt = new Map<string, T>();

  constructor(known: Map<string, T>) {
    this.#known = known;
  }

  get(identity: string): T | undefined {
    return this.#learnt.get(identity) ?? this.#known.get(identity);
  }

  learn(identity: string, value: T): void {
    this.#learnt.set(identity, value);
  }

  keep(): void {
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    for (const [identity, value] of this.#learnt) this.#known.set(identity, value);
  }
}

type Numbers = Learning<number>;

/** Stores a delivery in one transaction. A repeat of any part of it changes nothing. */
export async function writeDelivery(
  { known, transaction }: FleetStore,
  { stream, received, refused }: HubDelivery,
): Promise<void> {
  const rows = rowsOf(received);
  const stored = received.map(({ sequence }) => sequence);
  const learnt = await transaction(async (own) => {
    const [senders, runs] = [new Learning(known.senders), new Learning(known.runs)];
    const [series, said] = [new Learning(known.series), new Learning(known.said)];
    await putSenders(own, rows, senders, said);
    await putRuns(own, rows, runs, senders);
    await putSeries(own, rows, series, runs);
    await putRollups(own, 'minute', rows.minutes, series);
    await putRollups(own, 'hour', rows.hours, series);
    await insert(
      own,
      'sample',
      'series int, at bigint, offset float8, window float8',
      samplesOf(rows, series),
      'ORDER BY 1, 2 ON CONFLICT DO NOTHING',
    );
    await putRest(own, rows, runs);
    await addRanges(own, stream, [...rangesOf(stored, false), ...rangesOf(refused, true)]);
    return [senders, runs, series, said];
  });
  for (const one of learnt) one.keep();
}

/** Adds rows. @param conflict what is done with one that is there already. */
const insert = (
  own: Statements,
  table: string,
  columns: string,
  rows: Iterable<readonly Value[]>,
  conflict = 'ON CONFLICT DO NOTHING',
) => {
  const names = columns.split(', ').map((column) => `"${column.split(' ')[0]}"`);
  return own.each(columns, rows, `INSERT INTO ${table} (${names}) SELECT * FROM u WHERE true ${conflict}`);
};

/** Learns the numbers of rows that are there by now. */
async function lookUp(
  own: Statements,
  table: 'sender' | 'run' | 'series',
  identities: Iterable<string>,
  numbers: Numbers,
): Promise<void> {
  const unknown = [...identities].filter((identity) => numbers.get(identity) === undefined);
  const rows = await own.each(
    'identity text',
    unknown.map((identity) => [identity]),
    `SELECT t.identity, t.id FROM u JOIN ${table} t ON t.identity = u.identity`,
  );
  for (const [identity, id] of rows) numbers.learn(asText(identity), asCount(id));
}

/** A sender with its number. */
type NumberedSender = SenderRow & { readonly id: number };

async function putSenders(
  own: Statements,
  { senders }: Rows,
  numbers: Numbers,
  said: Learning<string>,
): Promise<void> {
  const all = [...senders.values()];
  const unknown = all.filter(({ identity }) => numbers.get(identity) === undefined);
  if (unknown.length > 0) await addSenders(own, unknown);
  await lookUp(own, 'sender', senders.keys(), numbers);
  // In one order in all transactions, so that no two wait for each other.
  const sorted = all
    .map((sender): NumberedSender => ({ ...sender, id: numbers.get(sender.identity) as number }))
    .sort((a, b) => a.id - b.id);
  await own.each(
    'id int, at bigint, error bigint, minutes bigint, samples bigint, events bigint, documents bigint',
    sorted.map(({ id, receivedAtMs, clockErrorMs, lost: { minutes, samples, events, documents } }) => {
      return [id, receivedAtMs, clockErrorMs, minutes, samples, events, documents];
    }),
    `UPDATE sender AS s SET last_at = greatest(s.last_at, u.at), first_at = least(s.first_at, u.at),
       clock_error = CASE WHEN u.at >= s.last_at THEN u.error ELSE s.clock_error END,
       lost_minutes = greatest(s.lost_minutes, u.minutes), lost_samples = greatest(s.lost_samples, u.samples),
       lost_events = greatest(s.lost_events, u.events), lost_documents = greatest(s.lost_documents, u.documents)
     FROM u WHERE s.id = u.id`,
  );
  await putFacts(own, sorted);
  const changed = sorted.filter(({ identity, host }) => {
    const text = JSON.stringify(host);
    if (said.get(identity) === text) return false;
    said.learn(identity, text);
    return true;
  });
  if (changed.length > 0) await describe(own, changed);
}

/** Each belongs to the host of the same machine and local store, else to the one heard from last under its word. */
async function addSenders(own: Statements, unsorted: readonly SenderRow[]): Promise<void> {
  const senders = unsorted.toSorted((a, b) => (a.identity < b.identity ? -1 : 1));
  await own.each(
    'word text, at bigint',
    senders.map(({ host: { id }, receivedAtMs }) => [id, receivedAtMs]),
    `INSERT INTO host (word, twin, first_at) SELECT u.word, 1, min(u.at) FROM u GROUP BY u.word ORDER BY u.word
     ON CONFLICT DO NOTHING`,
  );
  const newest = 'ORDER BY k.last_at DESC LIMIT 1';
  await own.each(
    'identity text, word text, machine text, instance text, boot text, at bigint',
    senders.map(({ identity, host: { id, machine, instance, boot }, receivedAtMs }) => {
      return [identity, id, machine, instance, boot, receivedAtMs];
    }),
    // What it says comes next, and is newer than -1.
    `INSERT INTO sender (identity, host, word, machine, instance, boot, hostname, version, labels, first_at, last_at,
       clock_error, lost_minutes, lost_samples, lost_events, lost_documents)
     SELECT u.identity, coalesce(
         (SELECT k.host FROM sender k WHERE k.word = u.word AND k.machine = u.machine AND k.instance = u.instance ${newest}),
         (SELECT k.host FROM sender k WHERE k.word = u.word ${newest}),
         (SELECT h.id FROM host h WHERE h.word = u.word AND h.twin = 1)),
       u.word, u.machine, u.instance, u.boot, '', '', '{}', u.at, -1, 0, 0, 0, 0, 0
     FROM u WHERE true ON CONFLICT (identity) DO NOTHING`,
  );
  const identities = senders.map(({ identity }) => [identity]);
  const last = 'FROM sender s WHERE s.host = host.id ORDER BY s.first_at DESC, s.id DESC LIMIT 1';
  await own.each(
    'identity text',
    identities,
    `UPDATE host SET sender = (SELECT s.id ${last})
     WHERE id IN (SELECT x.host FROM u JOIN sender x ON x.identity = u.identity)
       AND (sender IS NULL OR (SELECT c.last_at FROM sender c WHERE c.id = host.sender) <= (SELECT s.first_at ${last}))`,
  );
  const again = `SELECT q.host FROM u JOIN sender x ON x.identity = u.identity JOIN sender q ON q.host = x.host
    GROUP BY q.host HAVING count(DISTINCT q.id) > 1`;
  await own.each('identity text', identities, previousBoots(again));
}

/** What senders are, which they tell only when it changes, unless something newer is known. */
async function putFacts(own: Statements, senders: readonly NumberedSender[]): Promise<void> {
  const told = senders.flatMap(({ id, facts, unstable, receivedAtMs }) => {
    if (facts === undefined) return [];
    const { cpu, kernel, clocksource, virtualization, discipline } = facts;
    return [
      [
        id,
        receivedAtMs,
        JSON.stringify(facts),
        cpu,
        kernel,
        clocksource,
        virtualization,
        discipline,
        unstable,
      ],
    ];
  });
  await own.each(
    `id int, at bigint, facts text, cpu text, kernel text, clocksource text, virtualization text, discipline text, unstable text`,
    told,
    `UPDATE sender AS s SET facts = u.facts, cpu = u.cpu, kernel = u.kernel, clocksource = u.clocksource,
       virtualization = u.virtualization, discipline = u.discipline,
       unstable_at = CASE WHEN u.unstable IS NULL THEN s.unstable_at ELSE coalesce(s.unstable_at, u.at) END,
       unstable = coalesce(s.unstable, u.unstable)
     FROM u WHERE s.id = u.id AND (s.last_at <= u.at OR s.facts IS NULL)`,
  );
}

/** What senders say of themselves with each batch, unless something newer is known. */
async function describe(own: Statements, senders: readonly NumberedSender[]): Promise<void> {
  await own.each(
    'id int, at bigint, hostname text, version text, labels text',
    senders.map(({ id, receivedAtMs, host: { hostname, version, labels } }) => {
      return [id, receivedAtMs, hostname, version, JSON.stringify(labels)];
    }),
    `UPDATE sender AS s SET hostname = u.hostname, version = u.version, labels = u.labels
     FROM u WHERE s.id = u.id AND s.last_at <= u.at`,
  );
  const newest = 'FROM u JOIN sender s ON s.id = u.id WHERE s.last_at <= u.at';
  await own.each(
    'id int, at bigint',
    senders.map(({ id, receivedAtMs }) => [id, receivedAtMs]),
    `DELETE FROM label WHERE sender IN (SELECT u.id ${newest})`,
  );
  await own.each(
    'id int, at bigint, key text, value text',
    senders.flatMap(({ id, receivedAtMs, host }) =>
      Object.entries(host.labels).map((label) => [id, receivedAtMs, ...label]),
    ),
    `INSERT INTO label (sender, key, value) SELECT u.id, u.key, u.value ${newest}`,
  );
}

async function putRuns(own: Statements, { runs }: Rows, numbers: Numbers, senders: Numbers): Promise<void> {
  const fresh = [...runs.values()].filter(
    ({ identity, endedAtNs }) => endedAtNs !== null || numbers.get(identity) === undefined,
  );
  await lookUp(
    own,
    'sender',
    fresh.map(({ sender }) => sender),
    senders,
  );
  await insert(
    own,
    'run',
    'identity text, sender int, key text, command text, started_at bigint, ended_at bigint',
    fresh.map(({ identity, sender, shipper, key, command, startedAtNs, endedAtNs }) => {
      const owner = senders.get(sender) ?? senders.get(shipper);
      return [identity, owner, key, command, startedAtNs, endedAtNs];
    }),
    'ON CONFLICT (identity) DO UPDATE SET ended_at = coalesce(run.ended_at, excluded.ended_at)',
  );
  await lookUp(own, 'run', runs.keys(), numbers);
}

async function putSeries(own: Statements, { series }: Rows, numbers: Numbers, runs: Numbers): Promise<void> {
  const fresh = [...series.values()].filter(({ identity }) => numbers.get(identity) === undefined);
  await insert(
    own,
    'series',
    'identity text, run int, clock text, reference text, independent int, reason text, origin bigint',
    fresh.map(({ identity, run, clock, reference, independent, reason, originNs }) => {
      const flag = independent === null ? null : Number(independent);
      return [identity, runs.get(run), clock, reference, flag, reason, originNs];
    }),
  );
  await lookUp(own, 'series', series.keys(), numbers);
}

/** Of two that say something about the same minute the one with more samples is the later. */
async function putRollups(
  own: Statements,
  width: Width,
  rows: readonly RollupRows[],
  series: Numbers,
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
  const figures = 'min, max, mean, first_since, first, last_since, last'.split(', ');
  await insert(
    own,
    width,
    ['series int', 'at int', 'count int', ...figures.map((name) => `${name} float8`)].join(', '),
    latest.values(),
    `ORDER BY 1, 2 ON CONFLICT (series, at) DO UPDATE
     SET count = excluded.count, ${figures.map((name) => `${name} = excluded.${name}`)}
     WHERE excluded.count > ${width}.count`,
  );
}

/** One by one: there may be a million of them. */
function* samplesOf({ samples }: Rows, series: Numbers): Generator<readonly Value[]> {
  for (const { series: identity, baseNs, sinceNs, offsetsNs, windowsNs } of samples) {
    const id = series.get(identity);
    for (const [i, since] of sinceNs.entries()) {
      yield [id, baseNs + BigInt(Math.round(since)), offsetsNs[i], windowsNs[i]];
    }
  }
}

async function putRest(own: Statements, rows: Rows, runs: Numbers): Promise<void> {
  const { events, calibrations, documents } = rows;
  await insert(
    own,
    'event',
    'run int, at bigint, seen_at bigint, kind text, detail text, clock text, reference text',
    events.map(({ run, atNs, seenAtMs, kind, detail, clock, reference }) => {
      return [runs.get(run), atNs, seenAtMs, kind, detail, clock ?? '', reference ?? ''];
    }),
  );
  await insert(
    own,
    'calibration',
    'run int, at bigint, result text',
    calibrations.map(({ run, atNs, calibration }) => [runs.get(run), atNs, JSON.stringify(calibration)]),
  );
  await own.each(
    'run int, hz float8',
    calibrations.map(({ run, calibration }) => [runs.get(run), calibration.kernelHz]),
    `UPDATE sender AS s SET kernel_hz = u.hz FROM u JOIN run r ON r.id = u.run
     WHERE s.id = r.sender AND u.hz IS DISTINCT FROM s.kernel_hz AND u.hz IS NOT NULL`,
  );
  // Each may be of megabytes.
  for (const { run, kind, kernel, summary, content } of documents) {
    const row = [runs.get(run), kind, kernel, summary, content];
    await insert(own, 'document', 'run int, kind text, kernel text, summary text, content bytea', [row]);
  }
  await own.each(
    'run int, fresh int',
    Array.from(freshHours(rows), ([identity, hour]) => [runs.get(identity), hour]),
    makeStale(
      `SELECT x.host, min(u.fresh) AS fresh FROM u JOIN run r ON r.id = u.run JOIN sender x ON x.id = r.sender GROUP BY x.host`,
    ),
  );
}

import { asCount, asText } from '../../store/cells.ts';
import type { FleetStore, Numbered, Statements, Value } from './fleet-store.ts';
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
export interface Delivery {
  /** The stream's name and when it was made: sequences count anew in a new one. */
  readonly stream: string;
  readonly received: readonly Received[];
  /** Sequences of messages that were put aside, because they could not be read. */
  readonly refused: readonly number[];
}

/** Identities whose numbers are remembered: of 100,000 hosts with their runs and series, and some more. */
const MOST_KNOWN = 1_000_000;

/** The numbers of rows by their identities. */
type Numbers = ReadonlyMap<string, number>;

/** Stores a delivery in one transaction. A repeat of any part of it changes nothing. */
export async function writeDelivery(
  store: FleetStore,
  { stream, received, refused }: Delivery,
): Promise<void> {
  const rows = rowsOf(received);
  const stored = received.map(({ sequence }) => sequence);
  const { numbers } = store;
  const found = await store.transaction(async (own) => {
    const sender = await putSenders(own, rows, numbers.sender);
    const run = await putRuns(own, rows, sender, numbers);
    const series = await putSeries(own, rows, run, numbers.series);
    await putRollups(own, 'minute', rows.minutes, series);
    await putRollups(own, 'hour', rows.hours, series);
    await insert(
      own,
      'sample',
      'series int, at bigint, offset float8, window float8',
      samplesOf(rows, series),
    );
    await putRest(own, rows, run);
    await addRanges(own, stream, [...rangesOf(stored, false), ...rangesOf(refused, true)]);
    return { sender, run, series };
  });
  // What was learnt in a transaction that failed is not true.
  for (const [table, known] of Object.entries(numbers)) {
    if (known.size >= MOST_KNOWN) known.clear();
    for (const [identity, number] of found[table as Numbered]) known.set(identity, number);
  }
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

/** The numbers of rows that are there by now, as far as they are. */
async function lookUp(
  own: Statements,
  table: Numbered,
  identities: Iterable<string>,
  known: Numbers,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const missing: string[][] = [];
  for (const identity of identities) {
    const number = known.get(identity);
    if (number === undefined) missing.push([identity]);
    else found.set(identity, number);
  }
  const sql = `SELECT t.identity, t.id FROM u JOIN ${table} t ON t.identity = u.identity`;
  for (const [identity, id] of await own.each('identity text', missing, sql))
    found.set(asText(identity), asCount(id));
  return found;
}

/** A sender with its number. */
type NumberedSender = SenderRow & { readonly id: number };

async function putSenders(own: Statements, { senders }: Rows, known: Numbers): Promise<Numbers> {
  const all = [...senders.values()];
  const unknown = all.filter(({ identity }) => !known.has(identity));
  if (unknown.length > 0) await addSenders(own, unknown);
  const numbers = await lookUp(own, 'sender', senders.keys(), known);
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
  await describe(own, sorted);
  return numbers;
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

/** What senders say of themselves with each batch, where it is other than what is known and not older. */
async function describe(own: Statements, senders: readonly NumberedSender[]): Promise<void> {
  const columns = 'id int, at bigint, hostname text, version text, labels text';
  const rows = senders.map(({ id, receivedAtMs, host: { hostname, version, labels } }) => {
    return [id, receivedAtMs, hostname, version, JSON.stringify(labels)];
  });
  const other = `s.id = u.id AND s.last_at <= u.at
    AND (s.hostname <> u.hostname OR s.version <> u.version OR s.labels <> u.labels)`;
  const found = await own.each(columns, rows, `SELECT s.id FROM u JOIN sender s ON ${other}`);
  if (found.length === 0) return;
  const ids = new Set(found.map(([id]) => asCount(id)));
  await own.each(
    columns,
    rows.filter(([id]) => ids.has(id as number)),
    'UPDATE sender AS s SET hostname = u.hostname, version = u.version, labels = u.labels FROM u WHERE s.id = u.id',
  );
  await own.each(
    'sender int',
    Array.from(ids, (id) => [id]),
    'DELETE FROM label WHERE sender IN (SELECT u.sender FROM u)',
  );
  const labels = senders
    .filter(({ id }) => ids.has(id))
    .flatMap(({ id, host }) => Object.entries(host.labels).map((label) => [id, ...label]));
  await insert(own, 'label', 'sender int, key text, value text', labels);
}

async function putRuns(
  own: Statements,
  { runs }: Rows,
  senders: Numbers,
  known: FleetStore['numbers'],
): Promise<Numbers> {
  const fresh = [...runs.values()].filter(
    ({ identity, endedAtNs }) => endedAtNs !== null || !known.run.has(identity),
  );
  const absent = fresh.map(({ sender }) => sender).filter((identity) => !senders.has(identity));
  const owners = await lookUp(own, 'sender', absent, known.sender);
  await insert(
    own,
    'run',
    'identity text, sender int, key text, command text, started_at bigint, ended_at bigint',
    fresh.map(({ identity, sender, shipper, key, command, startedAtNs, endedAtNs }) => {
      const owner = senders.get(sender) ?? owners.get(sender) ?? senders.get(shipper);
      return [identity, owner, key, command, startedAtNs, endedAtNs];
    }),
    'ON CONFLICT (identity) DO UPDATE SET ended_at = coalesce(run.ended_at, excluded.ended_at)',
  );
  return await lookUp(own, 'run', runs.keys(), known.run);
}

async function putSeries(own: Statements, { series }: Rows, runs: Numbers, known: Numbers): Promise<Numbers> {
  const fresh = [...series.values()].filter(({ identity }) => !known.has(identity));
  await insert(
    own,
    'series',
    'identity text, run int, clock text, reference text, independent int, reason text, origin bigint',
    fresh.map(({ identity, run, clock, reference, independent, reason, originNs }) => {
      const flag = independent === null ? null : Number(independent);
      return [identity, runs.get(run), clock, reference, flag, reason, originNs];
    }),
  );
  return await lookUp(own, 'series', series.keys(), known);
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

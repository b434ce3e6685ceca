import { randomBytes } from 'node:crypto';
import { AFTER_ALL, BEFORE_ALL, earlier, floorTo, HOUR_NS, MINUTE_NS } from './buckets.ts';
import { asBigint, asCount, asText, orNull } from './cells.ts';
import type { Row } from './connection.ts';
import { EVENT, eventOf } from './events.ts';
import { rollUp } from './roll-up.ts';
import { type Rollup, readRollups } from './rollups.ts';
import { readRuns, soundDocument } from './runs.ts';
import { countBefore, countSamples, type Sample, samplesOf } from './samples.ts';
import { readSeries, type SeriesRow } from './series.ts';
import type { Store } from './store-on.ts';
import { ns, tableOf, text } from './table.ts';

/** A pair of clocks and its new rows. */
export interface UnshippedSeries extends Omit<SeriesRow, 'id' | 'run' | 'rolledAtNs'> {
  readonly minutes: readonly Rollup[];
  readonly hours: readonly Rollup[];
  readonly samples: readonly Sample[];
}

/** An event, and the pair that it is about; null is the host. */
export interface UnshippedEvent {
  readonly atNs: bigint;
  readonly kind: string;
  readonly detail: string;
  readonly pair: readonly [clock: string, reference: string] | null;
}

/** A run and its new rows. */
export interface UnshippedRun {
  readonly key: string;
  readonly command: string;
  readonly startedAtNs: bigint;
  readonly endedAtNs: bigint | null;
  /** JSON of what it was asked. */
  readonly options: string | null;
  readonly series: UnshippedSeries[];
  readonly events: UnshippedEvent[];
  /** JSON of each. */
  readonly calibrations: string[];
  document: string | null;
}

/** The last sample of a series that went into what was sent, ns; null where nothing was. */
interface SeriesMarks {
  readonly minutes: bigint | null;
  readonly hours: bigint | null;
  readonly samples: bigint | null;
}

/** How far a hub has what is in the store. */
export interface Marks {
  readonly series: readonly (SeriesMarks & { readonly id: bigint })[];
  /** The last row that was sent, and null where it is as before. */
  readonly event: bigint | null;
  readonly calibration: bigint | null;
  readonly ended: readonly bigint[];
  readonly documents: readonly bigint[];
}

/** What is sent next, and what to note once it has arrived. */
export interface Unshipped {
  readonly runs: readonly UnshippedRun[];
  readonly marks: Marks;
  /** True where there is more than was asked for. */
  readonly more: boolean;
}

/** Which of the store is sent. */
export interface ShippedParts {
  /** Runs of this host only: others may have been imported. */
  readonly hostKey: string;
  /** Whether single samples are. */
  readonly samples: boolean;
}

/** Rows that a hub does not have, and those that it never will have. */
export type RowCounts = Readonly<Record<(typeof COUNTED)[number], number>>;
const COUNTED = ['minutes', 'samples', 'events', 'documents'] as const;

/** About how much JSON a row takes, bytes. */
const SIZES = { rollup: 160, sample: 50, event: 160, calibration: 64 };
/** A series that has had no sample for this long is as complete as it will be: its run was cut off, ns. */
const QUIET_NS = 2n * MINUTE_NS;

const CALIBRATION = tableOf('calibration', ['run'], { atNs: ns, result: text });

/** Stores a calibration of a run's, JSON; one of that time that is there already stays. */
export function putCalibration(store: Store, run: number, atNs: bigint, result: string): void {
  store.transaction(() => {
    const row = CALIBRATION.row([BigInt(run)], { atNs, result });
    store.connection.run(`INSERT ${CALIBRATION.into} ON CONFLICT DO NOTHING`, ...row);
  });
}

const noted = ({ connection }: Store, name: string): string | null =>
  orNull(asText)(connection.value('SELECT value FROM shipping WHERE name = ?', name));

const note = ({ connection }: Store, name: string, value: string): void =>
  void connection.run('INSERT OR REPLACE INTO shipping (name, value) VALUES (?, ?)', name, value);

/** A random name of the store, made when it is first asked for: the same word sent by another store is another host. */
export function instanceOf(store: Store): string {
  const known = noted(store, 'instance');
  if (known !== null) return known;
  const made = randomBytes(8).toString('hex');
  store.transaction(() => note(store, 'instance', made));
  return made;
}

const NOTHING: SeriesMarks = { minutes: null, hours: null, samples: null };

function marksOf({ connection }: Store): Map<bigint, SeriesMarks> {
  const rows = connection.all('SELECT series, minutes, hours, samples FROM shipped_series');
  const time = orNull(asBigint);
  return new Map(
    rows.map(([id, minutes, hours, samples]) => [
      asBigint(id),
      { minutes: time(minutes), hours: time(hours), samples: time(samples) },
    ]),
  );
}

/** The row-by-row marks of events or calibrations. A table that was emptied counts its rows from 1 again. */
function lastSent(store: Store, table: 'event' | 'calibration'): bigint {
  const mark = BigInt(noted(store, table) ?? 0);
  const newest = store.connection.value(`SELECT coalesce(max(id), 0) FROM ${table}`);
  return asBigint(newest) < mark ? 0n : mark;
}

/** A host's runs, and what of them is sent next as it fills. */
class Filling {
  readonly own: ReadonlyMap<bigint, UnshippedRun>;
  /** Those of which something is new. */
  readonly filled = new Set<UnshippedRun>();
  /** Room in the batch, bytes. */
  left: number;

  constructor(store: Store, hostKey: string, bytes: number) {
    this.left = bytes;
    const hostId = store.connection.value('SELECT id FROM host WHERE key = ?', hostKey);
    const runs = readRuns(store).filter(({ host }) => host === hostId);
    this.own = new Map(
      runs.map(({ id, host: _, ...run }) => [
        id,
        { ...run, series: [], events: [], calibrations: [], document: null },
      ]),
    );
  }

  /** How many rows of about this size fit, one at least while there is any room. */
  rows(size: number): number {
    return this.left <= 0 ? 0 : Math.max(1, Math.floor(this.left / size));
  }

  /** What is new of a run, up to about that many bytes. */
  add(run: UnshippedRun, bytes: number): UnshippedRun {
    this.filled.add(run);
    this.left -= bytes;
    return run;
  }
}

/** Roll-ups that hold a sample later than `mark`; the last one only when it is complete. */
function rollupsAfter(
  store: Store,
  { id, rolledAtNs }: SeriesRow,
  width: bigint,
  mark: bigint | null,
  complete: boolean,
  filling: Filling,
): Rollup[] {
  if (rolledAtNs === null || (mark !== null && mark >= rolledAtNs)) return [];
  const end = complete ? AFTER_ALL : floorTo(rolledAtNs, width);
  const start = mark === null ? BEFORE_ALL : floorTo(mark, width);
  const most = filling.rows(SIZES.rollup);
  const found: Rollup[] = [];
  for (const rollup of readRollups(store, id, width, start, end)) {
    if (mark !== null && rollup.lastAtNs <= mark) continue;
    if (found.length >= most) break;
    found.push(rollup);
  }
  filling.left -= found.length * SIZES.rollup;
  return found;
}

/**
 * Rolls up what is new, and gives what a hub does not have yet, oldest runs first. What is still being measured (the
 * present minute) is left for the next time.
 *
 * @param bytes about how much JSON it may come to.
 * @param nowNs wall clock.
 */
export function readUnshipped(store: Store, parts: ShippedParts, bytes: number, nowNs: bigint): Unshipped {
  rollUp(store);
  const filling = new Filling(store, parts.hostKey, bytes);
  const known = marksOf(store);
  const series: Marks['series'][number][] = [];
  for (const row of readSeries(store)) {
    const own = filling.own.get(row.run);
    if (own === undefined || filling.left <= 0) continue;
    const before = known.get(row.id) ?? NOTHING;
    const quiet =
      row.rolledAtNs !== null && (nowNs - row.rolledAtNs > QUIET_NS || row.rolledAtNs - nowNs > QUIET_NS);
    const complete = own.endedAtNs !== null || quiet;
    const minutes = rollupsAfter(store, row, MINUTE_NS, before.minutes, complete, filling);
    const hours = rollupsAfter(store, row, HOUR_NS, before.hours, complete, filling);
    const samples = parts.samples ? samplesAfter(store, row, before.samples, filling) : [];
    if (minutes.length + hours.length + samples.length === 0) continue;
    const { id, run: _, rolledAtNs: __, ...described } = row;
    filling.add(own, 0).series.push({ ...described, minutes, hours, samples });
    series.push({
      id,
      minutes: minutes.at(-1)?.lastAtNs ?? before.minutes,
      hours: hours.at(-1)?.lastAtNs ?? before.hours,
      samples: samples.at(-1)?.atNs ?? before.samples,
    });
  }
  const event = takeEvents(store, filling);
  const calibration = takeCalibrations(store, filling);
  const marks = { series, event, calibration, ...takeRuns(store, filling) };
  return { runs: [...filling.filled], marks, more: filling.left <= 0 };
}

function samplesAfter(
  store: Store,
  { id, rolledAtNs }: SeriesRow,
  mark: bigint | null,
  filling: Filling,
): Sample[] {
  if (rolledAtNs === null || (mark !== null && mark >= rolledAtNs)) return [];
  const from = mark === null ? BEFORE_ALL : mark + 1n;
  const samples = samplesOf(store, Number(id), from, filling.rows(SIZES.sample));
  filling.left -= samples.length * SIZES.sample;
  return samples;
}

const EVENTS = `SELECT id, run, (SELECT clock FROM series WHERE id = event.series),
  (SELECT reference FROM series WHERE id = event.series), ${EVENT.columns}, checksum
  FROM event WHERE id > ? ORDER BY id LIMIT ?`;

/** @returns the last row that was looked at; null where there is nothing new. */
function takeEvents(store: Store, filling: Filling): bigint | null {
  let last: bigint | null = null;
  const rows = store.connection.all(EVENTS, lastSent(store, 'event'), BigInt(filling.rows(SIZES.event)));
  for (const [id, runCell, clock, reference, ...row] of rows) {
    if (filling.left <= 0) break;
    last = asBigint(id);
    const run = asBigint(runCell);
    const own = filling.own.get(run);
    const event = own === undefined ? null : eventOf(store, run, row);
    if (own === undefined || event === null) continue;
    const { atNs, kind, detail } = event;
    const pair = clock == null ? null : ([asText(clock), asText(reference)] as const);
    filling.add(own, SIZES.event + detail.length).events.push({ atNs, kind, detail, pair });
  }
  return last;
}

function takeCalibrations(store: Store, filling: Filling): bigint | null {
  let last: bigint | null = null;
  const sql = `SELECT id, run, ${CALIBRATION.columns}, checksum FROM calibration WHERE id > ? ORDER BY id LIMIT ?`;
  const rows = store.connection.all(sql, lastSent(store, 'calibration'), BigInt(filling.rows(1_000)));
  for (const row of rows) {
    if (filling.left <= 0) break;
    last = asBigint(row[0]);
    const [own, result] = [filling.own.get(asBigint(row[1])), soundCalibration(store, row)];
    if (own === undefined || result === null) continue;
    filling.add(own, SIZES.calibration + result.length).calibrations.push(result);
  }
  return last;
}

/** @returns null for one that is damaged, which is noted. */
function soundCalibration(store: Store, [, runCell, ...row]: Row): string | null {
  const [{ atNs, result }, sound] = CALIBRATION.check([asBigint(runCell)], row);
  if (sound) return result;
  store.damage.add({ what: 'a calibration', fromNs: atNs, toNs: atNs });
  return null;
}

/** Ends and documents of runs. */
function takeRuns(store: Store, filling: Filling): Pick<Marks, 'ended' | 'documents'> {
  const [ended, documents]: [bigint[], bigint[]] = [[], []];
  const rows = store.connection.all(
    `SELECT run.id, run.ended_at IS NOT NULL AND coalesce(d.ended, 0) = 0, run.document IS NOT NULL AND coalesce(d.document, 0) = 0,
       coalesce(length(run.document), 0)
     FROM run LEFT JOIN shipped_run d ON d.run = run.id
     WHERE (run.ended_at IS NOT NULL AND coalesce(d.ended, 0) = 0) OR (run.document IS NOT NULL AND coalesce(d.document, 0) = 0)
     ORDER BY run.id`,
  );
  for (const [cell, isEnded, hasDocument, length] of rows) {
    const id = asBigint(cell);
    const own = filling.own.get(id);
    if (own === undefined || filling.left <= 0) continue;
    filling.add(own, SIZES.event);
    if (asCount(isEnded) === 1) ended.push(id);
    if (asCount(hasDocument) === 0) continue;
    own.document = soundDocument(store, id);
    documents.push(id);
    // It is sent compressed, about a tenth.
    filling.left -= asCount(length) / 6;
  }
  return { ended, documents };
}

/** Notes, in one transaction, that a hub has acknowledged it. */
export function markShipped(store: Store, { series, event, calibration, ended, documents }: Marks): void {
  const { connection } = store;
  store.transaction(() => {
    for (const { id, minutes, hours, samples } of series) {
      connection.run(
        `INSERT INTO shipped_series (series, minutes, hours, samples) SELECT id, ?2, ?3, ?4 FROM series WHERE id = ?1
         ON CONFLICT (series) DO UPDATE SET minutes = excluded.minutes, hours = excluded.hours, samples = excluded.samples`,
        id,
        minutes,
        hours,
        samples,
      );
    }
    if (event !== null) note(store, 'event', String(event));
    if (calibration !== null) note(store, 'calibration', String(calibration));
    for (const [column, runs] of [
      ['ended', ended],
      ['document', documents],
    ] as const) {
      for (const run of runs) {
        connection.run(
          `INSERT INTO shipped_run (run, ${column}) SELECT id, 1 FROM run WHERE id = ?1 ON CONFLICT (run) DO UPDATE SET ${column} = 1`,
          run,
        );
      }
    }
  });
}

/** How much a hub does not have yet. */
export function countUnshipped(store: Store, parts: ShippedParts): RowCounts {
  const { connection } = store;
  const runs = new Filling(store, parts.hostKey, 0).own;
  const known = marksOf(store);
  const counts = { minutes: 0, samples: 0, events: 0, documents: 0 };
  for (const { id, run, rolledAtNs } of readSeries(store)) {
    if (!runs.has(run) || rolledAtNs === null) continue;
    const { minutes, samples } = known.get(id) ?? NOTHING;
    const sql = 'SELECT count(*) FROM rollup WHERE series = ? AND width = ? AND at >= ? AND last_at > ?';
    const from = minutes === null ? BEFORE_ALL : floorTo(minutes, MINUTE_NS);
    counts.minutes += asCount(connection.value(sql, id, MINUTE_NS, from, minutes ?? BEFORE_ALL));
    if (parts.samples && (samples === null || samples < rolledAtNs)) {
      const before = samples === null ? 0 : countBefore(store, id, earlier(samples, AFTER_ALL - 1n) + 1n);
      counts.samples += countSamples(store, id) - before;
    }
  }
  const own = 'SELECT run.id FROM run JOIN host ON host.id = run.host WHERE host.key = ?';
  const events = `SELECT count(*) FROM event WHERE id > ? AND run IN (${own})`;
  counts.events = asCount(connection.value(events, lastSent(store, 'event'), parts.hostKey));
  const documents = `SELECT count(*) FROM run LEFT JOIN shipped_run d ON d.run = run.id
    WHERE run.document IS NOT NULL AND coalesce(d.document, 0) = 0 AND run.id IN (${own})`;
  counts.documents = asCount(connection.value(documents, parts.hostKey));
  return counts;
}

/** What retention took before a hub had it, since the store was made. */
export function lostUnshipped(store: Store): RowCounts {
  const counts = Object.fromEntries(COUNTED.map((kind) => [kind, Number(noted(store, `lost ${kind}`) ?? 0)]));
  return counts as RowCounts;
}

/**
 * Runs `work`, which deletes what is too old, and counts the rows that went before a hub had them. The count is right
 * even where the process is killed in the middle: the next pass completes it.
 */
export function countingLost<T>(store: Store, parts: ShippedParts, work: () => T): T {
  settleLost(store, parts);
  rollUp(store);
  const before = JSON.stringify(countUnshipped(store, parts));
  store.transaction(() => note(store, 'before', before));
  const result = work();
  settleLost(store, parts);
  return result;
}

function settleLost(store: Store, parts: ShippedParts): void {
  const before = noted(store, 'before');
  if (before === null) return;
  const counts = JSON.parse(before) as RowCounts;
  const now = countUnshipped(store, parts);
  const lost = lostUnshipped(store);
  store.transaction(() => {
    for (const kind of COUNTED) {
      const gone = Math.max(0, counts[kind] - now[kind]);
      if (gone > 0) note(store, `lost ${kind}`, String(lost[kind] + gone));
    }
    store.connection.run("DELETE FROM shipping WHERE name = 'before'");
  });
}

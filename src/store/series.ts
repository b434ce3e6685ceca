import { HOUR_NS, later } from './buckets.ts';
import { asBigint, asCount, orNull } from './cells.ts';
import type { Row } from './connection.ts';
import { nameOfRun, soundRows } from './damage.ts';
import { readRollup } from './rollups.ts';
import { countSamples, extentOf } from './samples.ts';
import type { Store } from './store-on.ts';
import { flag, int64, ns, nullable, tableOf, text } from './table.ts';

/** A pair of clocks as a run starts to compare them. */
export interface NewSeries {
  readonly clock: string;
  readonly reference: string;
  /** False: both are made from one counter. Null: unknown. */
  readonly independent: boolean | null;
  readonly reason: string;
  /** The clock less the reference, ns, that offsets count from. */
  readonly originNs: bigint;
}

export interface StoredSeries extends NewSeries {
  /** The number that the other functions take. */
  readonly id: number;
  readonly run: number;
  /** The oldest and the newest sample, rolled up or not; null where there is none. */
  readonly firstAtNs: bigint | null;
  readonly lastAtNs: bigint | null;
}

export const SERIES = tableOf('series', [], {
  run: int64,
  clock: text,
  reference: text,
  independent: nullable(flag),
  reason: text,
  originNs: ns,
  /** The last sample that went into the roll-ups. */
  rolledAtNs: nullable(ns),
});

/** A row of the table. */
export interface SeriesRow extends ReturnType<typeof SERIES.read> {
  readonly id: bigint;
}

const COLUMNS = `id, ${SERIES.columns}, checksum`;

/** @returns null for one that is damaged, which is noted. */
function seriesOf(store: Store, [id, ...row]: Row): SeriesRow | null {
  const [series, sound] = SERIES.check([], row);
  // 2 would read as false, which is not what was written.
  const isFlag = row[3] === null || row[3] === 0n || row[3] === 1n;
  if (sound && isFlag) return { id: asBigint(id), ...series };
  const what = `what is known of the pair ${series.clock} against ${series.reference}, with its samples and events`;
  store.damage.add({ run: nameOfRun(store, series.run), what });
  return null;
}

/** Every series that can be read, in the order in which they were added. */
export const readSeries = (store: Store): SeriesRow[] =>
  soundRows(store, 'some pairs of clocks', `SELECT ${COLUMNS} FROM series ORDER BY id`).flatMap(
    (row) => seriesOf(store, row) ?? [],
  );

/** How many series a run has; 0 where its own row is not there. */
export const countSeries = ({ connection }: Store, run: number): number => {
  const sql = 'SELECT count(*) FROM series JOIN run ON run.id = series.run WHERE run.id = ?';
  return asCount(connection.value(sql, BigInt(run)));
};

const idOf = ({ connection }: Store, { run, clock, reference }: Omit<SeriesRow, 'id'>): bigint => {
  const sql = 'SELECT id FROM series WHERE run = ? AND clock = ? AND reference = ?';
  return asBigint(connection.value(sql, run, clock, reference));
};

/**
 * Adds a series, within a transaction; of one that is there already only its roll-ups may reach further.
 *
 * @returns whether it was new.
 */
export function putSeries(store: Store, row: Omit<SeriesRow, 'id'>): boolean {
  const { connection } = store;
  const added = connection.run(`INSERT ${SERIES.into} ON CONFLICT DO NOTHING`, ...SERIES.row([], row));
  if (added > 0) return true;
  const id = idOf(store, row);
  const known = rolledAt(store, id);
  if (row.rolledAtNs !== null && (known === null || row.rolledAtNs > known)) {
    setRolledAt(store, id, row.rolledAtNs);
  }
  return false;
}

/**
 * Starts a series within a run; one that is there already goes on.
 *
 * @returns its number.
 * @throws TscopeError STORE_ROW_GONE where the run is not there.
 */
export function addSeries(store: Store, run: number, series: NewSeries): number {
  const row = { ...series, run: BigInt(run), rolledAtNs: null };
  return store.transaction(() => {
    putSeries(store, row);
    return Number(idOf(store, row));
  });
}

/** The last sample that went into the roll-ups; null where none did. */
export const rolledAt = ({ connection }: Store, series: bigint): bigint | null =>
  orNull(asBigint)(connection.value('SELECT rolled_at FROM series WHERE id = ?', series));

/** Notes it, within a transaction. */
export function setRolledAt(store: Store, series: bigint, rolledAtNs: bigint): void {
  const found = store.connection.get(`SELECT ${COLUMNS} FROM series WHERE id = ?`, series);
  const row = found === null ? null : seriesOf(store, found);
  if (row === null) return;
  const sql = 'UPDATE series SET rolled_at = ?, checksum = ? WHERE id = ?';
  store.connection.run(sql, rolledAtNs, SERIES.checksum([], { ...row, rolledAtNs }), series);
}

const LISTED = `
SELECT ${COLUMNS} FROM series
WHERE run IN (SELECT run.id FROM run JOIN host ON host.id = run.host WHERE ?1 IS NULL OR host.key = ?1)
ORDER BY (SELECT started_at FROM run WHERE run.id = series.run), id`;

/** From when to when a series has samples, rolled up or not, without reading them. */
function reachOf(store: Store, { id, rolledAtNs }: SeriesRow) {
  const { firstAtNs, lastAtNs } = extentOf(store, id);
  const oldest = store.connection.value(FIRST_HOUR, id);
  const hour = oldest === null ? null : readRollup(store, id, HOUR_NS, asBigint(oldest));
  return { firstAtNs: hour?.firstAtNs ?? firstAtNs, lastAtNs: lastAtNs ?? rolledAtNs };
}

const FIRST_HOUR = `SELECT min(at) FROM rollup WHERE series = ? AND width = ${HOUR_NS}`;

/** The series of a host, or of all, oldest run first. */
export function listSeries(store: Store, hostKey: string | null = null): StoredSeries[] {
  return store.connection.all(LISTED, hostKey).flatMap((cells) => {
    const row = seriesOf(store, cells);
    if (row === null) return [];
    const { rolledAtNs: _, ...series } = row;
    return [{ ...series, id: Number(row.id), run: Number(row.run), ...reachOf(store, row) }];
  });
}

/** Samples that a run's series hold, and the last moment that they reach. */
export function samplesOfRun(store: Store, series: readonly SeriesRow[]) {
  let samples = 0;
  let lastSampleAtNs: bigint | null = null;
  for (const row of series) {
    samples += countSamples(store, row.id);
    const last = extentOf(store, row.id).lastAtNs ?? row.rolledAtNs;
    if (last !== null) lastSampleAtNs = later(lastSampleAtNs ?? last, last);
  }
  return { samples, lastSampleAtNs };
}

import { HOUR_NS } from './buckets.ts';
import { asBigint, asCount, asReal, asText, orNull } from './cells.ts';
import type { Store } from './store.ts';

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

/** One comparison of two clocks. */
export interface Sample {
  /** The wall clock at the run's start plus the time that has passed since, ns. Grows within a series. */
  readonly atNs: bigint;
  /** The clock less the reference, less the series' origin, ns. */
  readonly offsetNs: number;
  /** Width of the bracket, ns: the offset is sure to half of it. */
  readonly windowNs: number;
}

/** Starts a series within a run. @returns its number. */
export function addSeries(store: Store, run: number, series: NewSeries): number {
  const { clock, reference, independent, reason, originNs } = series;
  return store.transaction(() => {
    store.connection.run(
      'INSERT INTO series (run, clock, reference, independent, reason, origin) VALUES (?, ?, ?, ?, ?, ?)',
      BigInt(run),
      clock,
      reference,
      independent === null ? null : BigInt(independent),
      reason,
      originNs,
    );
    const found = 'SELECT id FROM series WHERE run = ? AND clock = ? AND reference = ?';
    return asCount(store.connection.get(found, BigInt(run), clock, reference)?.[0]);
  });
}

/**
 * Stores samples of any number of series, all or none. When it returns they survive the end of this process.
 *
 * @throws TscopeError as every transaction of the store.
 */
export function appendSamples(
  store: Store,
  batch: ReadonlyArray<readonly [series: number, sample: Sample]>,
): void {
  store.transaction(() => {
    for (const [series, { atNs, offsetNs, windowNs }] of batch) {
      store.connection.run(
        'INSERT INTO sample VALUES (?, ?, ?, ?)',
        BigInt(series),
        atNs,
        offsetNs,
        windowNs,
      );
    }
  });
}

/** What to look for; what is left out matches all. */
export interface SeriesFilter {
  readonly run?: number;
  readonly hostKey?: string;
  readonly clock?: string;
  readonly reference?: string;
}

const SERIES = `
SELECT s.id, s.run, s.clock, s.reference, s.independent, s.reason, s.origin,
  coalesce(
    (SELECT first_at FROM rollup WHERE series = s.id AND width = ${HOUR_NS} ORDER BY at LIMIT 1),
    (SELECT min(at) FROM sample WHERE series = s.id)),
  coalesce((SELECT max(at) FROM sample WHERE series = s.id), s.rolled_at)
FROM series s JOIN run ON run.id = s.run JOIN host ON host.id = run.host
WHERE (?1 IS NULL OR s.run = ?1) AND (?2 IS NULL OR host.key = ?2)
  AND (?3 IS NULL OR s.clock = ?3) AND (?4 IS NULL OR s.reference = ?4)
ORDER BY run.started_at, s.id`;

/** The series that match, oldest run first. */
export function listSeries({ connection }: Store, filter: SeriesFilter = {}): StoredSeries[] {
  const { run, hostKey, clock, reference } = filter;
  const values = [run === undefined ? null : BigInt(run), hostKey ?? null, clock ?? null, reference ?? null];
  return connection.all(SERIES, ...values).map((row) => ({
    id: asCount(row[0]),
    run: asCount(row[1]),
    clock: asText(row[2]),
    reference: asText(row[3]),
    independent: row[4] === null ? null : asCount(row[4]) === 1,
    reason: asText(row[5]),
    originNs: asBigint(row[6]),
    firstAtNs: orNull(asBigint)(row[7]),
    lastAtNs: orNull(asBigint)(row[8]),
  }));
}

/** Samples of a series from `fromNs` on, oldest first, as they were stored. @param limit at most so many. */
export function samplesOf({ connection }: Store, series: number, fromNs: bigint, limit: number): Sample[] {
  const sql = 'SELECT at, offset, window FROM sample WHERE series = ? AND at >= ? ORDER BY at LIMIT ?';
  return connection.all(sql, BigInt(series), fromNs, BigInt(limit)).map(([at, offset, window]) => ({
    atNs: asBigint(at),
    offsetNs: asReal(offset),
    windowNs: asReal(window),
  }));
}

import { earlier, floorTo, HOUR_NS, later, MINUTE_NS } from './buckets.ts';
import { asBigint, asCount, orNull } from './cells.ts';
import type { Connection } from './connection.ts';
import { rollUp } from './roll-up.ts';
import type { Store } from './store.ts';

/** How long what is kept. Null is for ever. */
export interface Retention {
  /** Age, ns, counted back from the newest sample of the store: a wrong clock deletes nothing. */
  readonly samplesNs: bigint | null;
  readonly minutesNs: bigint | null;
  /** Of the hours; also of events, and of runs that have nothing left. */
  readonly hoursNs: bigint | null;
  /** Size of the file: what is oldest goes first, samples before minutes before hours. */
  readonly maxBytes: number | null;
}

/** What a size limit never takes: the unfinished roll-ups need it. */
const LEAST_SAMPLES_NS = 2n * HOUR_NS;
const LEAST_MINUTES_NS = 24n * HOUR_NS;
/** Free pages that stay in the file for what comes next. */
const SPARE_PAGES = 256;

interface Tier {
  readonly name: 'samples' | 'minutes' | 'hours';
  /** The rows of one series. */
  readonly rows: string;
  readonly leastNs: bigint;
  /** One transaction deletes at most this much of one series, so that writers do not wait long. */
  readonly stretchNs: bigint;
}

const TIERS: readonly Tier[] = [
  { name: 'samples', rows: 'sample WHERE series = ?', leastNs: LEAST_SAMPLES_NS, stretchNs: HOUR_NS },
  {
    name: 'minutes',
    rows: `rollup WHERE series = ? AND width = ${MINUTE_NS}`,
    leastNs: LEAST_MINUTES_NS,
    stretchNs: 600n * HOUR_NS,
  },
  {
    name: 'hours',
    rows: `rollup WHERE series = ? AND width = ${HOUR_NS}`,
    leastNs: LEAST_MINUTES_NS,
    stretchNs: 36_000n * HOUR_NS,
  },
];

const time = (connection: Connection, sql: string, ...values: bigint[]): bigint | null =>
  orNull(asBigint)(connection.get(sql, ...values)?.[0] ?? null);

const seriesIds = (connection: Connection): bigint[] =>
  connection.all('SELECT id FROM series ORDER BY id').map(([id]) => asBigint(id));

const least = (times: ReadonlyArray<bigint | null>): bigint | null =>
  times.reduce((a, b) => (a === null || (b !== null && b < a) ? b : a), null);

/** Deletes what is older than `cutoff`. @returns how many rows. */
function deleteBefore(store: Store, { rows, stretchNs }: Tier, cutoff: bigint): number {
  const { connection } = store;
  let deleted = 0;
  for (const series of seriesIds(connection)) {
    for (;;) {
      const oldest = time(connection, `SELECT min(at) FROM ${rows}`, series);
      if (oldest === null || oldest >= cutoff) break;
      const end = earlier(oldest + stretchNs, cutoff);
      deleted += store.transaction(() => connection.run(`DELETE FROM ${rows} AND at < ?`, series, end));
    }
  }
  return deleted;
}

function deleteOldRuns(store: Store, cutoff: bigint): void {
  store.transaction(() => {
    store.connection.run('DELETE FROM event WHERE at < ?', cutoff);
    store.connection.run(
      `DELETE FROM run WHERE coalesce(ended_at, started_at) < ?1
         AND NOT EXISTS (SELECT 1 FROM event WHERE run = run.id)
         AND NOT EXISTS (SELECT 1 FROM series s WHERE s.run = run.id AND (
           EXISTS (SELECT 1 FROM sample WHERE series = s.id) OR EXISTS (SELECT 1 FROM rollup WHERE series = s.id)))`,
      cutoff,
    );
  });
}

/** Bytes in use: the file without the pages that are free. */
export function usedBytes({ connection }: Store): number {
  const pages = asCount(connection.pragma('page_count')) - asCount(connection.pragma('freelist_count'));
  return pages * asCount(connection.pragma('page_size'));
}

/** Deletes the oldest eighth of the longest-lived rows that may go, until the store is small enough or nothing may go. */
function shrink(store: Store, newest: bigint, maxBytes: number, deleted: Record<Tier['name'], number>): void {
  const { connection } = store;
  for (const tier of TIERS) {
    const limit = floorTo(newest - tier.leastNs, HOUR_NS);
    while (usedBytes(store) > maxBytes) {
      const oldest = least(
        seriesIds(connection).map((id) => time(connection, `SELECT min(at) FROM ${tier.rows}`, id)),
      );
      if (oldest === null || oldest >= limit) break;
      const cutoff = floorTo(oldest + (newest - oldest) / 8n, HOUR_NS) + HOUR_NS;
      deleted[tier.name] += deleteBefore(store, tier, earlier(cutoff, limit));
    }
  }
}

/** Gives free pages back to the file system, a few at a time. */
function vacuum({ connection }: Store): void {
  for (let free = asCount(connection.pragma('freelist_count')); free > SPARE_PAGES; ) {
    connection.exec(`PRAGMA incremental_vacuum(${Math.min(1000, free - SPARE_PAGES)})`);
    const left = asCount(connection.pragma('freelist_count'));
    if (left >= free) break;
    free = left;
  }
}

/**
 * Rolls up what is new and deletes what is too old, in short transactions. Samples younger than two hours and minutes
 * younger than a day stay whatever the limits are.
 *
 * @returns how many rows went, and how many samples were rolled up.
 */
export function maintain(
  store: Store,
  retention: Retention,
): { rolledUp: number; deleted: Record<Tier['name'], number> } {
  const { connection } = store;
  const rolledUp = rollUp(store);
  const deleted = { samples: 0, minutes: 0, hours: 0 };
  const newest = time(connection, 'SELECT max(rolled_at) FROM series');
  if (newest === null) return { rolledUp, deleted };
  const ages = { samples: retention.samplesNs, minutes: retention.minutesNs, hours: retention.hoursNs };
  for (const tier of TIERS) {
    const age = ages[tier.name];
    if (age === null) continue;
    deleted[tier.name] += deleteBefore(store, tier, floorTo(newest - later(age, tier.leastNs), HOUR_NS));
  }
  if (retention.maxBytes !== null) shrink(store, newest, retention.maxBytes, deleted);
  if (retention.hoursNs !== null) deleteOldRuns(store, floorTo(newest - retention.hoursNs, HOUR_NS));
  vacuum(store);
  return { rolledUp, deleted };
}

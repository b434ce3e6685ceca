import { AFTER_ALL, bucketsOf, earlier, floorTo, HOUR_NS, later, MINUTE_NS } from './buckets.ts';
import { asBigint, asCount, orNull } from './cells.ts';
import { rollUp } from './roll-up.ts';
import { readRollups } from './rollups.ts';
import { readRuns } from './runs.ts';
import { countBefore, countSamples, deleteSamplesBefore, oldestSample, readSamples } from './samples.ts';
import { readSeries, type SeriesRow } from './series.ts';
import type { Store } from './store-on.ts';

/** How long each kind is kept. Null is forever. */
export interface Retention {
  /** Age, ns, counted in time that was measured since, not by the clock: a wrong clock deletes nothing. */
  readonly samplesNs: bigint | null;
  readonly minutesNs: bigint | null;
  /** Of the hours; also of events, and of runs that have nothing left. */
  readonly hoursNs: bigint | null;
  /** Size of the file: what is oldest goes first, samples before minutes before hours. */
  readonly maxBytes: number | null;
}

export const FOREVER: Retention = { samplesNs: null, minutesNs: null, hoursNs: null, maxBytes: null };

/** Roll-ups are kept this many times as long as samples. */
const ROLLUPS_KEPT = 10n;

/** What an agent keeps: samples for `retainNs`, minutes and hours ten times as long. */
export const retentionFor = (retainNs: bigint, maxBytes: number | null): Retention => {
  const longer = retainNs * ROLLUPS_KEPT;
  return { samplesNs: retainNs, minutesNs: longer, hoursNs: longer, maxBytes };
};

/** What no limit ever takes: the unfinished roll-ups need it. */
const LEAST_SAMPLES_NS = 2n * HOUR_NS;
const LEAST_ROLLUPS_NS = 24n * HOUR_NS;
/**
 * Of what a store holds of one kind, one pass takes at most this share unless it is forced. Each pass of an agent takes
 * the oldest hour; one that would take more than this follows a mistake, or a new limit, which a few passes reach too.
 */
export const MOST_SHARE = 0.25;
/** Hours further apart than this are a step of the clock, or a host that was off: an hour went by, as far as anyone knows. */
const LONGEST_GAP_NS = 24n * HOUR_NS;
/** What a size limit takes at a time: an eighth of what there is. */
const SHRINK_STEPS = 8n;
/** Free pages that stay in the file for what comes next. */
const SPARE_PAGES = 256;

const KINDS = ['samples', 'minutes', 'hours'] as const;
export type Kind = (typeof KINDS)[number];

const WIDTHS = { minutes: MINUTE_NS, hours: HOUR_NS } as const;
const LEAST_NS: Readonly<Record<Kind, bigint>> = {
  samples: LEAST_SAMPLES_NS,
  minutes: LEAST_ROLLUPS_NS,
  hours: LEAST_ROLLUPS_NS,
};

/** How many rows of each kind. */
export type Counts = Readonly<Record<Kind, number>>;

/** Rows of one series that are too old. */
interface Deletion {
  readonly series: bigint;
  readonly kind: Kind;
  readonly beforeNs: bigint;
  readonly count: number;
}

/** What one pass did, or would do. */
export interface Pruned {
  readonly rolledUp: number;
  readonly deleted: Counts;
  readonly events: number;
  readonly runs: number;
  /** What is too old as well, but more than one pass may take: it goes with the next ones, or with `force`. */
  readonly withheld: Counts;
}

/** The hours in which a run measured anything. */
function hoursOf(store: Store, series: readonly SeriesRow[]): bigint[] {
  const hours = new Set<bigint>();
  for (const { id, rolledAtNs } of series) {
    for (const { atNs } of readRollups(store, id, HOUR_NS)) hours.add(atNs);
    for (const rows of readSamples(store, id, rolledAtNs === null ? undefined : rolledAtNs + 1n)) {
      for (const [atNs] of bucketsOf(rows, HOUR_NS)) hours.add(atNs);
    }
  }
  return [...hours];
}

/** The hour at which an age is reached, counting back from the newest; null where the hours do not reach so far. */
function hourOfAge(hours: readonly bigint[], ageNs: bigint): bigint | null {
  let age = 0n;
  for (let i = hours.length - 1; i > 0; i--) {
    const [newer, older] = [hours[i] as bigint, hours[i - 1] as bigint];
    const gap = newer - older;
    if (gap <= LONGEST_GAP_NS && age + gap >= ageNs) return newer - (ageNs - age);
    age += gap <= LONGEST_GAP_NS ? gap : HOUR_NS;
    if (age >= ageNs) return newer;
  }
  return null;
}

/** A run with what decides its age. */
interface Aging {
  readonly id: bigint;
  readonly startedAtNs: bigint;
  readonly endedAtNs: bigint | null;
  readonly series: readonly SeriesRow[];
  /** The hours that it measured, and those of the runs that are later than it beyond doubt. */
  readonly hours: readonly bigint[];
}

/**
 * Runs with the hours since. Of two runs of a host one is later only where both the clock and the order in which they
 * were stored say so: a run whose clock was a year ahead ages none that follows it.
 */
function aging(store: Store): Aging[] {
  const series = readSeries(store);
  const runs = readRuns(store).map((run) => {
    const own = series.filter((row) => row.run === run.id);
    return { ...run, series: own, own: hoursOf(store, own) };
  });
  return runs.map(({ own, ...run }) => {
    const later = runs.filter(
      (other) => other.host === run.host && other.id > run.id && other.startedAtNs >= run.startedAtNs,
    );
    const all = new Set(own.concat(...later.map((other) => other.own)));
    return { ...run, hours: [...all].sort((a, b) => (a < b ? -1 : 1)) };
  });
}

function oldestOf(store: Store, kind: Kind, series: bigint): bigint | null {
  if (kind === 'samples') return oldestSample(store, series);
  const sql = 'SELECT min(at) FROM rollup WHERE series = ? AND width = ?';
  return orNull(asBigint)(store.connection.value(sql, series, WIDTHS[kind]));
}

function countOf(store: Store, kind: Kind, series: bigint, beforeNs: bigint): number {
  if (kind === 'samples') return countBefore(store, series, beforeNs);
  const sql = 'SELECT count(*) FROM rollup WHERE series = ? AND width = ? AND at < ?';
  return asCount(store.connection.value(sql, series, WIDTHS[kind], beforeNs));
}

const totalOf = (store: Store, kind: Kind, series: readonly SeriesRow[]): number =>
  series.reduce(
    (sum, { id }) =>
      sum + (kind === 'samples' ? countSamples(store, id) : countOf(store, kind, id, AFTER_ALL)),
    0,
  );

function tooOld(store: Store, kind: Kind, series: bigint, beforeNs: bigint): Deletion[] {
  const oldest = oldestOf(store, kind, series);
  if (oldest === null || oldest >= beforeNs) return [];
  return [{ series, kind, beforeNs, count: countOf(store, kind, series, beforeNs) }];
}

/** The hour before which a run's rows of a kind are too old; null where none are. */
function cutoffOf(run: Aging, ageNs: bigint | null, kind: Kind): bigint | null {
  if (ageNs === null) return null;
  const hour = hourOfAge(run.hours, later(ageNs, LEAST_NS[kind]));
  return hour === null ? null : floorTo(hour, HOUR_NS);
}

/**
 * Takes the oldest hours of what is too old, until the share is used up.
 *
 * @returns the deletions that may be done, and how many rows have to wait.
 */
function withinShare(
  store: Store,
  wanted: readonly Deletion[],
  most: number,
): { readonly allowed: Deletion[]; readonly withheld: number } {
  const total = wanted.reduce((sum, { count }) => sum + count, 0);
  if (total <= most) return { allowed: [...wanted], withheld: 0 };
  // The share of each series in what may go, so that no series pays for another.
  const allowed = wanted.flatMap(({ series, kind, beforeNs, count }) => {
    const oldest = oldestOf(store, kind, series) ?? beforeNs;
    let [low, high] = [floorTo(oldest, HOUR_NS) / HOUR_NS, beforeNs / HOUR_NS];
    const share = Math.floor((most * count) / total);
    while (low < high) {
      const middle = (low + high + 1n) / 2n;
      const [deletion] = tooOld(store, kind, series, middle * HOUR_NS);
      if ((deletion?.count ?? 0) <= share) low = middle;
      else high = middle - 1n;
    }
    return tooOld(store, kind, series, low * HOUR_NS);
  });
  return { allowed, withheld: total - allowed.reduce((sum, { count }) => sum + count, 0) };
}

function carryOut(store: Store, { series, kind, beforeNs }: Deletion): void {
  store.transaction(() => {
    if (kind === 'samples') deleteSamplesBefore(store, series, beforeNs);
    else {
      const sql = 'DELETE FROM rollup WHERE series = ? AND width = ? AND at < ?';
      store.connection.run(sql, series, WIDTHS[kind], beforeNs);
    }
  });
}

/** Bytes in use: the file without the pages that are free. */
export function usedBytes({ connection }: Store): number {
  const pages = asCount(connection.pragma('page_count')) - asCount(connection.pragma('freelist_count'));
  return pages * asCount(connection.pragma('page_size'));
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

/** An event is as old as its run's start at most: its own clock may have been wrong. */
const OLD_EVENTS = 'FROM event WHERE run = ?1 AND max(at, ?2) < ?3';
const OLD_RUN = `FROM run WHERE id = ?1 AND coalesce(ended_at, started_at) < ?2
  AND NOT EXISTS (SELECT 1 FROM event WHERE run = run.id AND max(at, started_at) >= ?2)
  AND NOT EXISTS (SELECT 1 FROM series s WHERE s.run = run.id AND (
    EXISTS (SELECT 1 FROM sample WHERE series = s.id) OR EXISTS (SELECT 1 FROM block WHERE series = s.id)
    OR EXISTS (SELECT 1 FROM rollup WHERE series = s.id)))`;

function pruneRuns(store: Store, runs: readonly Aging[], hoursNs: bigint | null, dryRun: boolean) {
  const { connection } = store;
  const counts = { events: 0, runs: 0 };
  for (const run of runs) {
    const cutoff = cutoffOf(run, hoursNs, 'hours');
    if (cutoff === null) continue;
    const count = (from: string, ...values: bigint[]) =>
      asCount(connection.value(`SELECT count(*) ${from}`, ...values));
    counts.events += count(OLD_EVENTS, run.id, run.startedAtNs, cutoff);
    counts.runs += count(OLD_RUN, run.id, cutoff);
    if (dryRun) continue;
    store.transaction(() => {
      connection.run(`DELETE ${OLD_EVENTS}`, run.id, run.startedAtNs, cutoff);
      connection.run(`DELETE ${OLD_RUN}`, run.id, cutoff);
    });
  }
  return counts;
}

/** How a pass goes about it. */
export interface PruneOptions {
  /** Changes nothing, and tells what would be deleted by age. */
  readonly dryRun?: boolean;
  /** Takes all that is too old at once. */
  readonly force?: boolean;
}

/**
 * Rolls up what is new and deletes what is too old, in short transactions. Samples younger than two hours and minutes
 * younger than a day stay whatever the limits are, and one pass takes a quarter of what there is at most.
 *
 * Age is time that was measured: a run's rows are as old as the hours that it, and the runs that are later than it
 * beyond doubt, have measured since. A clock that jumps adds an hour to that, not a year.
 */
export function maintain(
  store: Store,
  retention: Retention,
  { dryRun = false, force = false }: PruneOptions = {},
): Pruned {
  const rolledUp = dryRun ? 0 : rollUp(store);
  const deleted = { samples: 0, minutes: 0, hours: 0 };
  const withheld = { samples: 0, minutes: 0, hours: 0 };
  const runs = aging(store);
  const all = runs.flatMap(({ series }) => series);
  const ages = { samples: retention.samplesNs, minutes: retention.minutesNs, hours: retention.hoursNs };
  const budgets = { samples: 0, minutes: 0, hours: 0 };
  const take: Take = (kind, cutoffs) => {
    const wanted = runs.flatMap((run) => {
      const cutoff = cutoffs(run);
      return cutoff === null ? [] : run.series.flatMap(({ id }) => tooOld(store, kind, id, cutoff));
    });
    const { allowed, withheld } = withinShare(store, wanted, budgets[kind]);
    for (const deletion of allowed) {
      if (!dryRun) carryOut(store, deletion);
      budgets[kind] -= deletion.count;
      deleted[kind] += deletion.count;
    }
    return withheld;
  };
  for (const kind of KINDS) {
    if (ages[kind] === null && retention.maxBytes === null) continue;
    budgets[kind] = force ? Number.POSITIVE_INFINITY : Math.ceil(totalOf(store, kind, all) * MOST_SHARE);
    withheld[kind] = take(kind, (run) => cutoffOf(run, ages[kind], kind));
  }
  if (retention.maxBytes !== null && !dryRun) shrink(store, retention.maxBytes, take);
  const old = pruneRuns(store, runs, retention.hoursNs, dryRun);
  if (!dryRun) vacuum(store);
  return { rolledUp, deleted, ...old, withheld };
}

/** Deletes what is older than each run's cutoff, as far as the share allows. @returns how many rows have to wait. */
type Take = (kind: Kind, cutoffs: (run: Aging) => bigint | null) => number;

/** Deletes the oldest of the longest-lived rows that may go, until the store is small enough or nothing may go. */
function shrink(store: Store, maxBytes: number, take: Take): void {
  for (const kind of KINDS) {
    for (let step = SHRINK_STEPS - 1n; step >= 0n && usedBytes(store) > maxBytes; step--) {
      const waiting = take(kind, (run) => {
        // What is left of the run's own time, so that a clock that was wrong decides about itself only.
        const newest = run.hours.at(-1);
        const limit = cutoffOf(run, LEAST_NS[kind], kind);
        if (newest === undefined || limit === null) return null;
        const index = BigInt(run.hours.length) - 1n - (BigInt(run.hours.length) * step) / SHRINK_STEPS;
        return earlier(run.hours[Number(index)] ?? newest, limit);
      });
      // The next pass goes on with these, before anything that lives longer.
      if (waiting > 0) return;
    }
  }
}

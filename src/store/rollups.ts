import { AFTER_ALL, BEFORE_ALL, type Summary } from './buckets.ts';
import { asBigint, asCount, asReal } from './cells.ts';
import { rowChecksum } from './checksum.ts';
import type { Cell } from './connection.ts';
import { noteLost } from './damage.ts';
import type { Store } from './store-on.ts';

/** The summary of one minute or hour of a series. */
export interface Rollup extends Summary {
  /** Its start. */
  readonly atNs: bigint;
}

const PAGE = 2_000;

/** The values of a row, after its series and width. */
export const valuesOf = (rollup: Rollup): (bigint | number)[] => [
  rollup.atNs,
  BigInt(rollup.count),
  rollup.minNs,
  rollup.maxNs,
  rollup.meanNs,
  rollup.firstAtNs,
  rollup.firstNs,
  rollup.lastAtNs,
  rollup.lastNs,
];

/** A row from `at, count, min, max, mean, first_at, first, last_at, last` on. */
export const rollupOf = (row: readonly Cell[]): Rollup => ({
  atNs: asBigint(row[0]),
  count: asCount(row[1]),
  minNs: asReal(row[2]),
  maxNs: asReal(row[3]),
  meanNs: asReal(row[4]),
  firstAtNs: asBigint(row[5]),
  firstNs: asReal(row[6]),
  lastAtNs: asBigint(row[7]),
  lastNs: asReal(row[8]),
});

const checksumOf = (series: bigint, width: bigint, rollup: Rollup): bigint =>
  rowChecksum('rollup', series, width, ...valuesOf(rollup));

/** Stores a roll-up in place of an earlier one of the same time. */
export function putRollup({ connection }: Store, series: bigint, width: bigint, rollup: Rollup): void {
  connection.run(
    `INSERT OR REPLACE INTO rollup (series, width, at, count, min, max, mean, first_at, first, last_at, last, checksum)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    series,
    width,
    ...valuesOf(rollup),
    checksumOf(series, width, rollup),
  );
}

/** The roll-ups that start in [fromNs, toNs), oldest first. Those that are damaged are noted and left out. */
export function* readRollups(
  store: Store,
  series: bigint,
  width: bigint,
  fromNs = BEFORE_ALL,
  toNs = AFTER_ALL,
): Generator<Rollup> {
  const sql = `SELECT at, count, min, max, mean, first_at, first, last_at, last, checksum FROM rollup
    WHERE series = ? AND width = ? AND at >= ? AND at < ? ORDER BY at LIMIT ${PAGE}`;
  for (let from = fromNs; ; ) {
    const { rows, whole } = store.connection.allSound(sql, series, width, from, toNs);
    for (const row of rows) {
      const rollup = rollupOf(row);
      if (checksumOf(series, width, rollup) === row[9]) yield rollup;
      else noteLost(store, series, 'roll-ups', rollup.atNs, rollup.atNs + width);
    }
    if (!whole) noteLost(store, series, 'roll-ups', asBigint(rows.at(-1)?.[0] ?? from), toNs);
    if (rows.length < PAGE) return;
    from = asBigint(rows.at(-1)?.[0]) + 1n;
  }
}

/** One of them; null where there is none. */
export function readRollup(store: Store, series: bigint, width: bigint, atNs: bigint): Rollup | null {
  const [rollup] = readRollups(store, series, width, atNs, atNs + 1n);
  return rollup ?? null;
}

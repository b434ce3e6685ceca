import { AFTER_ALL, BEFORE_ALL } from './buckets.ts';
import { asBigint } from './cells.ts';
import { noteLost } from './damage.ts';
import type { Store } from './store-on.ts';
import { count, ns, real, tableOf } from './table.ts';

export const ROLLUP = tableOf('rollup', ['series', 'width'], {
  /** Its start. */
  atNs: ns,
  count,
  minNs: real,
  maxNs: real,
  meanNs: real,
  firstAtNs: ns,
  firstNs: real,
  lastAtNs: ns,
  lastNs: real,
});
/** The summary of one minute or hour of a series. */
export type Rollup = ReturnType<typeof ROLLUP.read>;

const PAGE = 2_000;

/** Stores a roll-up in place of an earlier one of the same time. */
export function putRollup({ connection }: Store, series: bigint, width: bigint, rollup: Rollup): void {
  connection.run(`INSERT OR REPLACE ${ROLLUP.into}`, ...ROLLUP.row([series, width], rollup));
}

/** The roll-ups that start in [fromNs, toNs), oldest first. Those that are damaged are noted and left out. */
export function* readRollups(
  store: Store,
  series: bigint,
  width: bigint,
  fromNs = BEFORE_ALL,
  toNs = AFTER_ALL,
): Generator<Rollup> {
  const sql = `SELECT ${ROLLUP.columns}, checksum FROM rollup
    WHERE series = ? AND width = ? AND at >= ? AND at < ? ORDER BY at LIMIT ${PAGE}`;
  for (let from = fromNs; ; ) {
    const { rows, whole } = store.connection.allSound(sql, series, width, from, toNs);
    for (const row of rows) {
      const [rollup, sound] = ROLLUP.check([series, width], row);
      if (sound) yield rollup;
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

import { isoOf } from './buckets.ts';
import { anyText } from './cells.ts';
import type { Cell, Row } from './connection.ts';
import type { Damage } from './damage-log.ts';
import type { Store } from './store-on.ts';

/** The name of a run, for a sentence about damage. */
export const nameOfRun = ({ connection }: Store, run: bigint): string | null =>
  anyText(connection.value('SELECT key FROM run WHERE id = ?', run));

/** Notes that rows of a series are lost, under the names of its run and its clocks as far as those can be read. */
export function noteLost(store: Store, series: bigint, what: string, fromNs: bigint, toNs: bigint): void {
  const sql = 'SELECT run.key, clock, reference FROM series s LEFT JOIN run ON run.id = s.run WHERE s.id = ?';
  const [run, clock, reference] = store.connection.get(sql, series) ?? [];
  const pair = clock == null ? `series ${series}` : `${anyText(clock)} against ${anyText(reference)}`;
  store.damage.add({ run: anyText(run), what: `${what} of ${pair}`, fromNs, toNs });
}

/** What is lost, as a part of a sentence. */
export function damageText({ run, what, fromNs, toNs }: Damage): string {
  const when =
    fromNs === null || toNs === null
      ? ''
      : fromNs === toNs
        ? ` at ${isoOf(fromNs)}`
        : ` from ${isoOf(fromNs)} to ${isoOf(toNs)}`;
  return `${run === null ? '' : `run ${run}: `}${what}${when}`;
}

/** The rows of a query as far as they can be read; what comes after is noted as `what`. */
export function soundRows(store: Store, what: string, sql: string, ...values: Cell[]): Row[] {
  const { rows, whole } = store.connection.allSound(sql, ...values);
  if (!whole) store.damage.add({ what });
  return rows;
}

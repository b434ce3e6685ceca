import { asBigint, asCount, asText, orNull } from './cells.ts';
import { rowChecksum } from './checksum.ts';
import type { Row } from './connection.ts';
import { nameOfRun } from './damage.ts';
import type { Store } from './store-on.ts';

/** Something that happened to a clock or to the host. */
export interface StoredEvent {
  /** The pair it concerns; null for the whole host. */
  readonly series: number | null;
  readonly atNs: bigint;
  readonly kind: string;
  readonly detail: string;
}

export const eventChecksum = (run: bigint, { series, atNs, kind, detail }: StoredEvent): bigint =>
  rowChecksum('event', run, series, atNs, kind, detail);

/** An event of a row from `series, at, kind, detail` on. */
export const readEvent = ([series, at, kind, detail]: Row): StoredEvent => ({
  series: orNull(asCount)(series),
  atNs: asBigint(at),
  kind: asText(kind),
  detail: asText(detail),
});

/** @returns true for an event that was not there yet. */
export function putEvent({ connection }: Store, run: bigint, event: StoredEvent): boolean {
  const { series, atNs, kind, detail } = event;
  // Not OR IGNORE, which would let a run that is gone pass.
  const added = connection.run(
    `INSERT INTO event (run, series, at, kind, detail, checksum) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    run,
    series === null ? null : BigInt(series),
    atNs,
    kind,
    detail,
    eventChecksum(run, event),
  );
  return added > 0;
}

/**
 * Stores events of a run; one that is there already is not stored again.
 *
 * @throws TscopeError STORE_ROW_GONE where the run or the series is not there.
 */
export function appendEvents(store: Store, run: number, events: readonly StoredEvent[]): void {
  store.transaction(() => {
    for (const event of events) putEvent(store, BigInt(run), event);
  });
}

/** A row from `series, at, kind, detail, checksum` on; null for one that is damaged, which is noted. */
export function eventOf(store: Store, run: bigint, row: Row): StoredEvent | null {
  const event = readEvent(row);
  if (eventChecksum(run, event) === row[4]) return event;
  const { atNs } = event;
  store.damage.add({ run: nameOfRun(store, run), what: 'an event', fromNs: atNs, toNs: atNs });
  return null;
}

/** A run's events in [fromNs, toNs), oldest first. @param limit the most of them. */
export function eventsOf(
  store: Store,
  run: number,
  fromNs: bigint,
  toNs: bigint,
  limit = 10_000,
): StoredEvent[] {
  return store.connection
    .all(
      `SELECT series, at, kind, detail, checksum FROM event WHERE run = ? AND at >= ? AND at < ?
       ORDER BY at, id LIMIT ?`,
      BigInt(run),
      fromNs,
      toNs,
      BigInt(limit),
    )
    .flatMap((row) => eventOf(store, BigInt(run), row) ?? []);
}

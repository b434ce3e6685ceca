import { asBigint, asCount, asText, orNull } from './cells.ts';
import type { Store } from './store.ts';

/** Something that happened to a clock or to the host. */
export interface StoredEvent {
  /** The pair it concerns; null for the whole host. */
  readonly series: number | null;
  readonly atNs: bigint;
  readonly kind: string;
  readonly detail: string;
}

/** Stores events of a run; one that is there already is not stored again. */
export function appendEvents(store: Store, run: number, events: readonly StoredEvent[]): void {
  store.transaction(() => {
    for (const { series, atNs, kind, detail } of events) {
      store.connection.run(
        'INSERT OR IGNORE INTO event (run, series, at, kind, detail) VALUES (?, ?, ?, ?, ?)',
        BigInt(run),
        series === null ? null : BigInt(series),
        atNs,
        kind,
        detail,
      );
    }
  });
}

/** A run's events in [fromNs, toNs), oldest first. @param limit at most so many. */
export function eventsOf(
  { connection }: Store,
  run: number,
  fromNs: bigint,
  toNs: bigint,
  limit = 10_000,
): StoredEvent[] {
  return connection
    .all(
      'SELECT series, at, kind, detail FROM event WHERE run = ? AND at >= ? AND at < ? ORDER BY at, id LIMIT ?',
      BigInt(run),
      fromNs,
      toNs,
      BigInt(limit),
    )
    .map(([series, at, kind, detail]) => ({
      series: orNull(asCount)(series),
      atNs: asBigint(at),
      kind: asText(kind),
      detail: asText(detail),
    }));
}

import type { Row } from './connection.ts';
import { nameOfRun } from './damage.ts';
import type { Store } from './store-on.ts';
import { ns, nullable, small, tableOf, text } from './table.ts';

export const EVENT = tableOf('event', ['run'], {
  /** The pair it concerns; null for the whole host. */
  series: nullable(small),
  atNs: ns,
  kind: text,
  detail: text,
});
/** Something that happened to a clock or to the host. */
type StoredEvent = ReturnType<typeof EVENT.read>;

/** @returns true for an event that was not there yet. */
export function putEvent({ connection }: Store, run: bigint, event: StoredEvent): boolean {
  // Not OR IGNORE, which would let a run that is gone pass.
  return connection.run(`INSERT ${EVENT.into} ON CONFLICT DO NOTHING`, ...EVENT.row([run], event)) > 0;
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
  const [event, sound] = EVENT.check([run], row);
  if (sound) return event;
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
      `SELECT ${EVENT.columns}, checksum FROM event WHERE run = ? AND at >= ? AND at < ?
       ORDER BY at, id LIMIT ?`,
      BigInt(run),
      fromNs,
      toNs,
      BigInt(limit),
    )
    .flatMap((row) => eventOf(store, BigInt(run), row) ?? []);
}

import type { FleetStore } from './fleet-store.ts';

/**
 * Opens the fleet store that `--db` names. Each database's driver is loaded only for a store of its kind.
 *
 * @param place `postgres://user@host/database`, or a file for SQLite.
 * @param make whether it is made where there is none.
 * @throws TscopeError STORE_REFUSED where it is something else or newer, or is not there; as the store.
 */
export async function openFleetStore(place: string, make = true): Promise<FleetStore> {
  if (/^postgres(ql)?:\/\//.test(place)) {
    const { openPostgresFleetStore } = await import('./postgres/postgres-store.ts');
    return openPostgresFleetStore(place, make);
  }
  const { openSqliteFleetStore } = await import('./sqlite/sqlite-store.ts');
  return openSqliteFleetStore(place, make);
}

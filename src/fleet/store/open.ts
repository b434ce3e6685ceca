import type { FleetStore } from './fleet-store.ts';

/**
 * Opens the fleet store that `--db` names, and makes its tables where there are none. Each database's driver is loaded
 * only for a store of its kind.
 *
 * @param place `postgres://user@host/database`, or a file for SQLite.
 * @throws TscopeError STORE_REFUSED where it is something else or newer; as the store.
 */
export async function openFleetStore(place: string): Promise<FleetStore> {
  if (/^postgres(ql)?:\/\//.test(place)) {
    const { openPostgresFleetStore } = await import('./postgres/postgres-store.ts');
    return openPostgresFleetStore(place);
  }
  const { openSqliteFleetStore } = await import('./sqlite/sqlite-store.ts');
  return openSqliteFleetStore(place);
}

import type { Control } from '../clock/control.ts';
import { TscopeError } from '../errors.ts';
import { type Checked, checkStore } from '../store/check.ts';
import type { Damage } from '../store/damage-log.ts';
import { exportStore } from '../store/export.ts';
import { type Imported, importInto } from '../store/import.ts';
import { maintain, type Pruned, type Retention } from '../store/retention.ts';
import { openStore, openStoreToRead, using } from '../store/store.ts';

/** A store, and the file that its rows go to or come from. */
interface TransferOptions {
  readonly db: string;
  readonly file: string;
}

/** What a task found, and what of the store it found damaged. */
type WithDamage<T> = T & { readonly damage: readonly Damage[] };

/**
 * Writes what can be read of a store to a CSV or JSON lines file, as a task.
 *
 * @throws TscopeError as `exportStore`; INTERRUPTED.
 */
export function exportStoreTask(
  { db, file }: TransferOptions,
  control: Control,
): WithDamage<{ rows: number }> {
  return using(openStoreToRead(db), (store) => {
    const rows = exportStore(store, file, control);
    if (rows === null) throw new TscopeError('INTERRUPTED', 'interrupted; nothing was exported.');
    return { rows, damage: store.damage.all };
  });
}

/** Reads such a file into a store, which it creates if needed, as a task. */
export async function importStoreTask({ db, file }: TransferOptions, control: Control): Promise<Imported> {
  const store = openStore(db);
  try {
    return await importInto(store, file, control);
  } finally {
    store.close();
  }
}

/** Reads all of a store against its checksums, as a task. */
export const checkStoreTask = ({ db }: { readonly db: string }, control: Control): WithDamage<Checked> =>
  using(openStoreToRead(db), (store) => {
    const checked = checkStore(store, control);
    return { ...checked, damage: store.damage.all };
  });

/** What to delete, and how. */
export interface PruneTaskOptions {
  readonly db: string;
  readonly retention: Retention;
  readonly dryRun: boolean;
  readonly force: boolean;
}

/** Rolls up and deletes what is too old, as a task. */
export const pruneStoreTask = ({ db, retention, ...options }: PruneTaskOptions): Pruned =>
  using(options.dryRun ? openStoreToRead(db) : openStore(db), (store) => maintain(store, retention, options));

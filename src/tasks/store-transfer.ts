import type { Control } from '../clock/control.ts';
import { TscopeError } from '../errors.ts';
import { exportStore } from '../store/export.ts';
import { importInto } from '../store/import.ts';
import { openStore, openStoreToRead, type Store } from '../store/store.ts';

/** A store, and the file that its rows go to or come from. */
export interface TransferOptions {
  readonly db: string;
  readonly file: string;
}

function using<T>(store: Store, work: (store: Store) => T): T {
  try {
    return work(store);
  } finally {
    store.close();
  }
}

/**
 * Writes a store to a CSV or JSON lines file, as a task. @returns how many rows.
 *
 * @throws TscopeError as `exportStore`; INTERRUPTED.
 */
export function exportTask({ db, file }: TransferOptions, control: Control): number {
  const rows = using(openStoreToRead(db), (store) => exportStore(store, file, control));
  if (rows === null) throw new TscopeError('INTERRUPTED', 'stopped; nothing was exported.');
  return rows;
}

/** Reads such a file into a store, which it creates if needed, as a task. @returns how many rows were new. */
export const importTask = ({ db, file }: TransferOptions, control: Control): number =>
  using(openStore(db), (store) => importInto(store, file, control));

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { TscopeError } from '../../errors.ts';
import type { Store } from '../../store/store.ts';

/** Copies all that an open store holds. @returns false where it is too damaged to be read. */
function copyTo(file: string, { connection }: Store): boolean {
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  try {
    connection.run('VACUUM INTO ?', file);
    return true;
  } catch (error) {
    rmSync(file, { force: true });
    if (error instanceof TscopeError && error.code === 'STORE_REFUSED') return false;
    throw error;
  }
}

/**
 * Brings back the file of a store that was removed while it was open: it lives on until it is closed, so all that was
 * stored is copied to the old place. A file that has taken the place meanwhile is left as it is. Either way the removed
 * store is closed.
 *
 * @returns whether the file at the old place now holds what the removed one held.
 * @throws TscopeError as the store; the removed store is then still open.
 */
export function restore(removed: Store): boolean {
  const { path } = removed.connection;
  const gone = !existsSync(path);
  const copy = `${path}.${process.pid}.part`;
  const copied = gone && copyTo(copy, removed);
  // Closing removes the log by its name, which from then on is the next store's.
  removed.close();
  if (gone) {
    // A log that is left belongs to no file; SQLite would merge it into the next one.
    for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  }
  if (copied) renameSync(copy, path);
  return copied;
}

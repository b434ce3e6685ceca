import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { TscopeError } from '../../errors.ts';
import { makeFolder } from '../../folder.ts';
import type { Store } from '../../store/store.ts';

const copyOf = (path: string): string => `${path}.${process.pid}.part`;

/**
 * Copies all that a removed store holds: its file lives on until it is closed. Where another file has taken its place,
 * or it is too damaged to be read, there is nothing to be done.
 *
 * @returns whether there is a copy for `putBack`.
 * @throws TscopeError as the store: it must then stay open.
 */
export function salvage({ connection }: Store): boolean {
  const { path } = connection;
  // The file may only have been moved; SQLite would not merge its log into it when it closes.
  connection.pragma('wal_checkpoint(TRUNCATE)');
  if (existsSync(path)) return false;
  const copy = copyOf(path);
  try {
    makeFolder(dirname(path));
    rmSync(copy, { force: true });
    connection.run('VACUUM INTO ?', copy);
    return true;
  } catch (error) {
    rmSync(copy, { force: true });
    if (error instanceof TscopeError && error.code === 'STORE_REFUSED') return false;
    throw error;
  }
}

/**
 * Clears the place of a removed store, which must be closed by now, and puts the copy there.
 *
 * @param copied what `salvage` answered.
 */
export function putBack(path: string, copied: boolean): void {
  // SQLite would merge a log that is left into whatever file is there next.
  for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  if (!copied) return;
  if (existsSync(path)) rmSync(copyOf(path), { force: true });
  else renameSync(copyOf(path), path);
}

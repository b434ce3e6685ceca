import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { systemCode, TscopeError } from '../errors.ts';
import { type Connection, connect } from './connection.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';

const MAGIC = 'SQLite format 3\0';
const HEADER_BYTES = 100;
/** Offsets in SQLite's file header (https://www.sqlite.org/fileformat.html). */
const PAGE_COUNT_AT = 28;
const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;

/** Files up to this size are checked page by page when they are opened: at most 0.2 s. */
const CHECKED_BYTES = 64 * 2 ** 20;

const SECOND_LOOK_MS = 100;

const ANOTHER_FILE = 'It is left as it is; give another file.';

export const refused = (sentence: string, hint = ANOTHER_FILE): TscopeError =>
  new TscopeError('STORE_REFUSED', sentence, hint);

export const newerStore = (path: string, version: number): TscopeError =>
  refused(
    `${path} was written by a newer tscope: its format is ${version}, this one knows ${MIGRATIONS.length}.`,
    'It is left as it is. Update tscope, or give another file.',
  );

/** SQLite's URL of a file. @param mode `mode=ro`, or `immutable=1`: no locks and no files beside it. */
export const urlOf = (path: string, mode: 'mode=ro' | 'immutable=1'): string =>
  `${pathToFileURL(path).href}?${mode}`;

const sizeOf = (path: string): number | null => statSync(path, { throwIfNoEntry: false })?.size ?? null;

/** True where the file alone is the whole store: no process is writing to it and none left anything unmerged. */
export const standsAlone = (path: string): boolean =>
  ['-wal', '-journal'].every((log) => (sizeOf(path + log) ?? 0) === 0);

function header(path: string): Buffer {
  const buffer = Buffer.alloc(HEADER_BYTES);
  try {
    const descriptor = openSync(path, 'r');
    try {
      return buffer.subarray(0, readSync(descriptor, buffer, 0, HEADER_BYTES, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw new TscopeError('IO', `cannot read ${path} (${systemCode(error) ?? String(error)}).`, null, {
      cause: error,
    });
  }
}

function quickCheck(connection: Connection): boolean {
  try {
    return connection.pragma('quick_check(1)') === 'ok';
  } catch (error) {
    // Where the check cannot be made (no room for the shared memory file), opening decides.
    return !(error instanceof TscopeError && error.code === 'STORE_REFUSED');
  } finally {
    connection.close();
  }
}

function look(path: string): boolean {
  const size = sizeOf(path);
  if (size === null || size === 0) return false;
  const bytes = header(path);
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw refused(`${path} is not a tscope store.`);
  }
  if (bytes.readUInt32BE(APPLICATION_ID_AT) !== APPLICATION_ID) {
    // One page holds no table: a database that has just come into being.
    if (bytes.readUInt32BE(PAGE_COUNT_AT) === 1) return false;
    throw refused(`${path} is an SQLite database, but not a tscope store.`);
  }
  const version = bytes.readUInt32BE(USER_VERSION_AT);
  if (version > MIGRATIONS.length) throw newerStore(path, version);
  if (size > CHECKED_BYTES) return true;
  const mode = standsAlone(path) ? 'immutable=1' : 'mode=ro';
  if (!quickCheck(connect(path, urlOf(path, mode)))) throw refused(`${path} is damaged.`);
  return true;
}

/**
 * Looks at a file before it is opened for good, without changing it or leaving anything beside it.
 *
 * @param path absolute.
 * @returns false where there is nothing yet: no file, or an empty one.
 * @throws TscopeError STORE_REFUSED where it is no store, a newer one, or damaged; IO where it cannot be read.
 */
export function inspect(path: string): boolean {
  try {
    return look(path);
  } catch (error) {
    if (!(error instanceof TscopeError && error.code === 'STORE_REFUSED')) throw error;
    // Without locks, a store that another process creates or closes at this moment looks damaged. A real one still does.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SECOND_LOOK_MS);
    return look(path);
  }
}

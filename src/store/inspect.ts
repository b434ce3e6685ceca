import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { TscopeError } from '../errors.ts';
import { fileError } from '../system-error.ts';
import { anyText } from './cells.ts';
import { type Connection, connect } from './connection.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';

const MAGIC = 'SQLite format 3\0';
const HEADER_BYTES = 100;
/** Offsets in SQLite's file header (https://www.sqlite.org/fileformat.html). */
const PAGE_COUNT_AT = 28;
const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;

/** Files up to this size are checked page by page when they are opened: at most 0.2 s. Of larger ones the small tables. */
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

/**
 * SQLite's URL of a file. The plain VFS: the driver's own, for encrypted files, takes a failed read for a good one, and
 * what was in memory then goes to the disk as a page.
 *
 * @param mode `rwc` creates the file; `immutable` takes no locks and puts no files beside it.
 */
export const urlOf = (path: string, mode: 'rwc' | 'ro' | 'immutable'): string =>
  `${pathToFileURL(path).href}?vfs=unix&${mode === 'immutable' ? 'immutable=1' : `mode=${mode}`}`;

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
    throw fileError(`cannot read ${path}`, error);
  }
}

/** Tables that say what the others belong to. They are small; a row that goes missing there hides many. */
const KEY_TABLES = ['host', 'run', 'series', 'event'];

/**
 * What SQLite finds wrong with its pages, its order of rows and its indexes; null for nothing.
 *
 * @param whole all of the file, or the small tables only.
 */
export function structuralDamage(connection: Connection, whole: boolean): string | null {
  const parts = whole ? ['1'] : KEY_TABLES.map((table) => `'${table}'`);
  try {
    const said = parts
      .map((part) => connection.get(`SELECT integrity_check FROM pragma_integrity_check(${part})`)?.[0])
      .map((cell) => anyText(cell))
      .find((answer) => answer !== 'ok');
    return said === undefined ? null : firstLine(said ?? 'no answer');
  } catch (error) {
    if (!(error instanceof TscopeError)) throw error;
    // Where the check cannot be made (no room for the shared memory file), opening decides.
    const damaged = ['STORE_DAMAGED', 'STORE_REFUSED', 'STORE_FAILED'].includes(error.code);
    return damaged ? 'SQLite cannot read all of it' : null;
  }
}

const firstLine = (text: string): string => text.replace(/^\*\*\*.*\n/, '').split('\n')[0] ?? text;

/** What a file is, before it is opened for good. */
export interface Found {
  /** False where there is nothing yet: no file, or an empty one. */
  readonly exists: boolean;
  /** What SQLite finds wrong with it; null for nothing. */
  readonly damage: string | null;
}

const NOTHING: Found = { exists: false, damage: null };

function look(path: string): Found {
  const entry = statSync(path, { throwIfNoEntry: false });
  const size = entry?.size ?? null;
  // SQLite would write to a device, and wait for a pipe.
  if (entry !== undefined && !entry.isFile() && !entry.isDirectory())
    throw refused(`${path} is a pipe, a socket or a device; a store is a file.`, 'Give another file.');
  if (size === null || size === 0) return NOTHING;
  const bytes = header(path);
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw refused(`${path} is not a tscope store.`);
  }
  if (bytes.readUInt32BE(APPLICATION_ID_AT) !== APPLICATION_ID) {
    // One page holds no table: a database that has just come into being.
    if (bytes.readUInt32BE(PAGE_COUNT_AT) === 1) return NOTHING;
    throw refused(`${path} is an SQLite database, but not a tscope store.`);
  }
  const version = bytes.readUInt32BE(USER_VERSION_AT);
  if (version > MIGRATIONS.length) throw newerStore(path, version);
  const connection = connect(path, urlOf(path, standsAlone(path) ? 'immutable' : 'ro'));
  try {
    return { exists: true, damage: structuralDamage(connection, size <= CHECKED_BYTES) };
  } finally {
    connection.close();
  }
}

/**
 * Looks at a file before it is opened for good, without changing it or leaving anything beside it.
 *
 * @param path absolute.
 * @throws TscopeError STORE_REFUSED where it is not a store, or a newer one; IO where it cannot be read.
 */
export function inspect(path: string): Found {
  try {
    const found = look(path);
    if (found.damage === null) return found;
  } catch (error) {
    if (!(error instanceof TscopeError && error.code === 'STORE_REFUSED')) throw error;
  }
  // Without locks, a store that another process creates or closes at this moment looks damaged. A real one still does.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SECOND_LOOK_MS);
  return look(path);
}

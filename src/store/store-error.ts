import { type ErrorCode, TscopeError } from '../errors.ts';

const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

type Explanation = readonly [ErrorCode, (path: string) => string, hint: string];

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) that a user can do something about. */
const EXPLANATIONS: Readonly<Record<number, Explanation>> = {
  [SQLITE_FULL]: [
    'STORE_FULL',
    (path) => `${path}: the disk is full, so nothing more can be stored.`,
    'What was stored before is kept and can be read. Make room, or set a size limit.',
  ],
  [SQLITE_READONLY]: [
    'STORE_READ_ONLY',
    (path) => `${path} cannot be written: it, its folder or its file system is read-only.`,
    'Reading it still works.',
  ],
  [SQLITE_BUSY]: [
    'STORE_BUSY',
    (path) => `${path}: another process has kept it locked for seconds.`,
    'Try again; `fuser` on the file shows who holds it.',
  ],
  [SQLITE_CORRUPT]: [
    'STORE_REFUSED',
    (path) => `${path} is damaged.`,
    '`sqlite3 FILE .recover` may save rows; give another file to go on.',
  ],
  [SQLITE_NOTADB]: ['STORE_REFUSED', (path) => `${path} is not a tscope store.`, 'Give another file.'],
  [SQLITE_CANTOPEN]: [
    'IO',
    (path) => `${path} cannot be opened.`,
    'The folder must exist and let files be created beside the store.',
  ],
  [SQLITE_IOERR]: [
    'IO',
    (path) => `${path}: the disk failed to read or write.`,
    'The system log may say more.',
  ],
};

/** The primary result code of an error, which is the low byte of the extended one; null where it is none of SQLite's. */
function resultCode(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  // A connection that fails to open comes without a code.
  if (error.message.startsWith('ConnectionFailed')) return SQLITE_CANTOPEN;
  return 'rawCode' in error && typeof error.rawCode === 'number' ? error.rawCode & 0xff : null;
}

function explained(code: number, path: string, cause: unknown): TscopeError | null {
  const explanation = EXPLANATIONS[code];
  if (explanation === undefined) return null;
  const [name, message, hint] = explanation;
  return new TscopeError(name, message(path), hint, { cause });
}

/**
 * What went wrong in SQLite, as the user's error. Anything that is no such thing is returned as it is: a defect.
 *
 * @param path the store's file.
 */
export function storeError(error: unknown, path: string): unknown {
  const code = resultCode(error);
  return (code === null ? null : explained(code, path, error)) ?? error;
}

/** That `path` may not be written. */
export const readOnlyError = (path: string, cause: unknown): unknown =>
  explained(SQLITE_READONLY, path, cause);

import { type ErrorCode, systemCode, TscopeError } from '../errors.ts';

type Explanation = readonly [ErrorCode, (path: string) => string, hint: string];

/** SQLite's primary result codes that a user can do something about. */
const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  SQLITE_FULL: [
    'STORE_FULL',
    (path) => `${path}: the disk is full, so nothing more can be stored.`,
    'What was stored before is kept and can be read. Make room, or set a size limit.',
  ],
  SQLITE_READONLY: [
    'STORE_READ_ONLY',
    (path) => `${path} cannot be written: it, its folder or its file system is read-only.`,
    'Reading it still works.',
  ],
  SQLITE_BUSY: [
    'STORE_BUSY',
    (path) => `${path}: another process has kept it locked for seconds.`,
    'Try again; `fuser` on the file shows who holds it.',
  ],
  SQLITE_CORRUPT: [
    'STORE_REFUSED',
    (path) => `${path} is damaged.`,
    '`sqlite3 FILE .recover` may save rows; give another file to go on.',
  ],
  SQLITE_NOTADB: ['STORE_REFUSED', (path) => `${path} is not a tscope store.`, 'Give another file.'],
  SQLITE_CANTOPEN: [
    'IO',
    (path) => `${path} cannot be opened.`,
    'The folder must exist and let files be created beside the store.',
  ],
  SQLITE_IOERR: [
    'IO',
    (path) => `${path}: the disk failed to read or write.`,
    'The system log may say more.',
  ],
};

/** The primary part of an extended code: SQLITE_IOERR_SHMSIZE is an SQLITE_IOERR. */
const primary = (code: string): string => code.split('_').slice(0, 2).join('_');

/**
 * What went wrong in SQLite, as the user's error. Anything that is no such thing is returned as it is: a defect.
 *
 * @param path the store's file.
 */
export function storeError(error: unknown, path: string): unknown {
  if (error instanceof TscopeError) return error;
  // A connection that fails to open comes with no code, only with SQLite's number in its message.
  const failedToOpen = error instanceof Error && error.message.startsWith('ConnectionFailed');
  const code = failedToOpen ? 'SQLITE_CANTOPEN' : primary(systemCode(error) ?? '');
  const explanation = EXPLANATIONS[code];
  if (explanation === undefined) return error;
  const [name, message, hint] = explanation;
  return new TscopeError(name, message(path), hint, { cause: error });
}

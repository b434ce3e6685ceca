import { type ErrorCode, TscopeError } from '../errors.ts';

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

const SQLITE_CONSTRAINT_FOREIGNKEY = 787;
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;

type Explanation = readonly [ErrorCode, (path: string) => string, hint: string];

const busy: Explanation = [
  'STORE_BUSY',
  (path) => `${path}: another process has kept it locked for too long.`,
  'Try again; `fuser` on the file shows who holds it.',
];

/** SQLite's result codes (https://www.sqlite.org/rescode.html), primary and extended, that have words of their own. */
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
  [SQLITE_BUSY]: busy,
  [SQLITE_LOCKED]: busy,
  [SQLITE_CORRUPT]: [
    'STORE_DAMAGED',
    (path) => `${path} is damaged.`,
    '`tscope runs --check` names what is lost; `tscope runs --export` saves the rest.',
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
  [SQLITE_CONSTRAINT_FOREIGNKEY]: [
    'STORE_ROW_GONE',
    (path) => `${path}: the run or series that this belongs to is no longer there.`,
    'Start the run again.',
  ],
  [SQLITE_CONSTRAINT_PRIMARYKEY]: [
    'STORE_REPEATED',
    (path) => `${path}: the series has a sample of that time already.`,
    'The one that was there is kept.',
  ],
};

/** The extended result code of an error; null where it is none of SQLite's. */
function resultCode(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  // A connection that fails to open comes without a code.
  if (error.message.startsWith('ConnectionFailed')) return SQLITE_CANTOPEN;
  return 'rawCode' in error && typeof error.rawCode === 'number' ? error.rawCode : null;
}

/**
 * Whatever the driver threw, as the one family of errors: its code tells a caller what to do, and none is lost among
 * defects.
 *
 * @param path the store's file.
 */
export function storeError(error: unknown, path: string): TscopeError {
  if (error instanceof TscopeError) return error;
  const code = resultCode(error);
  const explanation = code === null ? undefined : (EXPLANATIONS[code] ?? EXPLANATIONS[code & 0xff]);
  const reason = error instanceof Error ? error.message : String(error);
  const [name, message, hint] = explanation ?? [
    'STORE_FAILED' as const,
    () => `${path}: the store refused: ${reason}.`,
    '`tscope runs --check` shows whether the file is sound.',
  ];
  return new TscopeError(name, message(path), hint, { cause: error });
}

const explained = (code: number, path: string, cause?: unknown): TscopeError => {
  const [name, message, hint] = EXPLANATIONS[code] as Explanation;
  return new TscopeError(name, message(path), hint, { cause });
};

/** That `path` may not be written. */
export const readOnlyError = (path: string, cause: unknown): TscopeError =>
  explained(SQLITE_READONLY, path, cause);

/** That a series has a sample of that time already. */
export const repeatedError = (path: string): TscopeError => explained(SQLITE_CONSTRAINT_PRIMARYKEY, path);

/** That the row is not there to which something was to be added. */
export const rowGone = (path: string, what: string): TscopeError =>
  new TscopeError('STORE_ROW_GONE', `${path}: ${what} is no longer there.`, 'Start the run again.');

import { type ErrorCode, TscopeError } from '../../../errors.ts';
import { reasonOf } from '../../../system-error.ts';
import { KEEP_LESS } from '../refusals.ts';

type Meaning = readonly [code: ErrorCode, sentence: (place: string) => string, hint: string];

const busy = (what: string): Meaning => [
  'STORE_BUSY',
  (place) => `${place}: ${what}.`,
  'The server’s own log says more.',
];
const denied: Meaning = [
  'STORE_REFUSED',
  (place) =>
    `${place}: the server refuses this user: its password is wrong or missing, or pg_hba.conf does not allow it.`,
  'Give postgres://USER@HOST/DATABASE, with the password in PGPASSWORD or ~/.pgpass.',
];

const forbidden: Meaning = [
  'STORE_REFUSED',
  (place) => `${place}: this user may not do what the fleet store needs.`,
  'Ask as the user that `tscope fleet collect` stores as, or GRANT CREATE, CONNECT ON DATABASE ... TO this one.',
];

/** SQLSTATE (PostgreSQL's documentation, appendix A) by what can be done about it; a class stands for all its codes. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  '28P01': denied,
  '28000': denied,
  '3D000': [
    'STORE_REFUSED',
    (place) => `${place}: there is no database of that name.`,
    'Make it with `createdb`, or give another.',
  ],
  '42501': forbidden,
  '25006': [
    'STORE_READ_ONLY',
    (place) => `${place}: the database is read-only: a standby, or default_transaction_read_only is on.`,
    'Give the primary server. Nothing is lost: what cannot be stored stays in the hub.',
  ],
  '53100': ['STORE_FULL', (place) => `${place}: the disk of the database is full.`, KEEP_LESS],
  '53': busy('the server has run out of memory or connections'),
  '57': busy('the server is starting or shutting down'),
  '57014': busy('a statement took too long and was given up'),
  '08': busy('the connection to the server broke'),
};

/**
 * SQLSTATE of transactions that another one was in the way of: the same again succeeds. 23514 is among them because of
 * partitions: rows that waited for `_other` while a partition of their time was made fit it no longer, and go there next.
 */
const PASSING = ['40P01', '40001', '55P03', '23514'];
/** Classes of SQLSTATE that speak of the rows: data exceptions, integrity. Whatever else fails may succeed later. */
const ABOUT_ROWS = ['22', '23'];

const stateOf = (error: unknown): string | null => {
  const code = error instanceof Error ? (error as { code?: unknown }).code : null;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
};

export const isPassing = (error: unknown): boolean => PASSING.includes(stateOf(error) ?? '');

/** The database's name for messages: without the password. @returns null where the driver would not understand it. */
export function placeOf(url: string): string | null {
  try {
    const parsed = new URL(url);
    parsed.password = '';
    parsed.search = '';
    return parsed.href;
  } catch {
    return null;
  }
}

/** That the user may not use what others have made. */
export const notAllowed = (place: string): TscopeError => {
  const [code, sentence, hint] = forbidden;
  return new TscopeError(code, sentence(place), hint);
};

/** A mistake in code, which no waiting mends; those of Node's own that bad values cause have a code. */
const isMistake = (error: unknown): boolean =>
  [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind) &&
  !Object.hasOwn(error as Error, 'code');

/** Whatever the driver threw, as one of the one family; a mistake in code as it is. */
export function postgresError(error: unknown, place: string): unknown {
  if (error instanceof TscopeError || isMistake(error)) return error;
  const state = stateOf(error);
  const meaning = state === null ? undefined : (MEANINGS[state] ?? MEANINGS[state.slice(0, 2)]);
  if (meaning !== undefined) {
    const [code, sentence, hint] = meaning;
    return new TscopeError(code, sentence(place), hint, { cause: error });
  }
  const message = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
  if (state === null) {
    // SASL: the server asks for a password and none was given.
    if (/SASL|password must be/.test(message))
      return postgresError(Object.assign(new Error(message), { code: '28P01' }), place);
    const why = error instanceof AggregateError ? reasonOf(error.errors[0]) : reasonOf(error);
    const hint = 'Is the server running, and does it listen there?';
    return new TscopeError('STORE_BUSY', `${place} cannot be reached: ${why}.`, hint, { cause: error });
  }
  const code = ABOUT_ROWS.includes(state.slice(0, 2)) ? 'STORE_FAILED' : 'STORE_BUSY';
  return new TscopeError(code, `${place} refused: ${message} (${state}).`, null, { cause: error });
}

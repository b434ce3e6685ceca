/** What went wrong, in a form that programs can rely on. */
export type ErrorCode =
  /** A flag, a file or an argument is not what the command accepts. */
  | 'USAGE'
  /** This host cannot do what was asked; the hint names what still works. */
  | 'UNSUPPORTED'
  | 'NOT_LINUX'
  | 'NOT_X86_64'
  | 'ADDON_NOT_BUILT'
  | 'ADDON_STALE'
  | 'ADDON_DISABLED'
  | 'ADDON_WRONG_ARCHITECTURE'
  | 'ADDON_BROKEN'
  | 'TSC_FORBIDDEN'
  /** A file could not be read or written. */
  | 'IO'
  /** The file is not a store, or a damaged one, or one of a newer tscope; it is left as it is. */
  | 'STORE_REFUSED'
  /** The disk under the store is full; what was stored stays readable. */
  | 'STORE_FULL'
  | 'STORE_READ_ONLY'
  /** The store's file was removed or replaced while it was open. */
  | 'STORE_REMOVED'
  /** Another process held the store for too long. */
  | 'STORE_BUSY'
  /** What was stored is no longer what was written; the rest can be read. */
  | 'STORE_DAMAGED'
  /** The run or the series that a row belongs to is no longer in the store. */
  | 'STORE_ROW_GONE'
  /** The series has a sample of that time already. */
  | 'STORE_REPEATED'
  /** The store refused for another reason, which the message tells. */
  | 'STORE_FAILED'
  /** The fleet's hub cannot be reached, or refuses; the message tells why. */
  | 'HUB'
  /** The user interrupted it before anything was measured. */
  | 'INTERRUPTED'
  /** tscope itself is wrong. */
  | 'DEFECT';

/** The one error family: a code for programs, a sentence for people, and what to do next. */
export class TscopeError extends Error {
  override readonly name = 'TscopeError';
  readonly code: ErrorCode;
  readonly hint: string | null;

  /**
   * @param message one sentence: what, where, and what is accepted.
   * @param hint what the reader can do about it.
   */
  constructor(code: ErrorCode, message: string, hint: string | null = null, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}

/** Bad input: what was given, where, and what is accepted. */
export const usageError = (message: string, hint: string | null = null): TscopeError =>
  new TscopeError('USAGE', message, hint);

const EXIT_CODES: Partial<Record<ErrorCode, number>> = {
  USAGE: 2,
  IO: 2,
  STORE_REFUSED: 2,
  STORE_FULL: 2,
  STORE_READ_ONLY: 2,
  STORE_REMOVED: 2,
  STORE_BUSY: 2,
  STORE_DAMAGED: 2,
  STORE_ROW_GONE: 2,
  STORE_REPEATED: 2,
  STORE_FAILED: 2,
  HUB: 2,
  INTERRUPTED: 130,
  DEFECT: 70,
};

/** The exit code that an error leaves: 2 for bad input, 3 where this host cannot do it, 70 for a defect. */
export const exitCodeOf = (error: TscopeError): number => EXIT_CODES[error.code] ?? 3;

/** The `code` of a Node system error ("ENOENT", "EPERM"), or null for anything else. */
export function systemCode(error: unknown): string | null {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : null;
}

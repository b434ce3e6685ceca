import { TscopeError } from '../errors.ts';
import type { Warning } from '../warning.ts';

/** An option as commander knows it. */
interface Flag {
  readonly long?: string | null | undefined;
  attributeName(): string;
}

/**
 * What is said of fields (`periodNs`, in backquotes), as every room but this one says it, with the flags of a command in
 * their place (--period). Other words in backquotes stay.
 */
function inFlags({ message, hint }: Pick<Warning, 'message' | 'hint'>, flags: readonly Flag[]) {
  const worded = (text: string): string =>
    text.replace(/`([a-z]\w*)`/gi, (quoted, field: string) => {
      const names = [field, field.replace(/Ns$/, '')];
      return flags.find((flag) => names.includes(flag.attributeName()))?.long ?? quoted;
    });
  return { message: worded(message), hint: hint === null ? null : worded(hint) };
}

/** An error of ours with flags in the place of fields; anything else as it is. */
export function errorInFlags(error: unknown, flags: readonly Flag[]): unknown {
  if (!(error instanceof TscopeError)) return error;
  const { message, hint } = inFlags(error, flags);
  return new TscopeError(error.code, message, hint, { cause: error.cause ?? error });
}

/** A warning with flags in the place of fields. */
export const warningInFlags = (warning: Warning, flags: readonly Flag[]): Warning => ({
  ...warning,
  ...inFlags(warning, flags),
});

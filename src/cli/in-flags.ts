import { TscopeError } from '../errors.ts';
import type { Warning } from '../warning.ts';

/** An option as commander knows it. */
interface Flag {
  readonly long?: string | null | undefined;
  attributeName(): string;
}

/**
 * A sentence that names fields (`periodNs`, in backquotes), as every room but this one writes it, with the flags of a
 * command in their place (--period). Other words in backquotes stay.
 */
const inFlags = (text: string, flags: readonly Flag[]): string =>
  text.replace(/`([a-z]\w*)`/gi, (quoted, field: string) => {
    const names = [field, field.replace(/Ns$/, '')];
    return flags.find((flag) => names.includes(flag.attributeName()))?.long ?? quoted;
  });

const inFlagsOrNone = (hint: string | null, flags: readonly Flag[]): string | null =>
  hint === null ? null : inFlags(hint, flags);

/** An error of ours with flags in the place of fields; anything else as it is. */
export function errorInFlags(error: unknown, flags: readonly Flag[]): unknown {
  if (!(error instanceof TscopeError)) return error;
  const { code, message, hint, cause = error } = error;
  return new TscopeError(code, inFlags(message, flags), inFlagsOrNone(hint, flags), { cause });
}

/** A warning with flags in the place of fields. */
export const warningInFlags = ({ code, message, hint }: Warning, flags: readonly Flag[]): Warning => ({
  code,
  message: inFlags(message, flags),
  hint: inFlagsOrNone(hint, flags),
});

import { TscopeError } from '../errors.ts';

/** An option as commander knows it. */
interface Flag {
  readonly long?: string | null | undefined;
  attributeName(): string;
}

/**
 * An error that names fields (`periodNs`, in backquotes), as every room but this one throws it, with the flags of a
 * command in their place (--period). Anything else stays as it is.
 */
export function inFlags(error: unknown, flags: readonly Flag[]): unknown {
  if (!(error instanceof TscopeError)) return error;
  const flagOf = (field: string): string | null => {
    const name = field.replace(/Ns$/, '');
    return (
      flags.find((flag) => flag.attributeName() === name || flag.attributeName() === field)?.long ?? null
    );
  };
  const translated = (text: string): string =>
    text.replace(/`([a-z]\w*)`/gi, (quoted, field: string) => flagOf(field) ?? quoted);
  const hint = error.hint === null ? null : translated(error.hint);
  return new TscopeError(error.code, translated(error.message), hint, { cause: error.cause ?? error });
}

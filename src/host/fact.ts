import { readFileSync } from 'node:fs';
import { systemCode } from '../errors.ts';

/** Something known about the host and where it comes from, or why it is not known. */
export type Fact<T> =
  | { readonly value: T; readonly source: string }
  | { readonly value: null; readonly reason: string };

/** A known fact. */
export const known = <T>(value: T, source: string): Fact<T> => ({ value, source });

/** A fact that this host does not give, and why, in one sentence without a full stop. */
export const unknown = (reason: string): { readonly value: null; readonly reason: string } => ({
  value: null,
  reason,
});

/** The system's codes that people meet most, in words. */
const IN_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'access denied',
  EPERM: 'not permitted',
};

/** What went wrong, in a few words without a full stop. */
export function reasonOf(error: unknown): string {
  const code = systemCode(error);
  if (code !== null) return code in IN_WORDS ? `${IN_WORDS[code]} (${code})` : code;
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}

/** The value that `read` gives, or what it threw as the reason. */
export function factOf<T>(source: string, read: () => T): Fact<T> {
  try {
    return known(read(), source);
  } catch (error) {
    return unknown(`${source}: ${reasonOf(error)}`);
  }
}

/** The trimmed text of a small file such as those in /proc and /sys. */
export const fileFact = (path: string): Fact<string> => factOf(path, () => readFileSync(path, 'utf8').trim());

/** The same fact with its value changed; a reason stays. */
export const mapFact = <T, U>(fact: Fact<T>, change: (value: T) => U): Fact<U> =>
  'source' in fact ? known(change(fact.value), fact.source) : fact;

/** `value`, or an error with `reason` where there is none; for use within `factOf`. */
export function required<T>(value: T | null | undefined, reason: string): T {
  if (value === null || value === undefined) throw new Error(reason);
  return value;
}

import { readFileSync } from 'node:fs';
import { reasonOf } from '../system-error.ts';

export { reasonOf };

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

/** The value that `read` gives, or what it threw as the reason. */
export function factOf<T>(source: string, read: () => T): Fact<T> {
  try {
    return known(read(), source);
  } catch (error) {
    return unknown(`${source}: ${reasonOf(error)}`);
  }
}

/** The trimmed text of a small file such as those in /proc and /sys; null where it cannot be read. */
export function fileText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

/** The same as a fact. */
export const fileFact = (path: string): Fact<string> => factOf(path, () => readFileSync(path, 'utf8').trim());

/** The same fact with its value changed; a reason stays. */
export const mapFact = <T, U>(fact: Fact<T>, change: (value: T) => U): Fact<U> =>
  'source' in fact ? known(change(fact.value), fact.source) : fact;

/** `value`, or an error with `reason` where there is none; for use within `factOf`. */
export function required<T>(value: T | null | undefined, reason: string): T {
  if (value === null || value === undefined) throw new Error(reason);
  return value;
}

import type { z } from 'zod';
import { printableLine } from '../printable.ts';

type Path = readonly PropertyKey[];

/** `text` short enough for a sentence. */
const short = (text: string): string =>
  printableLine(text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text);
/** Characters of a name or a value that a sentence quotes. */
const LONGEST = 60;

/** A path as a reader would write it: `scenarios[3].steps[17].tsc`; `the document` for none. */
export const pathText = (path: Path): string =>
  path
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${short(String(key))}`))
    .join('') || 'the document';

const NAMES: Readonly<Record<string, string>> = {
  int: 'an integer',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'an array',
};

/** A value as it is written in a file: scalars as JSON, anything else by its kind. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? `"${short(value)}"` : String(value);
}

/** The value at `path` below `root`; undefined where there is none. */
const valueAt = (root: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? Reflect.get(value, key)
        : undefined,
    root,
  );

function fault(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `is not ${NAMES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `is not ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `is less than ${issue.minimum}`;
    case 'too_big':
      return `is more than ${issue.maximum}`;
    default:
      return issue.message;
  }
}

/**
 * The first thing that zod found wrong, as a sentence without its full stop: where it is, what it is, and what is
 * accepted. An `error` of a schema's own is worded to follow the value: "is not a ...".
 *
 * @param root what was parsed.
 * @param at where `root` itself is, with the document's name first where it has one: `['scenarios', 3]`.
 */
export function firstIssue(error: z.ZodError, root: unknown, at: Path = []): string {
  const [issue] = error.issues;
  if (issue === undefined) return `${pathText(at)} is not valid`;
  if (issue.code === 'unrecognized_keys') {
    return `${pathText([...at, ...issue.path, ...issue.keys.slice(0, 1)])} is not a field of this object`;
  }
  const where = pathText([...at, ...issue.path]);
  const value = valueAt(root, issue.path);
  return value === undefined ? `${where} is missing` : `${where}: ${shown(value)} ${fault(issue)}`;
}

import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** A path as a reader would write it: `scenarios[3].steps[17].tsc`. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${printable(String(key))}`),
    'scenarios',
  );

/** `text` short enough for a sentence, without control characters. */
export function printable(text: string, most = 60): string {
  const plain = text.slice(0, most).replace(/\p{C}/gu, '?');
  return text.length > most ? `${plain}...` : plain;
}

/** A value as it stands in the file: scalars as JSON, anything else by its kind. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? `"${printable(value)}"` : String(value);
}

/** The value at `path` below `root`; undefined where there is none. */
function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (Reflect.get(value, key) as unknown)
        : undefined,
    root,
  );
}

const named: Readonly<Record<string, string>> = {
  int: 'an integer',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  object: 'an object',
  array: 'an array',
};

const oneOf = (values: readonly unknown[]): string => values.map((value) => String(value)).join(', ');

/** What is wrong with a value, without naming it. */
function fault(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `is not ${named[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `is not one of ${oneOf(issue.values)}`;
    case 'too_small':
      return `is less than ${issue.minimum}`;
    case 'too_big':
      return `is more than ${issue.maximum}`;
    default:
      return issue.message;
  }
}

/**
 * The first fault of an input as one sentence without its full stop: where, what stands there, what is accepted.
 *
 * @param path of `root` below `scenarios`.
 * @param root what was parsed.
 */
export function describeIssue(issue: Issue, path: readonly PropertyKey[], root: unknown): string {
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    return `${pathText([...path, ...issue.path, key])} is not a field of this object`;
  }
  const value = valueAt(root, issue.path);
  const where = pathText([...path, ...issue.path]);
  if (value === undefined) return `${where} is missing`;
  return `${where}: ${shown(value)} ${fault(issue)}`;
}

import { expect, test } from 'vitest';
import { z } from 'zod';
import { firstIssue, pathText } from '../../src/schema/issues.ts';

const schema = z.strictObject({
  count: z.int().min(1).max(9),
  name: z.string().optional(),
  kind: z.enum(['a', 'b']),
  version: z.literal(1),
  list: z.array(z.number()),
  table: z.record(z.string(), z.number()),
  word: z.custom<string>((value) => value === 'yes', { error: 'is not yes' }),
});
const good = { count: 1, kind: 'a', version: 1, list: [], table: {}, word: 'yes' };

const sentence = (changes: Record<string, unknown>, at?: readonly PropertyKey[]): string => {
  const root = { ...good, ...changes };
  const { error } = schema.safeParse(root);
  return error === undefined ? 'valid' : firstIssue(error, root, at);
};

test.each<[Record<string, unknown>, string]>([
  [{}, 'valid'],
  [{ count: 0 }, 'count: 0 is less than 1'],
  [{ count: 10 }, 'count: 10 is more than 9'],
  [{ count: 1.5 }, 'count: 1.5 is not an integer'],
  [{ count: '1' }, 'count: "1" is not a number'],
  [{ count: undefined }, 'count is missing'],
  [{ name: null }, 'name: null is not a string'],
  [{ kind: 'c' }, 'kind: "c" is not one of a, b'],
  [{ version: 2 }, 'version: 2 is not 1'],
  [{ list: {} }, 'list: an object is not an array'],
  [{ list: [1, [2]] }, 'list[1]: an array is not a number'],
  [{ table: 3 }, 'table: 3 is not an object'],
  [{ table: { 'a\nb': 'x' } }, 'table.a b: "x" is not a number'],
  [{ word: 'no\u0007' }, 'word: "no\\x07" is not yes'],
  [{ other: 1 }, 'other is not a field of this object'],
])('%o', (changes, expected) => {
  expect(sentence(changes)).toBe(expected);
});

test('the place of the parsed value comes first', () => {
  expect(sentence({ count: 0 }, ['scenarios', 3])).toBe('scenarios[3].count: 0 is less than 1');
  expect(sentence({ other: 1 }, ['scenarios', 3])).toBe('scenarios[3].other is not a field of this object');
  expect(pathText([])).toBe('the document');
  const { error } = schema.safeParse('text');
  expect(error && firstIssue(error, 'text')).toBe('the document: "text" is not an object');
});

test('a value is quoted up to 60 characters', () => {
  const quoted = (length: number) => /"(.*)"/.exec(sentence({ kind: 'x'.repeat(length) }))?.[1];
  expect(quoted(60)).toBe('x'.repeat(60));
  expect(quoted(61)).toBe(`${'x'.repeat(60)}...`);
});

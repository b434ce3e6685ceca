import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable, printableCell, printableJson, printableLine } from '../src/printable.ts';

test.each([
  ['plain, with äöü and 漢字', 'plain, with äöü and 漢字'],
  ['two\nlines\tand a tab', 'two\nlines\tand a tab'],
  ['\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
  ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
  ['C1: \x9b31m', 'C1: \\x9b31m'],
  ['back\b\rover', 'back\\x08\\x0dover'],
  ['right\u202eto left', 'right\\u202eto left'],
  ['nothing\u200bseen', 'nothing\\u200bseen'],
  ['\ud800alone', '\\ud800alone'],
  ['pair 😀', 'pair 😀'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('one line stays one line', () => {
  expect(printableLine('a name\n\n  warning: forged\tby \x1bit')).toBe('a name warning: forged by \\x1bit');
});

test('in a cell of a table line ends and tabs are shown too', () => {
  expect(printableCell('two\nlines,\ta tab, \x1b and äöü')).toBe('two\\x0alines,\\x09a tab, \\x1b and äöü');
});

test('a document reads back the same, and holds nothing that a terminal obeys', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = printableJson(JSON.stringify({ text }, null, 2));
      expect(JSON.parse(shown)).toEqual({ text });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the point of the test.
      expect(shown).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    }),
  );
});

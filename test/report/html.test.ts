import { expect, test } from 'vitest';
import type { Block } from '../../src/report/content.ts';
import { sectionHtml } from '../../src/report/html.ts';
import { sectionsText } from '../../src/report/text.ts';

const blocks: Block[] = [
  { text: 'Lead of 5 us.', tone: 'lead' },
  {
    title: 'Title',
    head: ['name', '#late'],
    rows: [
      ['a <b>', '5 us'],
      ['longer name than that of all', ''],
    ],
    note: 'Note.',
  },
  {
    title: 'Facts',
    facts: [
      ['name', 'value', 'source'],
      ['other', 'value', ''],
    ],
  },
  { text: 'On a terminal.', on: 'terminal' },
  { text: 'On a page.', on: 'page' },
  { head: ['a', 'b', 'c', 'd'], rows: [['1', '2', '3', '']], fold: 'More' },
  { head: ['empty'], rows: [] },
  { text: '' },
];
const section = { id: 'x', title: 'X', blocks };

test('a terminal shows tables as columns, facts as lines', () => {
  expect(sectionsText([section])).toBe(
    [
      'Lead of 5 us.',
      '',
      'Title',
      'name                          late',
      'a <b>                         5 us',
      'longer name than that of all',
      'Note.',
      '',
      'Facts',
      '  name                value  (source)',
      '  other               value',
      '',
      'On a terminal.',
      '',
      'a  b  c  d',
      '1  2  3',
    ].join('\n'),
  );
});

test('a page has the same as HTML, escaped and typeset', () => {
  expect(sectionHtml(section)).toBe(
    [
      '<p class="lead">Lead of 5\u00a0µs.</p>',
      '<h3>Title</h3><div class="scroll" tabindex="0" role="region" aria-label="Title"><table><thead><tr>',
      '<th scope="col" class="short">name</th><th scope="col" class="number">late</th></tr></thead><tbody>',
      '<tr><td class="short" data-name="name">a &#60;b&#62;</td><td class="number" data-name="late">5\u00a0µs</td></tr>',
      '<tr><td data-name="name">longer name than that of all</td><td class="number"></td></tr></tbody></table></div>',
      '<p class="faint">Note.</p>',
      '<h3>Facts</h3><dl class="facts"><div><dt>name</dt><dd>value</dd><dd>source</dd></div><div><dt>other</dt><dd>value</dd></div></dl>',
      '<p>On a page.</p>',
      '<details><summary>More</summary><div class="scroll" tabindex="0" role="region" aria-label="a, b, c, d"><table class="cards"><thead><tr>',
      '<th scope="col" class="short">a</th><th scope="col" class="short">b</th><th scope="col" class="short">c</th><th scope="col" class="short">d</th></tr></thead><tbody>',
      '<tr><td class="short" data-name="a">1</td><td class="short" data-name="b">2</td><td class="short" data-name="c">3</td><td class="short"></td></tr></tbody></table></div></details>',
    ].join(''),
  );
});

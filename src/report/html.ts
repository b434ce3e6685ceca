import type { Block, Facts, Section, Table } from './content.ts';
import { type Attributes, element, passage, prose } from './markup.ts';
import { figureHtml } from './plot/figure.ts';

export const paragraph = (text: string, className?: string): string =>
  element('p', { class: className }, passage(text));

const heading = (title: string | undefined): string =>
  title === undefined ? '' : element('h3', {}, prose(title));

/** Text of at most this many characters is not broken into lines. */
const SHORT = 24;
/** With more columns than this a narrow screen shows each row as a card of names and values. */
const MOST_COLUMNS = 3;
/** With more than these it is set smaller on paper. */
const MOST_ON_PAPER = 9;

function tableHtml({ title, head, rows, addresses, note = '', fold }: Table): string {
  const heads = head.map((name) => name.replace(/^#/, ''));
  const classOf = (text: string, i: number) =>
    head[i]?.startsWith('#') ? 'number' : text.length <= SHORT ? 'short' : undefined;
  const cell = (tag: 'th' | 'td', text: string, attributes: Attributes, href?: string) =>
    element(tag, attributes, href === undefined ? prose(text) : element('a', { href }, prose(text)));
  const header = heads.map((name, i) => cell('th', name, { scope: 'col', class: classOf(name, i) }));
  const body = rows.map((row, at) =>
    element(
      'tr',
      {},
      ...row.map((text, i) => {
        const attributes = { class: classOf(text, i), 'data-name': text === '' ? undefined : heads[i] };
        return cell('td', text, attributes, i === 0 ? addresses?.[at] : undefined);
      }),
    ),
  );
  const wide = heads.length > MOST_ON_PAPER ? ' wide' : '';
  const whole = element(
    'table',
    { class: heads.length > MOST_COLUMNS ? `cards${wide}` : undefined },
    element('thead', {}, element('tr', {}, ...header)),
    element('tbody', {}, ...body),
  );
  // What scrolls must be reachable by keyboard, and say what it is.
  const name = title ?? heads.filter((one) => one !== '').join(', ');
  const scroll = element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': name }, whole);
  const all = `${heading(title)}${rows.length === 0 ? '' : scroll}${note === '' ? '' : paragraph(note, 'faint')}`;
  return fold === undefined ? all : element('details', {}, element('summary', {}, prose(fold)), all);
}

const factsHtml = ({ title, facts }: Facts): string =>
  heading(title) +
  element(
    'dl',
    { class: 'facts' },
    ...facts.map(([name, value, source]) =>
      element(
        'div',
        {},
        element('dt', {}, prose(name)),
        element('dd', {}, prose(value)),
        source === '' ? '' : element('dd', {}, prose(source)),
      ),
    ),
  );

function blockHtml(block: Block): string {
  if (block.on === 'terminal') return '';
  if ('draw' in block) return figureHtml(block);
  if ('head' in block) return block.rows.length === 0 && !block.note ? '' : tableHtml(block);
  if ('facts' in block) return factsHtml(block);
  return block.text === '' ? '' : paragraph(block.text, block.tone);
}

/** A section of a page, without its heading. */
export const sectionHtml = ({ blocks }: Section): string => blocks.map(blockHtml).join('');

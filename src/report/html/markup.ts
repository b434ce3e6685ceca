import { type Attributes, element, escapeText } from '../svg/element.ts';
import { keepUnits } from '../text/wrap.ts';

/** Running text, whose numbers keep their units beside them. */
export const prose = (text: string): string => escapeText(keepUnits(text));

export const paragraph = (text: string, className?: string): string =>
  element('p', { class: className }, prose(text));

/** A figure's caption: how to read it, and what it was made from. */
export const caption = (...sentences: string[]): string =>
  element('figcaption', {}, prose(sentences.filter((sentence) => sentence !== '').join(' ')));

export const heading = (text: string): string => element('h3', {}, escapeText(text));

/** Text of as many characters is not broken into lines. */
const SHORT = 24;

/** A table; columns whose head starts with `#` hold numbers and are set to the right. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const heads = head.map((name) => name.replace(/^#/, ''));
  const classOf = (text: string, i: number) =>
    head[i]?.startsWith('#') ? 'number' : text.length <= SHORT ? 'short' : undefined;
  const cell = (tag: 'th' | 'td', text: string, attributes: Attributes) =>
    element(tag, attributes, escapeText(text));
  const header = heads.map((name, i) => cell('th', name, { scope: 'col', class: classOf(name, i) }));
  const body = rows.map((row) =>
    element('tr', {}, ...row.map((text, i) => cell('td', text, { class: classOf(text, i) }))),
  );
  const whole = element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...header)),
    element('tbody', {}, ...body),
  );
  // What scrolls must be reachable by keyboard, and say what it is.
  return element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': heads.join(', ') },
    whole,
  );
}

/** A list of facts: name, value, and where the value is from. */
export const facts = (rows: ReadonlyArray<readonly [name: string, value: string, source: string]>): string =>
  element(
    'dl',
    { class: 'facts' },
    ...rows.map(([name, value, source]) =>
      element(
        'div',
        {},
        element('dt', {}, escapeText(name)),
        element('dd', {}, escapeText(value)),
        source === '' ? '' : element('dd', {}, escapeText(source)),
      ),
    ),
  );

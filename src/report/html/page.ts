import { element, escapeText } from '../svg/element.ts';
import { STYLE } from './style.ts';

/** One part of a page. */
export interface Section {
  readonly title: string;
  /** HTML, made with the helpers here and in ../svg, which escape what they are given. */
  readonly html: string;
}

/** A whole page: self-contained, no script, nothing fetched. */
export function page(title: string, subtitle: string, lead: string, sections: readonly Section[]): string {
  const body = sections.map(({ title, html }) =>
    element('section', {}, element('h2', {}, escapeText(title)), html),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,"><title>${escapeText(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escapeText(title)}</h1><p class="faint">${escapeText(subtitle)}</p>${lead}${body.join('')}</main></body></html>
`;
}

export const paragraph = (text: string, className?: string): string =>
  element('p', { class: className }, escapeText(text));

/** A figure's caption: how to read it and what it was made from. */
export const caption = (text: string): string => element('figcaption', {}, escapeText(text));

/** A table; columns whose head starts with `#` hold numbers and are set to the right. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const className = (i: number) => (head[i]?.startsWith('#') ? 'number' : undefined);
  const cells = (tag: 'th' | 'td', values: readonly string[]) =>
    values.map((value, i) => {
      const scope = tag === 'th' ? { scope: 'col' } : {};
      return element(tag, { class: className(i), ...scope }, escapeText(value.replace(/^#/, '')));
    });
  const body = rows.map((row) => element('tr', {}, ...cells('td', row)));
  const header = element('thead', {}, element('tr', {}, ...cells('th', head)));
  const whole = element('table', {}, header, element('tbody', {}, ...body));
  return element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': head.join(', ') },
    whole,
  );
}

import { typeset } from './words.ts';

/** Text made safe for the content and the attributes of HTML and SVG; control characters become visible. */
export const escapeText = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: HTML has no way to write them.
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '\ufffd')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Text for people, escaped, its units and signs as a page prints them. */
export const prose = (text: string): string => escapeText(typeset(text));

/** `prose` with what stands between backticks as code, as it is typed. */
export const passage = (text: string): string =>
  text
    .split(/`([^`]+)`/)
    .map((part, i) => (i % 2 === 1 ? element('code', {}, escapeText(part)) : prose(part)))
    .join('');

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** A coordinate, to a tenth of a pixel. */
export const pixels = (value: number): string => String(Math.round(value * 10) / 10);

/** One element; numbers are rounded to a tenth of a pixel, attributes that are undefined are left out. */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) => ` ${key}="${escapeText(typeof value === 'number' ? pixels(value) : String(value))}"`,
    );
  return `<${name}${written.join('')}>${children.join('')}</${name}>`;
}

/** A line of text in a drawing, `anchor`ed at a point. */
export const label = (
  x: number,
  y: number,
  anchor: 'start' | 'middle' | 'end',
  content: string,
  className?: string,
): string => element('text', { x, y, 'text-anchor': anchor, class: className }, prose(content));

export const line = (x1: number, y1: number, x2: number, y2: number, className: string): string =>
  element('line', { x1, y1, x2, y2, class: className });

/** The hover text of what surrounds it. */
export const tooltip = (text: string): string => element('title', {}, prose(text));

/** About how wide a text is in a drawing; rather too wide than too narrow, since the font is the reader's. */
export const textWidth = (text: string): number => text.length * 7.6;

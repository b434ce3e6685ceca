/** Text made safe for the content and the attributes of HTML and SVG; control characters become visible. */
export const escapeText = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: HTML has no way to write them.
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '\ufffd')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** One element; numbers are rounded to a tenth of a pixel, attributes that are undefined are left out. */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) => ` ${key}="${escapeText(typeof value === 'number' ? pixels(value) : String(value))}"`,
    );
  return `<${name}${written.join('')}>${children.join('')}</${name}>`;
}

/** A coordinate, to a tenth of a pixel. */
export const pixels = (value: number): string => String(Math.round(value * 10) / 10);

/** A line of text in a drawing, `anchor`ed at a point. */
export const label = (
  x: number,
  y: number,
  anchor: 'start' | 'middle' | 'end',
  content: string,
  className?: string,
): string => element('text', { x, y, 'text-anchor': anchor, class: className }, escapeText(content));

/** A straight line. */
export const line = (x1: number, y1: number, x2: number, y2: number, className: string): string =>
  element('line', { x1, y1, x2, y2, class: className });

/** Text made safe for the content and the attributes of HTML and SVG. */
export const escapeText = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

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

const pixels = (value: number): string => String(Math.round(value * 10) / 10);

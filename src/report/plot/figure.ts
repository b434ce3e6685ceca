import { element, prose } from '../markup.ts';
import { SVG_STYLE } from '../style.ts';

/** How wide a drawing is made: for a page, and for a phone. Text keeps its size, so each width is drawn on its own. */
export interface Size {
  readonly name: 'wide' | 'narrow';
  readonly width: number;
}

const WIDE: Size = { name: 'wide', width: 920 };
const NARROW: Size = { name: 'narrow', width: 350 };

/** A drawing of one size: SVG. */
export interface Drawing {
  readonly height: number;
  readonly content: string;
}

/** The values behind a drawing. */
interface Data {
  readonly head: readonly string[];
  readonly rows: ReadonlyArray<ReadonlyArray<string | number>>;
}

/** A picture of a result. */
export interface Figure {
  /** Its anchor, and the name of what is downloaded: lower-case letters, digits and dashes. */
  readonly id: string;
  /** What it shows of this result, in a sentence without a full stop. */
  readonly title: string;
  /** How to read it, and what it was made from. */
  readonly caption: readonly string[];
  readonly draw: (size: Size) => Drawing;
  /** HTML: names and markers, for the drawing that has no room for them. */
  readonly legend?: string;
  readonly data: Data;
}

function drawing({ title, draw }: Figure, size: Size): string {
  const { height, content } = draw(size);
  const viewBox = `0 0 ${size.width} ${Math.ceil(height)}`;
  return element('svg', { class: size.name, viewBox, role: 'img', 'aria-label': title }, content);
}

/** The wide drawing as a file of its own: light, with its style, on white. */
function svgFile({ draw }: Figure): string {
  const { height, content } = draw(WIDE);
  const [width, tall] = [WIDE.width, Math.ceil(height)];
  const style =
    element('style', {}, SVG_STYLE) + element('rect', { width, height: tall, style: 'fill:#fff' });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${tall}" width="${width}" height="${tall}" font-family="sans-serif">${style}${content}</svg>`;
}

const csvCell = (value: string | number): string =>
  typeof value === 'number'
    ? Number.isFinite(value)
      ? String(value)
      : ''
    : `"${value.replaceAll('"', '""')}"`;

/** The values as CSV (RFC 4180). */
const csvFile = ({ data: { head, rows } }: Figure): string =>
  [head, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');

const percent = (character: string): string => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`;

/** A link that saves `content` as a file, without a script. */
const download = (name: string, type: string, content: string, text: string, of: string): string =>
  element(
    'a',
    {
      download: name,
      href: `data:${type},${content.replace(/[%#<>"'&\r\n\t]/g, percent)}`,
      'aria-label': `${text}: ${of}`,
    },
    prose(text),
  );

/** The figure as HTML: drawn for a page and for a phone, of which the style sheet shows the one that fits. */
export function figureHtml(figure: Figure): string {
  const { id, title, caption, legend = '' } = figure;
  const sentences = caption.filter((sentence) => sentence !== '').join(' ');
  const links = [
    element('a', { href: `#${id}`, 'aria-label': `link: ${title}` }, 'link'),
    download(`${id}.svg`, 'image/svg+xml', svgFile(figure), 'SVG', title),
    download(`${id}.csv`, 'text/csv;charset=utf-8', csvFile(figure), 'CSV', title),
  ];
  return element(
    'figure',
    { id, 'aria-labelledby': `${id}-title` },
    element('h3', { id: `${id}-title` }, prose(title)),
    drawing(figure, WIDE),
    drawing(figure, NARROW),
    legend,
    sentences === '' ? '' : element('figcaption', {}, prose(sentences)),
    element('p', { class: 'links' }, links.join(' ')),
  );
}

import { element, escapeText } from './element.ts';

/** How wide a drawing is made: for a page, and for a phone. Text keeps its size, so each width is drawn on its own. */
export interface Size {
  readonly name: 'wide' | 'narrow';
  readonly width: number;
}

const SIZES: readonly Size[] = [
  { name: 'wide', width: 920 },
  { name: 'narrow', width: 350 },
];

/** A drawing of one size. */
export interface Drawing {
  readonly height: number;
  readonly content: string;
}

/**
 * A figure drawn once for each size, of which the style sheet shows the one that fits.
 *
 * @param title what a reader who cannot see it is told.
 * @param after what follows the drawing: a legend, a caption.
 */
export function figure(title: string, draw: (size: Size) => Drawing, ...after: string[]): string {
  const drawings = SIZES.map((size) => {
    const { height, content } = draw(size);
    const attributes = {
      viewBox: `0 0 ${size.width} ${Math.ceil(height)}`,
      role: 'img',
      'aria-label': title,
    };
    return element('svg', { class: size.name, ...attributes }, content);
  });
  return element('figure', {}, ...drawings, ...after);
}

/** About how wide a text is in the drawings' font; rather too wide than too narrow, since the font is the reader's. */
export const textWidth = (text: string): number => text.length * 7.6;

/** The hover text of what surrounds it. */
export const tooltip = (text: string): string => element('title', {}, escapeText(text));

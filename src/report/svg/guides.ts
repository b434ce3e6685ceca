import type { Area } from './axes.ts';
import { textWidth } from './drawing.ts';
import { label, line } from './element.ts';
import type { Scale } from './scale.ts';

/** A line at one value, with its name. */
export interface Guide {
  readonly at: number;
  readonly label: string;
}

/** Height of a row of names, pixels. */
export const NAME_ROW = 15;

/** Lines across, each with its name above it. */
export const limitLines = (limits: readonly Guide[], { left, right, top }: Area, y: Scale): string =>
  limits
    .map(({ at, label: text }) => {
      const above = y(at) - 7 > top + 8 ? y(at) - 7 : y(at) + 16;
      return line(left, y(at), right, y(at), 'limit') + label(left + 6, above, 'start', text, 'limit');
    })
    .join('');

/** Upright lines, their names over the drawing: each in the lowest of `rows` where it is free. */
export function pointLines(
  points: readonly Guide[],
  { right, top, bottom }: Area,
  x: Scale,
  rows: number,
): string {
  const taken = new Array<number>(rows).fill(Number.NEGATIVE_INFINITY);
  const drawn = [...points]
    .sort((a, b) => a.at - b.at)
    .map(({ at, label: text }) => {
      const half = textWidth(text) / 2;
      const middle = Math.min(x(at), right - half);
      const free = taken.findIndex((end) => end < middle - half);
      const row = free === -1 ? rows - 1 : free;
      taken[row] = middle + half + 4;
      const y = top - 6 - row * NAME_ROW;
      return {
        upright: line(x(at), y + 3, x(at), bottom, 'point'),
        name: label(middle, y, 'middle', text, 'point'),
      };
    });
  // Names over every line, so that none is struck through.
  return [...drawn.map(({ upright }) => upright), ...drawn.map(({ name }) => name)].join('');
}

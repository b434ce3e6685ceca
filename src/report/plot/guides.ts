import { label, line, textWidth } from '../markup.ts';
import type { Area } from './axes.ts';
import type { Scale } from './scale.ts';

/** A line at one value, with its name. */
export interface Guide {
  readonly at: number;
  readonly label: string;
}

/** Height of a row of names, pixels. */
const NAME_ROW = 15;

/** Lines across, each with its name above it. */
export const limitLines = (limits: readonly Guide[], { left, right, top }: Area, y: Scale): string =>
  limits
    .map(({ at, label: text }) => {
      const above = y(at) - 7 > top + 8 ? y(at) - 7 : y(at) + 16;
      return line(left, y(at), right, y(at), 'limit') + label(left + 6, above, 'start', text, 'limit');
    })
    .join('');

/** A name over the drawing: its middle, and the row it stands in, counted upwards. */
interface Placed {
  readonly text: string;
  readonly at: number;
  readonly middle: number;
  readonly row: number;
}

/** Each name over its line, in the lowest row where it is free. */
export function placeNames(points: readonly Guide[], x: Scale, right: number): Placed[] {
  const taken: number[] = [];
  return [...points]
    .sort((a, b) => a.at - b.at)
    .map(({ at, label: text }) => {
      const half = textWidth(text) / 2;
      const middle = Math.min(x(at), right - half);
      const free = taken.findIndex((end) => end < middle - half);
      const row = free === -1 ? taken.length : free;
      taken[row] = middle + half + 4;
      return { text, at: x(at), middle, row };
    });
}

/** How much room the names need above the drawing, pixels. */
export const namesHeight = (names: readonly Placed[]): number =>
  NAME_ROW * Math.max(0, ...names.map(({ row }) => row + 1));

/** Upright lines, and their names over every line, so that none is struck through. */
export function pointLines(names: readonly Placed[], { top, bottom }: Area): string {
  const y = (row: number) => top - 6 - row * NAME_ROW;
  return [
    ...names.map(({ at, row }) => line(at, y(row) + 3, at, bottom, 'point')),
    ...names.map(({ text, middle, row }) => label(middle, y(row), 'middle', text, 'point')),
  ].join('');
}

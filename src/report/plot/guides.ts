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

/** A name above the drawing: its middle, and its row, counted upwards. */
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

/** Power laws by their names, straight lines on two logarithmic axes: `{ '-1/2': -0.5 }`. */
export type Slopes = Readonly<Record<string, number>>;

/** A row of text, pixels. */
const TEXT = 14;

/** Power laws through one point of the drawing, each with its name where it leaves. */
export function slopeLines(
  slopes: Slopes,
  [x0, y0]: readonly [number, number],
  { left, right, top, bottom }: Area,
  x: Scale,
  y: Scale,
): string {
  const taken: Array<readonly [number, number]> = [];
  // Along the line a decade of x is this many pixels across, and `down` pixels down.
  const across = x(10 * x0) - x(x0);
  return Object.entries(slopes)
    .map(([text, slope]) => {
      const down = y(y0 * 10 ** slope) - y(y0);
      const reach = (toX: number) => {
        const toY = down > 0 ? bottom : top;
        const byX = (toX - x(x0)) / across;
        const byY = down === 0 ? Number.POSITIVE_INFINITY : (toY - y(y0)) / down;
        return Math.max(0, Math.min(byX, byY));
      };
      const far = reach(right);
      const [endX, endY] = [x(x0) + far * across, y(y0) + far * down];
      const width = textWidth(text);
      const at = [
        Math.max(left + 2, Math.min(endX - 6, right - 4) - width),
        Math.max(top + TEXT, Math.min(endY + (down > 0 ? -4 : TEXT), bottom - 4)),
      ] as const;
      const free = taken.every(
        ([otherX, otherY]) => Math.abs(otherX - at[0]) > width + 8 || Math.abs(otherY - at[1]) > TEXT + 2,
      );
      if (free) taken.push(at);
      return line(x(x0), y(y0), endX, endY, 'old') + (free ? label(at[0], at[1], 'start', text, 'note') : '');
    })
    .join('');
}

import { textWidth } from './drawing.ts';
import { label, line } from './element.ts';
import { exponentText } from './mark-text.ts';
import {
  type LogMarks,
  linearScale,
  logScale,
  type Range,
  rangeOf,
  type Scale,
  symlogScale,
} from './scale.ts';

/** One axis: what it shows, in which unit, on which scale. */
export interface Axis {
  /** With the unit: "lateness (us)". */
  readonly label: string;
  readonly scale: 'linear' | 'log' | 'symlog';
  /** Marks of a logarithmic axis; powers of ten as `1e-9` if left out. */
  readonly marks?: LogMarks;
  /** Of a symlog axis: up to here it is linear around zero. */
  readonly linear?: number;
  /** Widens the range that the data gives. */
  readonly include?: readonly number[];
}

/** The rectangle that data is drawn in; `top` is less than `bottom`. */
export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Room for the values of 0 on a logarithmic axis, pixels. */
const ZERO = 22;
const MARKS: LogMarks = { format: exponentText };

/** The scale of one axis over the pixels of `to`; `across` is a horizontal axis, whose marks need the width of their text. */
export function axisScale(axis: Axis, values: readonly number[], pixels: Range, across: boolean): Scale {
  const all = [...values, ...(axis.include ?? [])];
  const length = Math.abs(pixels[1] - pixels[0]);
  if (axis.scale === 'linear') {
    return linearScale(rangeOf(all) ?? [0, 1], pixels, Math.max(2, Math.floor(length / (across ? 85 : 50))));
  }
  const marks = axis.marks ?? MARKS;
  const room = across ? 10 + textWidth(marks.format(1e-9)) * 1.3 : 34;
  const most = Math.floor(length / room);
  if (axis.scale === 'symlog') {
    return symlogScale(rangeOf(all) ?? [-1, 1], axis.linear ?? 1, pixels, most, marks.format);
  }
  const zero = values.some((value) => value <= 0) ? ZERO : 0;
  const range = rangeOf(all.filter((value) => value > 1e-150)) ?? [1, 10];
  return logScale(range, pixels, most, marks, zero);
}

/** How much room the marks of a vertical axis need. */
export const marksWidth = (scale: Scale): number =>
  Math.max(8, ...scale.marks.map(({ text }) => textWidth(text))) + 12;

/** Grid lines, marks and both axes' labels: y's above the axis, x's below. */
export function axes(
  area: Area,
  x: Scale,
  y: Scale,
  labels: { readonly x: string; readonly y: string },
): string {
  const { left, right, top, bottom } = area;
  const rows = y.marks.map(
    ({ value, text }) =>
      line(left, y(value), right, y(value), value === 0 ? 'grid zero' : 'grid') +
      label(left - 8, y(value) + 4, 'end', text),
  );
  const columns = x.marks.map(({ value, text }) => {
    const half = textWidth(text) / 2;
    const at = Math.max(left + Math.min(0, half - 20), Math.min(x(value), right + 8 - half));
    return line(x(value), top, x(value), bottom, 'grid') + label(at, bottom + 18, 'middle', text);
  });
  return [
    ...rows,
    ...columns,
    label(0, 13, 'start', labels.y, 'axis'),
    label(right, bottom + 38, 'end', labels.x, 'axis'),
  ].join('');
}

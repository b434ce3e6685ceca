import { label, line, textWidth } from '../markup.ts';
import {
  type Extent,
  type LogTicks,
  linearScale,
  logScale,
  rangeOf,
  type Scale,
  symlogScale,
} from './scale.ts';
import { exponentText } from './tick-text.ts';

/** One axis: what it shows, in which unit, on which scale. */
export interface Axis {
  /** With the unit where the ticks do not name it: "time error (us)". */
  readonly label: string;
  readonly scale: 'linear' | 'log' | 'symlog';
  /** Ticks of a logarithmic axis; powers of ten as `1e-9` if left out. */
  readonly ticks?: LogTicks;
  /** Of a symlog axis: up to here it is about linear. */
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
/** The least distance of two ticks, pixels. */
const LINEAR_APART = { down: 50, across: 85 } as const;
const LOG_APART_DOWN = 34;
const TICKS: LogTicks = { format: exponentText };

/** The scale of one axis over `pixels`; the ticks of a horizontal axis need the width of their text. */
export function axisScale(
  axis: Axis,
  values: readonly number[],
  pixels: Extent,
  along: 'across' | 'down',
): Scale {
  const all = [...values, ...(axis.include ?? [])];
  const length = Math.abs(pixels[1] - pixels[0]);
  if (axis.scale === 'linear') {
    return linearScale(rangeOf(all) ?? [0, 1], pixels, Math.max(2, Math.floor(length / LINEAR_APART[along])));
  }
  const ticks = axis.ticks ?? TICKS;
  const apart = along === 'across' ? 10 + textWidth(ticks.format(1e-9)) * 1.3 : LOG_APART_DOWN;
  const most = Math.floor(length / apart);
  if (axis.scale === 'symlog') {
    return symlogScale(rangeOf(all) ?? [-1, 1], axis.linear ?? 1, pixels, most, ticks.format);
  }
  const zero = values.some((value) => value <= 0) ? ZERO : 0;
  const range = rangeOf(all.filter((value) => value > 1e-150)) ?? [1, 10];
  return logScale(range, pixels, most, ticks, zero);
}

/** How much room the ticks of a vertical axis need. */
export const ticksWidth = (scale: Scale): number =>
  Math.max(8, ...scale.ticks.map(({ text }) => textWidth(text))) + 12;

/** Grid lines, ticks and both axes' labels: y's above the axis, x's below. */
export function axes(
  { left, right, top, bottom }: Area,
  x: Scale,
  y: Scale,
  labels: { readonly x: string; readonly y: string },
): string {
  const rows = y.ticks.map(
    ({ value, text }) =>
      line(left, y(value), right, y(value), value === 0 ? 'grid zero' : 'grid') +
      label(left - 8, y(value) + 4, 'end', text),
  );
  const columns = x.ticks.map(({ value, text }) => {
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

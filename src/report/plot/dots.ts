import { element, label, line, textWidth } from '../markup.ts';
import type { Drawing, Figure, Size } from './figure.ts';
import { drawable, type Extent, symlogScale } from './scale.ts';
import { colourClass, markerAt } from './series.ts';

/** One value with its name. */
export interface Dot {
  readonly label: string;
  readonly value: number;
  /** The value in words. */
  readonly text: string;
  readonly style: number;
  /** An interval around it. */
  readonly interval?: Extent;
}

/** Named values around zero, over many sizes: each on a line of its own. */
interface Dots {
  readonly id: string;
  readonly caption: readonly string[];
  readonly title: string;
  readonly axis: string;
  readonly format: (value: number) => string;
  /** Where the axis stops being logarithmic around zero. */
  readonly linear: number;
  readonly dots: readonly Dot[];
}

const TOP = 8;
const BELOW = 48;

function draw(plot: Dots, size: Size): Drawing {
  const wide = size.name === 'wide';
  const rowHeight = wide ? 28 : 42;
  const left = wide ? Math.max(0, ...plot.dots.map((dot) => textWidth(dot.label))) + 16 : 8;
  const right = size.width - (wide ? Math.max(0, ...plot.dots.map((dot) => textWidth(dot.text))) + 16 : 8);
  const bottom = TOP + plot.dots.length * rowHeight;
  const values = plot.dots.flatMap(({ value, interval = [value, value] }) => [value, ...interval]);
  const extent = Math.max(plot.linear, ...values.map(Math.abs)) * 1.5;
  const widest = textWidth(plot.format(-extent));
  const most = Math.floor((right - left) / (widest + 8));
  const x = symlogScale([-extent, extent], plot.linear, [left + 6, right - 6], most, plot.format);
  const ticks = x.ticks.map(({ value, text }) => {
    const upright = line(x(value), TOP, x(value), bottom, value === 0 ? 'grid zero' : 'grid');
    return upright + label(x(value), bottom + 18, 'middle', text);
  });
  const rows = plot.dots.map((dot, i) => {
    const top = TOP + i * rowHeight;
    const y = top + rowHeight * (wide ? 0.5 : 0.72);
    const words = wide
      ? label(0, y + 4, 'start', dot.label, 'axis') + label(size.width, y + 4, 'end', dot.text, 'note')
      : label(left, top + 16, 'start', dot.label, 'axis') + label(right, top + 16, 'end', dot.text, 'note');
    const [from, to] = dot.interval ?? [dot.value, dot.value];
    const span =
      dot.interval === undefined
        ? ''
        : element('rect', { class: 'busy', x: x(from), y: y - 4, width: x(to) - x(from), height: 8 });
    const mark = markerAt(dot.style, [x(dot.value), y], 'mark', `${dot.label}: ${dot.text}`);
    return element(
      'g',
      { class: colourClass(dot.style) },
      line(left, y, right, y, 'base'),
      span,
      mark,
      words,
    );
  });
  const axis = label(wide ? right : size.width, bottom + 38, 'end', plot.axis, 'axis');
  return { height: bottom + BELOW, content: [...ticks, ...rows, axis].join('') };
}

export function dotsFigure(plot: Dots): Figure {
  const dots = plot.dots
    .filter(({ value }) => drawable(value))
    .map(({ interval, ...dot }): Dot => (interval?.every(drawable) ? { ...dot, interval } : dot));
  return {
    id: plot.id,
    title: plot.title,
    caption: plot.caption,
    draw: (size) => draw({ ...plot, dots }, size),
    data: {
      head: ['name', plot.axis, 'low', 'high'],
      rows: dots.map(({ label, value, interval }) => [
        label,
        value,
        interval?.[0] ?? '',
        interval?.[1] ?? '',
      ]),
    },
  };
}

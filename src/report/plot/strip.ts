import { scaleLinear } from 'd3-scale';
import { element, label, line, pixels, textWidth, tooltip } from '../markup.ts';
import type { Drawing, Figure, Size } from './figure.ts';
import type { Extent } from './scale.ts';
import { colourClass } from './series.ts';

/** One line of events in time. */
export interface StripRow {
  readonly label: string;
  /** What to look at in it. */
  readonly note: string;
  readonly style: number;
  /** Where events are, in the strip's coordinate. */
  readonly events: readonly number[];
  /** Spans of time that something took. */
  readonly busy?: ReadonlyArray<{ readonly from: number; readonly to: number; readonly label: string }>;
}

/** Events in time, one row under the other, on one axis. */
export interface Strip {
  readonly id: string;
  readonly title: string;
  readonly caption: readonly string[];
  readonly axis: string;
  readonly domain: Extent;
  readonly ticks: ReadonlyArray<{ readonly at: number; readonly text: string }>;
  /** A faint upright line in every row. */
  readonly grid: readonly number[];
  /** A band over every row. */
  readonly band: { readonly from: number; readonly to: number; readonly label: string } | null;
  readonly rows: readonly StripRow[];
  /** An event's hover text, from where it is. */
  readonly describe: (at: number) => string;
}

const TOP = 24;
const BELOW = 44;
const EVENT = 16;
/** Events nearer to one another than this, in pixels, are one block. */
const DENSE = 2;

interface Layout {
  readonly left: number;
  readonly right: number;
  readonly rowHeight: number;
  /** From the top of a row to the middle of its events. */
  readonly middle: number;
}

const layoutOf = ({ rows }: Strip, { name, width }: Size): Layout => {
  if (name === 'narrow') return { left: 6, right: width - 6, rowHeight: 48, middle: 32 };
  const labels = Math.max(...rows.map((row) => textWidth(row.label))) + 14;
  const notes = Math.max(...rows.map((row) => textWidth(row.note))) * 0.92 + 14;
  return { left: labels, right: width - Math.min(notes, width * 0.4), rowHeight: 32, middle: 16 };
};

/** Events, with neighbours that could not be told apart as one block. */
function blocks(events: readonly number[], x: (at: number) => number) {
  const all: Array<{ readonly first: number; readonly from: number; to: number; count: number }> = [];
  for (const at of [...events].sort((a, b) => a - b)) {
    const last = all.at(-1);
    if (last !== undefined && x(at) - last.to < DENSE) {
      last.to = x(at);
      last.count += 1;
    } else all.push({ first: at, from: x(at), to: x(at), count: 1 });
  }
  return all;
}

function drawEvents(
  { describe }: Strip,
  events: readonly number[],
  x: (at: number) => number,
  y: number,
): string {
  const top = y - EVENT / 2;
  return blocks(events, x)
    .map(({ first, from, to, count }) =>
      count === 1
        ? element(
            'path',
            { class: 'event', d: `M${pixels(from)} ${pixels(top)}v${EVENT}` },
            tooltip(describe(first)),
          )
        : element(
            'rect',
            { x: from - 1, y: top, width: to - from + 2, height: EVENT },
            tooltip(`${count} interrupts, the first ${describe(first)}`),
          ),
    )
    .join('');
}

function draw(strip: Strip, size: Size): Drawing {
  const { left, right, rowHeight, middle } = layoutOf(strip, size);
  const bottom = TOP + strip.rows.length * rowHeight;
  const [from, end] = strip.domain;
  const to = end > from ? end : from + 1;
  const x = scaleLinear().domain([from, to]).range([left, right]).clamp(true);
  const inside = (value: number) => value >= from && value <= to;
  const { band } = strip;
  const rows = strip.rows.map((row, i) => {
    const top = TOP + i * rowHeight;
    const y = top + middle;
    const busy = (row.busy ?? []).map((span) => {
      const place = { x: x(span.from), y: y - 5, width: Math.max(1, x(span.to) - x(span.from)), height: 10 };
      return element('rect', { class: 'busy', ...place }, tooltip(span.label));
    });
    const wide = size.name === 'wide';
    const words = wide
      ? label(0, y + 4, 'start', row.label, 'axis') + label(right + 12, y + 4, 'start', row.note, 'note')
      : label(left, top + 16, 'start', row.label, 'axis') + label(right, top + 16, 'end', row.note, 'note');
    return element(
      'g',
      { class: colourClass(row.style) },
      line(left, y, right, y, 'base'),
      ...busy,
      drawEvents(strip, row.events.filter(inside), x, y),
      words,
    );
  });
  const content = [
    band === null
      ? ''
      : element('rect', {
          class: 'band',
          x: x(band.from),
          y: TOP - 4,
          width: x(band.to) - x(band.from),
          height: bottom - TOP + 4,
        }),
    band === null ? '' : label((x(band.from) + x(band.to)) / 2, TOP - 10, 'middle', band.label, 'axis'),
    ...strip.grid.filter(inside).map((at) => line(x(at), TOP, x(at), bottom, 'old')),
    ...rows,
    line(left, bottom, right, bottom, 'grid zero'),
    ...strip.ticks
      .filter(({ at }) => inside(at))
      .map(
        ({ at, text }) =>
          line(x(at), bottom, x(at), bottom + 4, 'grid zero') + label(x(at), bottom + 17, 'middle', text),
      ),
    label(right, bottom + 36, 'end', strip.axis, 'axis'),
  ];
  return { height: bottom + BELOW, content: content.join('') };
}

export const stripFigure = (strip: Strip): Figure => ({
  id: strip.id,
  title: strip.title,
  caption: strip.caption,
  draw: (size) => draw(strip, size),
  data: {
    head: ['row', strip.axis],
    rows: strip.rows.flatMap(({ label, events }) =>
      events.filter((at) => at >= strip.domain[0] && at <= strip.domain[1]).map((at) => [label, at]),
    ),
  },
});

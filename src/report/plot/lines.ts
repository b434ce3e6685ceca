import type { Block } from '../content.ts';
import { element, prose } from '../markup.ts';
import { type Axis, axes, axisScale, ticksWidth } from './axes.ts';
import { type EndLabel, endLabels, endLabelsWidth } from './end-labels.ts';
import type { Drawing, Size } from './figure.ts';
import {
  type Guide,
  limitLines,
  namesHeight,
  placeNames,
  pointLines,
  type Slopes,
  slopeLines,
} from './guides.ts';
import { drawable } from './scale.ts';
import { type Curve, colourClass, drawCurve, markerAt, type Pixel, placed } from './series.ts';

/** A figure of lines on two axes. */
export interface Lines {
  readonly id: string;
  readonly title: string;
  readonly caption?: readonly string[];
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Curve[];
  /** Lines across, at values of y. */
  readonly limits?: readonly Guide[];
  /** Upright lines, at values of x. */
  readonly points?: readonly Guide[];
  /** Power laws through the first point, on two logarithmic axes. */
  readonly slopes?: Slopes;
}

const TOP = 30;
const BELOW = 46;
const HEIGHT = { wide: 390, narrow: 320 } as const;
/** Lines that are nowhere further apart than this, in pixels, look like one. */
const TOGETHER = 2;

type Path = ReadonlyArray<Pixel | null>;

const together = (a: Path, b: Path): boolean =>
  a.length === b.length &&
  a.every((one, i) => {
    const other = b[i] ?? null;
    if (one === null || other === null) return one === other;
    return Math.hypot(one[0] - other[0], one[1] - other[1]) <= TOGETHER;
  });

/** Names at the ends of the lines; lines that coincide all along are named at one end. */
export function namesAtEnds(lines: ReadonlyArray<{ label: string; style: number; path: Path }>): EndLabel[] {
  const groups: Array<{ path: Path; label: EndLabel }> = [];
  for (const { label, style, path } of lines) {
    const end = path.findLast((point) => point !== null) ?? null;
    if (end === null) continue;
    const name = { text: label, style };
    const same = groups.find((one) => together(one.path, path));
    if (same === undefined) groups.push({ path, label: { names: [name], x: end[0], y: end[1] } });
    else same.label = { ...same.label, names: [...same.label.names, name] };
  }
  return groups.map(({ label }) => label);
}

function draw(plot: Lines, size: Size): Drawing {
  const { series, limits = [], points = [], slopes = {} } = plot;
  const all = series.flatMap((one) => one.points);
  const ends = series.flatMap(({ intervals = [] }) => intervals.flat());
  const [xs, ys] = [all.map(([x]) => x), [...all.map(([, y]) => y), ...ends]];
  const named = size.name === 'wide' && series.length > 1;
  const right = size.width - (named ? endLabelsWidth(series.map((one) => one.label)) : 10);
  const yScale = (above: number) => {
    const pixels = [HEIGHT[size.name] + above - BELOW, TOP + above] as const;
    return axisScale(plot.y, [...ys, ...limits.map(({ at }) => at)], pixels, 'down');
  };
  // The height of the names hardly changes the width of the ticks.
  const left = ticksWidth(yScale(0));
  const x = axisScale(plot.x, [...xs, ...points.map(({ at }) => at)], [left, right], 'across');
  const names = placeNames(points, x, right);
  const above = namesHeight(names);
  const y = yScale(above);
  const height = HEIGHT[size.name] + above;
  const area = { left, right, top: TOP + above, bottom: height - BELOW };
  const lines = series.map((one, i) => ({ ...one, style: one.style ?? i, path: placed(one, x, y) }));
  const first = all.find(([a, b]) => drawable(a) && drawable(b));
  const content = [
    axes(area, x, y, { x: plot.x.label, y: plot.y.label }),
    first === undefined ? '' : slopeLines(slopes, first, area, x, y),
    ...lines.map((one) => drawCurve(one, one.style, area, x, y)),
    limitLines(limits, area, y),
    pointLines(names, area),
    named ? endLabels(namesAtEnds(lines), right, area.top, area.bottom) : '',
  ];
  return { height, content: content.join('') };
}

/** Names and markers, for the drawing that has no room for them. */
const legend = (series: readonly Curve[]): string =>
  element(
    'ul',
    { class: 'legend' },
    ...series.map(({ label, style }, i) => {
      const own = style ?? i;
      const icon = { class: colourClass(own), viewBox: '0 0 14 14', 'aria-hidden': 'true' };
      return element('li', {}, element('svg', icon, markerAt(own, [7, 7])), prose(label));
    }),
  );

/** A figure of lines, or a sentence where there is nothing to draw. */
export function linesFigure(plot: Lines): Block {
  const known = plot.series
    .map((series, i) => ({ ...series, style: series.style ?? i }))
    .filter(({ points }) => points.some(([x, y]) => drawable(x) && drawable(y)));
  const { id, title, caption = [], x, y } = plot;
  if (known.length === 0) return { text: `${title}: no values.`, tone: 'faint', on: 'page' };
  const barred = known.some(({ intervals }) => intervals !== undefined);
  return {
    id,
    title,
    caption,
    draw: (size) => draw({ ...plot, series: known }, size),
    legend: known.length > 1 ? legend(known) : '',
    data: {
      head: ['series', x.label, y.label, ...(barred ? ['low', 'high'] : [])],
      rows: known.flatMap(({ label, points, intervals = [] }) =>
        points.map(([a, b], i) => [label, a, b, ...(barred ? (intervals[i] ?? ['', '']) : [])]),
      ),
    },
  };
}

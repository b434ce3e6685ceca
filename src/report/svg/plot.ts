import { element, escapeText } from './element.ts';
import { linearScale, logScale, type Scale } from './scale.ts';

/** One axis: what it shows, in which unit, on which scale. */
export interface Axis {
  /** With the unit: "lateness (us)". */
  readonly label: string;
  readonly scale: 'linear' | 'log';
  /** A mark's text. */
  readonly format: (value: number) => string;
  /** Widens the range that the data gives. */
  readonly include?: readonly number[];
}

export interface Series {
  readonly label: string;
  readonly as: 'line' | 'dots' | 'dashes' | 'bars';
  readonly points: ReadonlyArray<readonly [x: number, y: number]>;
}

export interface Plot {
  /** What a reader who cannot see it is told. */
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** A labelled line across at one y: a limit. */
  readonly limits?: ReadonlyArray<{ readonly at: number; readonly label: string }>;
}

const WIDTH = 720;
const HEIGHT = 340;
const LEFT = 72;
const RIGHT = WIDTH - 16;
const TOP = 14;
const BOTTOM = HEIGHT - 46;

const scaleOf = (axis: Axis, values: number[], from: number, to: number): Scale => {
  const all = [...values, ...(axis.include ?? [])].filter(
    (v) => Number.isFinite(v) && (axis.scale === 'linear' || v > 0),
  );
  const range = [
    all.reduce((a, b) => Math.min(a, b), Infinity),
    all.reduce((a, b) => Math.max(a, b), -Infinity),
  ] as const;
  const known = all.length > 0 ? range : ([1, 10] as const);
  return axis.scale === 'log' ? logScale(known, [from, to]) : linearScale(known, [from, to]);
};

const text = (x: number, y: number, anchor: string, content: string, extra = {}): string =>
  element('text', { x, y, 'text-anchor': anchor, ...extra }, escapeText(content));

function axes(plot: Plot, x: Scale, y: Scale): string {
  const middle = (TOP + BOTTOM) / 2;
  return [
    ...y.marks.map(
      (mark) =>
        element('line', { class: 'grid', x1: LEFT, x2: RIGHT, y1: y(mark), y2: y(mark) }) +
        text(LEFT - 8, y(mark) + 4, 'end', plot.y.format(mark)),
    ),
    ...x.marks.map(
      (mark) =>
        element('line', { class: 'grid', x1: x(mark), x2: x(mark), y1: TOP, y2: BOTTOM }) +
        text(x(mark), BOTTOM + 18, 'middle', plot.x.format(mark)),
    ),
    text((LEFT + RIGHT) / 2, HEIGHT - 8, 'middle', plot.x.label, { class: 'axis' }),
    text(14, middle, 'middle', plot.y.label, { class: 'axis', transform: `rotate(-90 14 ${middle})` }),
  ].join('');
}

function drawn(series: Series, index: number, x: Scale, y: Scale): string {
  const at = series.points
    .filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b))
    .map(([a, b]) => [x(a), y(b)] as const);
  const colour = { class: `series s${index % 8}` };
  const label = element('title', {}, escapeText(series.label));
  const each = (draw: (px: number, py: number) => string) => at.map(([px, py]) => draw(px, py)).join('');
  if (series.as === 'dots') {
    return element(
      'g',
      colour,
      label,
      each((cx, cy) => element('circle', { cx, cy, r: 3 })),
    );
  }
  if (series.as === 'bars') {
    const width = Math.max(1, (RIGHT - LEFT) / Math.max(1, at.length) - 1);
    const bar = (px: number, py: number) =>
      element('rect', { x: px - width / 2, y: py, width, height: Math.max(0, BOTTOM - py) });
    return element('g', colour, label, each(bar));
  }
  const points = at.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' ');
  const dash = series.as === 'dashes' ? '6 5' : undefined;
  const dots = at.length <= 24 ? each((cx, cy) => element('circle', { cx, cy, r: 2.5 })) : '';
  return element('g', colour, label, element('polyline', { points, 'stroke-dasharray': dash }), dots);
}

const legend = (series: readonly Series[]): string =>
  element(
    'ul',
    { class: 'legend' },
    ...series.map(({ label }, i) =>
      element('li', {}, element('i', { class: `s${i % 8}` }), escapeText(label)),
    ),
  );

/** A figure: the plot as SVG, sized by the page, and its legend where there is more than one series. */
export function plotFigure(plot: Plot): string {
  const points = plot.series.flatMap((series) => series.points);
  const limits = plot.limits ?? [];
  const x = scaleOf(
    plot.x,
    points.map(([value]) => value),
    LEFT,
    RIGHT,
  );
  const y = scaleOf(
    plot.y,
    [...points.map(([, value]) => value), ...limits.map(({ at }) => at)],
    BOTTOM,
    TOP,
  );
  const content = [
    element('title', {}, escapeText(plot.title)),
    axes(plot, x, y),
    ...limits.map(
      ({ at, label }) =>
        element('line', { class: 'limit', x1: LEFT, x2: RIGHT, y1: y(at), y2: y(at) }) +
        text(RIGHT - 4, y(at) - 6, 'end', label, { class: 'limit' }),
    ),
    ...plot.series.map((series, i) => drawn(series, i, x, y)),
  ];
  const svg = element('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img' }, ...content);
  return element('figure', {}, plot.series.length > 1 ? legend(plot.series) : '', svg);
}

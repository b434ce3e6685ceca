import {
  area,
  line,
  type SymbolType,
  symbol,
  symbolCircle,
  symbolCross,
  symbolDiamond,
  symbolDiamond2,
  symbolSquare,
  symbolStar,
  symbolTriangle,
  symbolWye,
} from 'd3-shape';
import { element, pixels, tooltip } from '../markup.ts';
import { SERIES_COLOURS } from '../style.ts';
import { drawable, type Scale } from './scale.ts';

/** What is drawn of one thing. */
export interface Curve {
  readonly label: string;
  /** A line if left out; `area`: filled down to the axis. */
  readonly as?: 'dashes' | 'area' | undefined;
  /** A value that is not finite leaves a gap. */
  readonly points: ReadonlyArray<readonly [x: number, y: number]>;
  /** An interval around each point, drawn as a bar; an end that is not finite reaches to the edge, both leave none. */
  readonly intervals?: ReadonlyArray<readonly [low: number, high: number]> | undefined;
  /** Points that were not measured, by index: their markers are hollow. */
  readonly hollow?: ReadonlySet<number>;
  /** Its colour and marker; its place in the plot if left out. */
  readonly style?: number;
  /** A point's hover text. */
  readonly describe: (x: number, y: number) => string;
}

/** A point in pixels. */
export type Pixel = readonly [x: number, y: number];

/** Up to this many points have markers of their own; of more points, about this many tell their value on hover. */
const MOST_MARKERS = 60;
const MARKER_AREA = 52;
/** How far from a point its hover text still shows, pixels. */
const REACH = 8;

/** One shape for each style, so that colour is never the only difference between two series. */
const SHAPES: readonly SymbolType[] = [
  symbolCircle,
  symbolSquare,
  symbolTriangle,
  symbolDiamond,
  symbolStar,
  symbolCross,
  symbolWye,
  symbolDiamond2,
];

/** The style of what is not a series: in the text's colour. */
export const PLAIN_STYLE = -1;

/** The class that gives a style its colour; from the ninth on colours repeat, with other markers. */
export const colourClass = (style: number): string =>
  style === PLAIN_STYLE ? 'plain' : `s${style % SERIES_COLOURS.light.length}`;

const shapeOf = (style: number) => {
  const turns = Math.floor(style / SHAPES.length);
  return symbol(SHAPES[Math.max(0, style + turns) % SHAPES.length] ?? symbolCircle, MARKER_AREA).digits(1);
};

export const markerAt = (style: number, [x, y]: Pixel, className = 'mark', text?: string): string =>
  element(
    'path',
    { class: className, d: shapeOf(style)() ?? '', transform: `translate(${pixels(x)} ${pixels(y)})` },
    text === undefined ? '' : tooltip(text),
  );

/** The points in pixels; null for a gap. */
export const placed = ({ points }: Pick<Curve, 'points'>, x: Scale, y: Scale): Array<Pixel | null> =>
  points.map(([a, b]) => (drawable(a) && drawable(b) ? [x(a), y(b)] : null));

const ORIGIN: Pixel = [0, 0];
const xOf = (point: Pixel | null): number => (point ?? ORIGIN)[0];
const yOf = (point: Pixel | null): number => (point ?? ORIGIN)[1];
const isPoint = (point: Pixel | null): boolean => point !== null;

const path = line<Pixel | null>(xOf, yOf).defined(isPoint).digits(1);

/** Invisible spots that tell the values of a long line, evenly thinned. */
function spots(series: Curve, at: ReadonlyArray<Pixel | null>): string {
  const every = Math.ceil(at.length / MOST_MARKERS);
  return series.points
    .map(([a, b], i) => {
      const point = at[i] ?? null;
      if (point === null || i % every !== 0) return '';
      const [cx, cy] = point;
      return element('circle', { class: 'spot', cx, cy, r: REACH }, tooltip(series.describe(a, b)));
    })
    .join('');
}

const markers = (series: Curve, style: number, at: ReadonlyArray<Pixel | null>): string =>
  series.points
    .map(([a, b], i) => {
      const point = at[i] ?? null;
      const className = series.hollow?.has(i) ? 'mark hollow' : 'mark';
      return point === null ? '' : markerAt(style, point, className, series.describe(a, b));
    })
    .join('');

/** Where the drawing begins and ends, pixels. */
interface Rows {
  readonly top: number;
  readonly bottom: number;
}

/** The intervals as upright bars, within the drawing. */
function bars({ points, intervals = [] }: Curve, { top, bottom }: Rows, x: Scale, y: Scale): string {
  const parts = intervals.map(([low, high], i) => {
    const at = points[i]?.[0] ?? Number.NaN;
    if (!drawable(at) || !(drawable(low) || drawable(high))) return '';
    const [from, to] = [drawable(high) ? y(high) : top, drawable(low) ? y(low) : bottom];
    return `M${pixels(x(at))} ${pixels(from)}V${pixels(to)}M${pixels(x(at) - 4)} ${pixels(from)}h8M${pixels(x(at) - 4)} ${pixels(to)}h8`;
  });
  return parts.join('') === '' ? '' : element('path', { class: 'bars', d: parts.join('') });
}

export function drawCurve(series: Curve, style: number, rows: Rows, x: Scale, y: Scale): string {
  const { bottom } = rows;
  const at = placed(series, x, y);
  const group = (...children: string[]) => element('g', { class: colourClass(style) }, ...children);
  if (series.as === 'area') {
    const shape = area<Pixel | null>(xOf, bottom, yOf).defined(isPoint).digits(1);
    return group(element('path', { class: 'area', d: shape(at) ?? '' }), spots(series, at));
  }
  return group(
    bars(series, rows, x, y),
    element('path', { class: series.as === 'dashes' ? 'line dashed' : 'line', d: path(at) ?? '' }),
    at.length > MOST_MARKERS ? spots(series, at) : markers(series, style, at),
  );
}

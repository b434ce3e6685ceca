import { tooltip } from './drawing.ts';
import { element, pixels } from './element.ts';
import { drawable, type Scale } from './scale.ts';

/** What is drawn of one thing. */
export interface Series {
  readonly label: string;
  /** `area`: filled down to the axis. */
  readonly as: 'line' | 'dashes' | 'dots' | 'area';
  /** A value that is not finite leaves a gap. */
  readonly points: ReadonlyArray<readonly [x: number, y: number]>;
  /** Points that were not measured, by index: their markers are hollow. */
  readonly hollow?: ReadonlySet<number>;
  /** Its colour and marker, 0 to 7; its place in the plot if left out. */
  readonly style?: number;
  /** A point's hover text; without it, points have none. */
  readonly describe?: (x: number, y: number) => string;
}

/** As many points as this stand as markers of their own. */
const MOST_MARKERS = 60;

type Marker = (x: number, y: number) => string;
const at =
  (path: (p: typeof pixels, x: number, y: number) => string): Marker =>
  (x, y) =>
    path(pixels, x, y);

/** One shape for each style, so that colour is never all that tells two series apart. */
const MARKERS: readonly Marker[] = [
  at((p, x, y) => `M${p(x - 4)} ${p(y)}a4 4 0 1 0 8 0a4 4 0 1 0-8 0z`),
  at((p, x, y) => `M${p(x - 3.6)} ${p(y - 3.6)}h7.2v7.2h-7.2z`),
  at((p, x, y) => `M${p(x)} ${p(y - 4.6)}l4.6 8h-9.2z`),
  at((p, x, y) => `M${p(x)} ${p(y - 5)}l5 5l-5 5l-5-5z`),
  at((p, x, y) => `M${p(x)} ${p(y + 4.6)}l4.6-8h-9.2z`),
  at((p, x, y) => `M${p(x - 4)} ${p(y - 1.3)}h2.7v-2.7h2.6v2.7h2.7v2.6h-2.7v2.7h-2.6v-2.7h-2.7z`),
  at((p, x, y) => `M${p(x - 1.6)} ${p(y - 5)}h3.2v10h-3.2z`),
  at((p, x, y) => `M${p(x - 5)} ${p(y - 1.6)}h10v3.2h-10z`),
];

/** The style of what is no series of its own: in the text's colour. */
export const PLAIN_STYLE = 8;

/** The style of a series in a plot. */
export const styleOf = (series: Series, index: number): number => (series.style ?? index) % MARKERS.length;

/** The marker of a style, as a path's data. */
export const markerPath = (style: number, x: number, y: number): string =>
  MARKERS[style % MARKERS.length]?.(x, y) ?? '';

type Pixel = readonly [x: number, y: number];

/** Runs of points that follow one another without a gap. */
function runs(series: Series, x: Scale, y: Scale): Pixel[][] {
  const all: Pixel[][] = [[]];
  for (const [a, b] of series.points) {
    const place = [x(a), y(b)] as const;
    if (drawable(a) && drawable(b)) all.at(-1)?.push(place);
    else all.push([]);
  }
  return all.filter((run) => run.length > 0);
}

const pathOf = (run: readonly Pixel[]): string =>
  `M${run.map(([x, y]) => `${pixels(x)} ${pixels(y)}`).join('L')}`;

/** A run closed along the axis. */
function closed(run: readonly Pixel[], bottom: number): string {
  const [first, last] = [run[0], run.at(-1)];
  return first === undefined || last === undefined
    ? ''
    : `${pathOf(run)}L${pixels(last[0])} ${pixels(bottom)}L${pixels(first[0])} ${pixels(bottom)}z`;
}

function markers(series: Series, style: number, x: Scale, y: Scale): string {
  const { points, hollow, describe } = series;
  if (points.length > MOST_MARKERS && series.as !== 'dots') return '';
  return points
    .map(([a, b], i) => {
      if (!drawable(a) || !drawable(b)) return '';
      const text = describe?.(a, b);
      const className = hollow?.has(i) ? 'mark hollow' : 'mark';
      const d = markerPath(style, x(a), y(b));
      return element('path', { class: className, d }, text === undefined ? '' : tooltip(text));
    })
    .join('');
}

/** One series in its colour. */
export function drawSeries(series: Series, index: number, bottom: number, x: Scale, y: Scale): string {
  const style = styleOf(series, index);
  const group = (...children: string[]) => element('g', { class: `s${style}` }, ...children);
  const found = runs(series, x, y);
  if (series.as === 'area') {
    const d = found.map((run) => closed(run, bottom)).join('');
    return group(element('path', { class: 'area', d }));
  }
  if (series.as === 'dots') return group(markers(series, style, x, y));
  const className = series.as === 'dashes' ? 'line dashed' : 'line';
  return group(
    element('path', { class: className, d: found.map(pathOf).join('') }),
    markers(series, style, x, y),
  );
}

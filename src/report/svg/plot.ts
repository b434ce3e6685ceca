import { type Area, type Axis, axes, axisScale, marksWidth } from './axes.ts';
import { type Drawing, figure, type Size, textWidth } from './drawing.ts';
import { element, escapeText, label, line } from './element.ts';
import { type EndLabel, endLabels, endLabelsWidth } from './end-labels.ts';
import { rangeOf, type Scale } from './scale.ts';
import { drawSeries, markerPath, type Series, styleOf } from './series.ts';

export interface Plot {
  /** What a reader who cannot see it is told. */
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** A labelled line across at one value. */
  readonly limits?: ReadonlyArray<{ readonly axis: 'x' | 'y'; readonly at: number; readonly label: string }>;
}

const TOP = 30;
const BELOW = 46;

const HEIGHT = { wide: 390, narrow: 320 } as const;

/** Where the last point of a line is; null without one. */
function endOf(series: Series, x: Scale, y: Scale): readonly [number, number] | null {
  const last = series.points.findLast(([a, b]) => Number.isFinite(a) && Number.isFinite(b));
  return last === undefined ? null : [x(last[0]), y(last[1])];
}

/** Across: the name above the line. Upright: names in rows from the top, each in the first row where it is free. */
function limitLines({ limits = [] }: Plot, area: Area, x: Scale, y: Scale): string {
  const { left, right, top, bottom } = area;
  const across = limits.filter(({ axis }) => axis === 'y');
  const upright = limits.filter(({ axis }) => axis === 'x').sort((a, b) => a.at - b.at);
  const taken: number[] = [];
  const names = upright.map(({ at, label: text }) => {
    const width = textWidth(text);
    const start = Math.min(x(at) + 5, right - width);
    const free = taken.findIndex((end) => end < start);
    const row = free === -1 ? taken.length : free;
    taken[row] = start + width + 8;
    return label(start, top + 12 + row * 15, 'start', text, 'limit');
  });
  return [
    ...across.map(({ at, label: text }) => {
      const above = y(at) - 7 > top + 8 ? y(at) - 7 : y(at) + 16;
      return line(left, y(at), right, y(at), 'limit') + label(left + 6, above, 'start', text, 'limit');
    }),
    ...upright.map(({ at }) => line(x(at), top, x(at), bottom, 'limit')),
    ...names,
  ].join('');
}

function draw(plot: Plot, size: Size): Drawing {
  const height = HEIGHT[size.name];
  const bottom = height - BELOW;
  const points = plot.series.flatMap((series) => series.points);
  const limit = (axis: 'x' | 'y') => (plot.limits ?? []).filter((l) => l.axis === axis).map(({ at }) => at);
  const y = axisScale(plot.y, [...points.map(([, b]) => b), ...limit('y')], [bottom, TOP], false);
  const named = size.name === 'wide' && plot.series.length > 1;
  const left = marksWidth(y);
  const right = size.width - (named ? endLabelsWidth(plot.series.map((series) => series.label)) : 10);
  const area = { left, right, top: TOP, bottom };
  const x = axisScale(plot.x, [...points.map(([a]) => a), ...limit('x')], [left, right], true);
  const ends = plot.series.flatMap((series, i): EndLabel[] => {
    const end = endOf(series, x, y);
    return end === null ? [] : [{ text: series.label, style: styleOf(series, i), x: end[0], y: end[1] }];
  });
  const content = [
    axes(area, x, y, { x: plot.x.label, y: plot.y.label }),
    limitLines(plot, area, x, y),
    ...plot.series.map((series, i) => drawSeries(series, i, bottom, x, y)),
    named ? endLabels(ends, right, TOP, bottom) : '',
  ];
  return { height, content: content.join('') };
}

/** Names and markers, for the drawing that has no room for them. */
const legend = (series: readonly Series[]): string =>
  element(
    'ul',
    { class: 'legend' },
    ...series.map((one, i) => {
      const style = styleOf(one, i);
      const marker = element('path', { class: 'mark', d: markerPath(style, 7, 7) });
      const icon = element(
        'svg',
        { class: `s${style}`, viewBox: '0 0 14 14', 'aria-hidden': 'true' },
        marker,
      );
      return element('li', {}, icon, escapeText(one.label));
    }),
  );

/** Says that there is nothing to draw, and why, in a figure's place. */
export const nothingToDraw = (why: string): string => element('p', { class: 'empty' }, escapeText(why));

/**
 * A figure: the plot for a page and for a phone, and its caption.
 *
 * @param caption HTML.
 */
export function plotFigure(plot: Plot, caption = ''): string {
  const drawable = plot.series
    .map((series, i) => ({ ...series, style: styleOf(series, i) }))
    .filter(({ points }) => rangeOf(points.map(([, y]) => y)) !== null);
  if (drawable.length === 0) return nothingToDraw(`${plot.title}: no values.`);
  const shown = { ...plot, series: drawable };
  return figure(
    plot.title,
    (size) => draw(shown, size),
    drawable.length > 1 ? legend(drawable) : '',
    caption,
  );
}

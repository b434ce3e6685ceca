import { type Axis, axes, axisScale, marksWidth } from './axes.ts';
import { type Drawing, figure, type Size } from './drawing.ts';
import { element, escapeText } from './element.ts';
import { type EndLabel, endLabels, endLabelsWidth } from './end-labels.ts';
import { type Guide, limitLines, namesHeight, placeNames, pointLines } from './guides.ts';
import { drawable, type Scale } from './scale.ts';
import { drawSeries, markerPath, type Series, styleOf } from './series.ts';

export interface Plot {
  /** What a reader who cannot see it is told. */
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Lines across, at values of y. */
  readonly limits?: readonly Guide[];
  /** Upright lines, at values of x. */
  readonly points?: readonly Guide[];
}

const TOP = 30;
const BELOW = 46;

const HEIGHT = { wide: 390, narrow: 320 } as const;

/** Where the last point of a line is; null without one. */
function endOf(series: Series, x: Scale, y: Scale): readonly [number, number] | null {
  const last = series.points.findLast(([a, b]) => drawable(a) && drawable(b));
  return last === undefined ? null : [x(last[0]), y(last[1])];
}

function draw(plot: Plot, size: Size): Drawing {
  const { series, limits = [], points = [] } = plot;
  const all = series.flatMap((one) => one.points);
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)];
  const named = size.name === 'wide' && series.length > 1;
  const right = size.width - (named ? endLabelsWidth(series.map((one) => one.label)) : 10);
  const yScale = (above: number) => {
    const pixels = [HEIGHT[size.name] + above - BELOW, TOP + above] as const;
    return axisScale(plot.y, [...ys, ...limits.map(({ at }) => at)], pixels, false);
  };
  // How high the names stand hardly changes how wide the marks are.
  const left = marksWidth(yScale(0));
  const x = axisScale(plot.x, [...xs, ...points.map(({ at }) => at)], [left, right], true);
  const names = placeNames(points, x, right);
  const above = namesHeight(names);
  const y = yScale(above);
  const [height, top] = [HEIGHT[size.name] + above, TOP + above];
  const area = { left, right, top, bottom: height - BELOW };
  const ends = series.flatMap((one, i): EndLabel[] => {
    const end = endOf(one, x, y);
    return end === null ? [] : [{ text: one.label, style: styleOf(one, i), x: end[0], y: end[1] }];
  });
  const content = [
    axes(area, x, y, { x: plot.x.label, y: plot.y.label }),
    ...series.map((one, i) => drawSeries(one, i, area.bottom, x, y)),
    limitLines(limits, area, y),
    pointLines(names, area),
    named ? endLabels(ends, right, top, area.bottom) : '',
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
  const known = plot.series
    .map((series, i) => ({ ...series, style: styleOf(series, i) }))
    .filter(({ points }) => points.some(([x, y]) => drawable(x) && drawable(y)));
  if (known.length === 0) return nothingToDraw(`${plot.title}: no values.`);
  const shown = { ...plot, series: known };
  return figure(plot.title, (size) => draw(shown, size), known.length > 1 ? legend(known) : '', caption);
}

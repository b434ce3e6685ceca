import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Plot, plotFigure } from '../../../src/report/svg/plot.ts';
import type { Series } from '../../../src/report/svg/series.ts';

const plot = (series: readonly Series[], more: Partial<Plot> = {}): Plot => ({
  title: 'Title',
  x: { label: 'time (s)', scale: 'linear' },
  y: { label: 'error (ns)', scale: 'log' },
  series,
  ...more,
});
const one = (points: Series['points'], as: Series['as'] = 'line'): Series => ({ label: 'a', as, points });

/** Every number that places something. */
const coordinates = (html: string): string[] =>
  [...html.matchAll(/ (?:d|x|y|x1|x2|y1|y2|width|height)="([^"]*)"/g)].map(([, value]) => value ?? '');

test('any data gives finite coordinates', () => {
  const value = fc.oneof(
    fc.double(),
    fc.constantFrom(0, -0, 5e-324, 1e308, -1e308, Number.NaN, Number.POSITIVE_INFINITY, 1e15, 1e15 + 0.125),
  );
  const points = fc.array(fc.tuple(value, value), { maxLength: 30 });
  const scale = fc.constantFrom('linear' as const, 'log' as const, 'symlog' as const);
  const as = fc.constantFrom('line' as const, 'area' as const, 'dots' as const, 'dashes' as const);
  fc.assert(
    fc.property(points, scale, scale, as, (points, x, y, as) => {
      const html = plotFigure(
        plot([one(points, as)], { x: { label: 'x', scale: x }, y: { label: 'y', scale: y } }),
      );
      for (const text of coordinates(html)) expect(text).not.toMatch(/NaN|Infinity|undefined|e\+/);
      expect(html).not.toContain('undefined');
    }),
  );
});

test('both sizes carry the title for those who cannot see it, and both axes their labels', () => {
  const html = plotFigure(
    plot([
      one([
        [1, 10],
        [2, 100],
      ]),
    ]),
  );
  expect(html.match(/role="img" aria-label="Title"/g)).toHaveLength(2);
  expect(html.match(/time \(s\)/g)).toHaveLength(2);
  expect(html.match(/error \(ns\)/g)).toHaveLength(2);
});

test('names are escaped wherever they stand', () => {
  const hostile = '<script>alert(1)</script>';
  const series = [
    {
      ...one([
        [1, 1],
        [2, 2],
      ]),
      label: hostile,
      describe: () => hostile,
    },
    one([[1, 3]]),
  ];
  const html = plotFigure(
    plot(series, {
      title: `"${hostile}`,
      limits: [{ at: 2, label: hostile }],
      points: [{ at: 1, label: hostile }],
    }),
  );
  expect(html).not.toContain('<script');
  expect(html).toContain('&#60;script&#62;');
});

test('without a value there is a sentence in place of the figure', () => {
  expect(plotFigure(plot([one([])]))).toBe('<p class="empty">Title: no values.</p>');
  expect(plotFigure(plot([one([[1, Number.NaN]])]))).toContain('no values');
});

test('a series keeps its colour when one before it is empty', () => {
  const html = plotFigure(plot([one([]), { ...one([[1, 2]]), label: 'b' }]));
  expect(html).toContain('class="s1"');
  expect(html).not.toContain('class="s0"');
});

test('a gap in the data is a gap in the line', () => {
  const html = plotFigure(
    plot([
      one([
        [1, 1],
        [2, 2],
        [3, Number.NaN],
        [4, 3],
        [5, 2],
      ]),
    ]),
  );
  const [, path = ''] = /class="line" d="([^"]*)"/.exec(html) ?? [];
  expect(path.match(/M/g)).toHaveLength(2);
});

test('values that were not measured are drawn hollow', () => {
  const html = plotFigure(
    plot([
      {
        ...one([
          [1, 1],
          [2, 2],
        ]),
        hollow: new Set([1]),
      },
    ]),
  );
  expect(html.match(/class="mark hollow"/g)).toHaveLength(2);
  expect(html.match(/class="mark"/g)).toHaveLength(2);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { figureHtml } from '../../../src/report/plot/figure.ts';
import { type Lines, linesFigure, namesAtEnds } from '../../../src/report/plot/lines.ts';
import type { Curve } from '../../../src/report/plot/series.ts';

const plot = (series: readonly Curve[], more: Partial<Lines> = {}): Lines => ({
  id: 'figure',
  title: 'Title',
  x: { label: 'time (s)', scale: 'linear' },
  y: { label: 'error (ns)', scale: 'log' },
  series,
  ...more,
});
const one = (points: Curve['points'], as?: Curve['as']): Curve => ({
  label: 'a',
  as,
  points,
  describe: (x, y) => `${x}, ${y}`,
});
/** The figure as HTML, or the sentence in its place. */
function plotFigure(lines: Lines): string {
  const block = linesFigure(lines);
  if ('draw' in block) return figureHtml(block);
  return 'text' in block ? block.text : '';
}
/** The drawings alone, without what is to be downloaded. */
const drawings = (html: string): string => (html.match(/<svg .*?<\/svg>/gs) ?? []).join('');

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
  const as = fc.constantFrom(undefined, 'area' as const, 'dashes' as const);
  fc.assert(
    fc.property(points, scale, scale, as, (points, x, y, as) => {
      const html = plotFigure(
        plot([one(points, as)], { x: { label: 'x', scale: x }, y: { label: 'y', scale: y } }),
      );
      for (const text of coordinates(html)) expect(text).not.toMatch(/NaN|Infinity|undefined|e\+/);
      expect(drawings(html)).not.toContain('undefined');
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
  expect(drawings(html).match(/time \(s\)/g)).toHaveLength(2);
  expect(drawings(html).match(/error \(ns\)/g)).toHaveLength(2);
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
  expect(plotFigure(plot([one([])]))).toBe('Title: no values.');
  expect(plotFigure(plot([one([[1, Number.NaN]])]))).toContain('no values');
});

test('a series keeps its colour when one before it is empty', () => {
  const html = plotFigure(plot([one([]), { ...one([[1, 2]]), label: 'b' }]));
  expect(drawings(html)).toContain('class="s1"');
  expect(drawings(html)).not.toContain('class="s0"');
});

test('each point of a short line tells its value on hover; a long one has spots that do', () => {
  const points = (length: number) => Array.from({ length }, (_, i) => [i + 1, i + 1] as const);
  expect(drawings(plotFigure(plot([one(points(60))]))).match(/<title>/g)).toHaveLength(2 * 60);
  const long = drawings(plotFigure(plot([one(points(61))])));
  expect(long.match(/class="spot"/g)).toHaveLength(2 * 31);
  expect(long).toContain('<title>61, 61</title>');
});

test('lines that coincide are named once, at one end', () => {
  const path = [
    [0, 0],
    [10, 10],
  ] as const;
  const names = namesAtEnds([
    { label: 'a', style: 0, path },
    {
      label: 'b',
      style: 1,
      path: [
        [0, 2],
        [10, 10],
      ],
    },
    {
      label: 'c',
      style: 2,
      path: [
        [0, 2.1],
        [10, 10],
      ],
    },
    { label: 'd', style: 3, path: [[0, 0], null] },
    { label: 'e', style: 4, path: [null, null] },
  ]);
  expect(names.map(({ names }) => names.map(({ text }) => text))).toEqual([['a', 'b'], ['c'], ['d']]);
  expect(names[0]).toMatchObject({ x: 10, y: 10 });
});

test('a figure has an anchor, and its drawing and values to save, without a script', () => {
  const html = plotFigure(
    plot([
      {
        ...one([
          [1, 10],
          [2, Number.NaN],
        ]),
        label: 'a "b"',
      },
    ]),
  );
  expect(html).toContain('<figure id="figure" aria-labelledby="figure-title">');
  const href = (type: string) =>
    decodeURIComponent(
      (new RegExp(`href="data:${type}[^,]*,([^"]*)"`).exec(html)?.[1] ?? '').replace(/&#38;/g, '&'),
    );
  expect(href('text/csv')).toBe('"series","time (s)","error (ns)"\r\n"a ""b""",1,10\r\n"a ""b""",2,\r\n');
  expect(href('image/svg.xml')).toMatch(
    /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 920 \d+".*<\/svg>$/s,
  );
  expect(href('image/svg.xml')).not.toMatch(/var\(|undefined/);
});

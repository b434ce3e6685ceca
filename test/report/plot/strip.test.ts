import { expect, test } from 'vitest';
import { figureHtml } from '../../../src/report/plot/figure.ts';
import { type Strip, stripFigure } from '../../../src/report/plot/strip.ts';

const strip = (events: readonly number[]): Strip => ({
  id: 'strip',
  title: 'Interrupts',
  caption: [],
  describe: (at) => `at ${at}`,
  axis: 'time (ms)',
  domain: [0, 10],
  ticks: [{ at: 0, text: '0' }],
  grid: [],
  band: null,
  rows: [{ label: 'clamp', note: 'note', style: 0, events }],
});
const wide = (html: string): string => /<svg class="wide".*?<\/svg>/.exec(html)?.[0] ?? '';
const draw = (events: readonly number[]): string => figureHtml(stripFigure(strip(events)));
const strokes = (html: string): number => (html.match(/class="event"/g) ?? []).length;

test('each event is a stroke; those outside are left out', () => {
  expect(strokes(wide(draw([1, 2, 3, -5, 11])))).toBe(3);
});

test('events too near to tell apart become one block that says how many it holds', () => {
  const storm = Array.from({ length: 1000 }, (_, i) => 2 + i / 1000);
  const html = wide(draw([1, ...storm]));
  expect(strokes(html)).toBe(1);
  expect(html).toContain('1000 interrupts, the first at 2');
});

test('a hundred thousand events make no larger drawing than a hundred', () => {
  const many = Array.from({ length: 100_000 }, (_, i) => i / 10_000);
  expect(wide(draw(many)).length).toBeLessThan(2_500);
});

test('the values to save are those that are drawn', () => {
  expect(stripFigure(strip([-1, 1, 11])).data.rows).toEqual([['clamp', 1]]);
});

import { expect, test } from 'vitest';
import { type Strip, stripFigure } from '../../../src/report/svg/strip.ts';

const strip = (events: readonly number[]): Strip => ({
  title: 'Interrupts',
  axis: 'time (ms)',
  domain: [0, 10],
  marks: [{ at: 0, text: '0' }],
  grid: [],
  band: null,
  rows: [{ label: 'clamp', note: 'note', style: 0, events }],
});
const wide = (html: string): string => /<svg class="wide".*?<\/svg>/.exec(html)?.[0] ?? '';
const strokes = (html: string): number =>
  (/class="event" d="([^"]*)"/.exec(html)?.[1]?.match(/M/g) ?? []).length;

test('each event is a stroke; those outside are left out', () => {
  expect(strokes(wide(stripFigure(strip([1, 2, 3, -5, 11]))))).toBe(3);
});

test('events too near to tell apart become one block that says how many it holds', () => {
  const storm = Array.from({ length: 1000 }, (_, i) => 2 + i / 1000);
  const html = wide(stripFigure(strip([1, ...storm])));
  expect(strokes(html)).toBe(1);
  expect(html).toContain('1000 interrupts');
});

test('a hundred thousand events make no larger page than a hundred', () => {
  const many = Array.from({ length: 100_000 }, (_, i) => i / 10_000);
  expect(stripFigure(strip(many)).length).toBeLessThan(5_000);
});

import { expect, test } from 'vitest';
import { dotsFigure } from '../../../src/report/plot/dots.ts';
import { figureHtml } from '../../../src/report/plot/figure.ts';
import { linesFigure } from '../../../src/report/plot/lines.ts';
import { stripFigure } from '../../../src/report/plot/strip.ts';

// Whole drawings as they stand in a page, one element a line. Look at the picture before taking a new one: each file,
// but for the data behind its links, opens in a browser.
const shown = (html: string): string =>
  `${html.replace(/(href="data:[^,]*,)[^"]*"/g, '$1..."').replaceAll('><', '>\n<')}\n`;

const csv = (html: string): string =>
  decodeURIComponent(/href="data:text\/csv[^,]*,([^"]*)"/.exec(html)?.[1] ?? '');

const lines = linesFigure({
  id: 'lines',
  title: 'Lines of every kind',
  caption: ['How to read it.', '', 'What it was made from.'],
  x: { label: 'tau (s)', scale: 'log' },
  y: { label: 'deviation', scale: 'linear', include: [0] },
  series: [
    {
      label: 'measured',
      points: [
        [1, 2],
        [10, Number.NaN],
        [100, 6],
        [1000, 4],
      ],
      hollow: new Set([3]),
      describe: (x, y) => `${y} at ${x} s`,
    },
    {
      label: 'the model',
      as: 'dashes',
      style: 9,
      points: [
        [1, 1],
        [1000, 5],
      ],
      describe: (x, y) => `${y} & ${x}`,
    },
    {
      label: 'floor',
      as: 'area',
      points: [
        [1, 0.5],
        [1000, 0.25],
      ],
      describe: () => '<floor>',
    },
  ],
  limits: [{ at: 7, label: 'watchdog' }],
  points: [
    { at: 20, label: 'p50' },
    { at: 25, label: 'p99' },
  ],
});

test('lines, dashes, an area, gaps, hollow markers, limits and named points', async () => {
  if (!('draw' in lines)) throw new Error('no figure');
  const html = figureHtml(lines);
  await expect(shown(html)).toMatchFileSnapshot('lines.html.txt');
  expect(csv(html)).toBe(
    [
      '"series","tau (s)","deviation"',
      ...['"measured",1,2', '"measured",10,', '"measured",100,6', '"measured",1000,4'],
      ...['"the model",1,1', '"the model",1000,5', '"floor",1,0.5', '"floor",1000,0.25', ''],
    ].join('\r\n'),
  );
});

test('dots around zero, with intervals, on a scale that is linear near it', async () => {
  const figure = dotsFigure({
    id: 'dots',
    title: 'Claims',
    caption: ['Relative to the rate measured.'],
    axis: 'difference (ppb)',
    format: (value) => String(value),
    linear: 1,
    dots: [
      { label: 'the kernel', value: 0.25, text: '+0.25', style: 0 },
      { label: 'CPUID', value: -4000, text: '-4,000', style: 1, interval: [-5000, -3000] },
      { label: 'unknown', value: Number.NaN, text: '-', style: 2 },
    ],
  });
  await expect(shown(figureHtml(figure))).toMatchFileSnapshot('dots.html.txt');
  expect(csv(figureHtml(figure))).toBe(
    '"name","difference (ppb)","low","high"\r\n"the kernel",0.25,"",""\r\n"CPUID",-4000,-5000,-3000\r\n',
  );
});

test('events in time: strokes, a block of many, a busy span, a band and the grid', async () => {
  const figure = stripFigure({
    id: 'strip',
    title: 'Interrupts',
    caption: [],
    axis: 'time (ms)',
    domain: [-2, 8],
    ticks: [0, 4, 8, 12].map((at) => ({ at, text: String(at) })),
    grid: [0.4, 1.4],
    band: { from: -2, to: 0, label: 'stopped' },
    rows: [
      {
        label: 'catch-up',
        note: 'deaf',
        style: 1,
        events: [-5, 1, 6, 6.01, 6.02],
        busy: [{ from: 0, to: 3, label: 'catching up' }],
      },
      { label: 'measured', note: 'this host', style: -1, events: [2.4] },
    ],
    describe: (at) => `at ${at}`,
  });
  await expect(shown(figureHtml(figure))).toMatchFileSnapshot('strip.html.txt');
});

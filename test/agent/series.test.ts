import { expect, test } from 'vitest';
import { scaled } from '../../src/agent/browser/ends.ts';
import { markTexts } from '../../src/agent/browser/marks.ts';
import {
  addPoint,
  breakAtSteps,
  dropBefore,
  joinRuns,
  moved,
  type PairSeries,
  rates,
  withoutSteps,
} from '../../src/agent/browser/series.ts';
import { ratio, time } from '../../src/digits.ts';

const run = (at: number[], meanNs: number[]) => ({
  run: 1,
  clock: 'realtime',
  reference: 'monotonic_raw',
  independent: true,
  independentReason: '',
  at,
  count: at.map(() => 1),
  meanNs,
  minNs: meanNs,
  maxNs: meanNs,
  rateRatio: at.map(() => null),
});
const times = (from: number, count: number, step = 10): number[] =>
  Array.from({ length: count }, (_, i) => from + i * step);
const line = (at: number[], ratio: number): number[] => at.map((t) => (t - (at[0] ?? 0)) * ratio * 1e9);

test('a steady rate is read back everywhere but at the ends', () => {
  const at = times(0, 100);
  const [pair] = joinRuns({ series: [run(at, line(at, 2e-6))], stepNs: 10e9 });
  const found = rates(pair ?? { at: [], mean: [], rate: [] });
  for (const value of found.slice(5, -5)) expect(value).toBeCloseTo(2e-6, 12);
});

test('two runs are not joined: no rate, and nothing moved, between them', () => {
  const [a, b] = [times(0, 50), times(500, 50)];
  const [pair] = joinRuns({ series: [run(a, line(a, 1e-6)), run(b, line(b, 1e-6))], stepNs: 10e9 });
  if (pair === undefined) throw new Error('no pair');
  expect(pair.mean.filter((value) => value === null)).toHaveLength(1);
  for (const value of rates(pair)) if (value !== null) expect(value).toBeCloseTo(1e-6, 12);
  expect(moved(pair)).toBeCloseTo(2 * 490 * 1e3, 3);
  expect([...pair.at].sort((x, y) => x - y)).toEqual(pair.at);
});

test('times never go back, also where a clock was set back', () => {
  const [pair] = joinRuns({
    series: [run(times(100, 5), [1, 2, 3, 4, 5]), run(times(90, 8), [1, 2, 3, 4, 5, 6, 7, 8])],
    stepNs: 10e9,
  });
  const at = pair?.at ?? [];
  for (let i = 1; i < at.length; i++) expect(at[i]).toBeGreaterThan(at[i - 1] ?? 0);
});

test('a missing stretch breaks the line; a range that moves on forgets', () => {
  const [pair] = joinRuns({ series: [run(times(0, 5), [0, 0, 0, 0, 0])], stepNs: 10e9 });
  if (pair === undefined) throw new Error('no pair');
  addPoint(pair, 50, [1, 1, 1], 10);
  addPoint(pair, 200, [2, 2, 2], 10);
  expect(pair.mean).toEqual([0, 0, 0, 0, 0, 1, null, 2]);
  dropBefore(pair, 45);
  expect([pair.at[0], pair.mean.length, pair.min.length, pair.max.length]).toEqual([50, 3, 3, 3]);
});

test('over long steps the rate is what the agent found within them, but for a step that was cut short', () => {
  const at = times(0, 10, 3600);
  const series = {
    ...run(at, line(at, 1e-6)),
    rateRatio: at.map((_, i) => i * 1e-6),
    count: at.map((_, i) => (i === 9 ? 20 : 360)),
  };
  const [pair] = joinRuns({ series: [series], stepNs: 3600e9 });
  const found = rates(pair ?? { at: [], mean: [], rate: [] });
  expect(found.slice(0, 9)).toEqual(series.rateRatio.slice(0, 9));
  expect(found[9]).toBeNull();
});

const joined = (series: Parameters<typeof joinRuns>[0]['series'], stepNs = 10e9): PairSeries => {
  const [pair] = joinRuns({ series, stepNs });
  if (pair === undefined) throw new Error('no pair');
  return pair;
};
const stepAt = (seconds: number, kind = 'step', clock: string | null = 'realtime') => ({
  at: new Date(seconds * 1000).toISOString(),
  kind,
  clock,
  detail: '',
});

test('a step is a break: it is in no rate and in no drift, and the offset is kept', () => {
  const at = times(0, 60);
  const values = line(at, 1e-6).map((ns, i) => ns + (i < 30 ? 0 : 2e9));
  const pair = joined([run(at, values)]);
  breakAtSteps(pair, [stepAt(300)], 10);
  expect(pair.mean.indexOf(null)).toBe(30);
  expect(pair.mean.at(-1)).toBe(values.at(-1));
  for (const value of rates(pair)) if (value !== null) expect(value).toBeCloseTo(1e-6, 12);
  expect(moved(pair)).toBeCloseTo(580 * 1e3, 3);
  const level = withoutSteps(pair).mean.filter((value) => value !== null);
  expect(level.at(-1)).toBeCloseTo(580 * 1e3, 3);
});

test('a suspend breaks after the sample before it, and the step of another clock breaks nothing', () => {
  const pair = joined([run(times(0, 5), [0, 0, 0, 9, 9])]);
  breakAtSteps(pair, [stepAt(20, 'suspend', null), stepAt(10, 'step', 'monotonic')], 10);
  expect(pair.mean).toEqual([0, 0, 0, null, 9, 9]);
});

test('a point that holds samples of both sides is a gap itself', () => {
  const long = { ...run(times(0, 3, 60), [0, 1e9, 2e9]), count: [6, 6, 6], rateRatio: [0, 0.03, 0] };
  const pair = joined([long], 60e9);
  breakAtSteps(pair, [stepAt(90)], 60);
  expect(pair.mean).toEqual([0, null, 2e9]);
  expect(rates(pair)[1]).toBeNull();
});

test('marks of an axis share a unit, and have the digits that tell neighbours apart', () => {
  expect(markTexts([2.875e3, 2.9e3, 2.925e3], time)).toEqual(['2.875 µs', '2.900 µs', '2.925 µs']);
  expect(markTexts([2e9, 2e9 + 20], time)).toEqual(['2.00000000 s', '2.00000002 s']);
  expect(markTexts([-1e-9, 0, 1e-9], ratio)).toEqual(['−1 ppb', '0 ppb', '1 ppb']);
});

test('zooming keeps the moment under the pointer where it is, within a tenth of a second and ten years', () => {
  const next = scaled({ from: 0, to: 100 }, 25, 0.5);
  expect(next).toEqual({ from: 12.5, to: 62.5 });
  expect(scaled({ from: 0, to: 0.1 }, 0.05, 0.5)).toEqual({ from: 0, to: 0.1 });
});

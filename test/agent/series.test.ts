import { expect, test } from 'vitest';
import { addPoint, dropBefore, joinRuns, moved, rates } from '../../src/agent/browser/series.ts';

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
  const [pair] = joinRuns({ series: [run(at, line(at, 2e-6))], stepNs: 10e9 }, 10);
  const found = rates(pair ?? { at: [], mean: [], rate: [] });
  for (const value of found.slice(5, -5)) expect(value).toBeCloseTo(2e-6, 12);
});

test('two runs are not joined: no rate, and nothing moved, between them', () => {
  const [a, b] = [times(0, 50), times(500, 50)];
  const [pair] = joinRuns({ series: [run(a, line(a, 1e-6)), run(b, line(b, 1e-6))], stepNs: 10e9 }, 10);
  if (pair === undefined) throw new Error('no pair');
  expect(pair.mean.filter((value) => value === null)).toHaveLength(1);
  for (const value of rates(pair)) if (value !== null) expect(value).toBeCloseTo(1e-6, 12);
  expect(moved(pair)).toBeCloseTo(2 * 490 * 1e3, 3);
  expect([...pair.at].sort((x, y) => x - y)).toEqual(pair.at);
});

test('times never go back, also where a clock was set back', () => {
  const [pair] = joinRuns(
    {
      series: [run(times(100, 5), [1, 2, 3, 4, 5]), run(times(90, 8), [1, 2, 3, 4, 5, 6, 7, 8])],
      stepNs: 10e9,
    },
    10,
  );
  const at = pair?.at ?? [];
  for (let i = 1; i < at.length; i++) expect(at[i]).toBeGreaterThan(at[i - 1] ?? 0);
});

test('a missing stretch breaks the line; a range that moves on forgets', () => {
  const [pair] = joinRuns({ series: [run(times(0, 5), [0, 0, 0, 0, 0])], stepNs: 10e9 }, 10);
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
  const [pair] = joinRuns({ series: [series], stepNs: 3600e9 }, 10);
  const found = rates(pair ?? { at: [], mean: [], rate: [] });
  expect(found.slice(0, 9)).toEqual(series.rateRatio.slice(0, 9));
  expect(found[9]).toBeNull();
});

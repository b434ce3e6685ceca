import { expect, test } from 'vitest';
import { readSentence } from '../../src/report/kinds/record-read.ts';
import { frequencyOf, withoutDrift, withoutOutliers } from '../../src/stability/preparation.ts';
import { frequencySeries, phaseSeries } from '../../src/stability/series.ts';
import { white } from './records.ts';

test('a drift goes out of frequency and out of phase, and is told per second', () => {
  const frequency = Float64Array.from({ length: 101 }, (_, i) => 1e-9 + 3e-15 * i * 10);
  const fromFrequency = withoutDrift(frequency, 'frequency', 10);
  expect(fromFrequency.step.driftPerSecond / 3e-15).toBeCloseTo(1, 9);
  for (const value of fromFrequency.values) expect(value).toBeCloseTo(1e-9 + 3e-15 * 500, 20);
  const phase = Float64Array.from({ length: 101 }, (_, i) => (3e-15 * (i * 10) ** 2) / 2);
  const fromPhase = withoutDrift(phase, 'phase', 10);
  expect(fromPhase.step.driftPerSecond / 3e-15).toBeCloseTo(1, 9);
  const left = frequencyOf(fromPhase.values, 10);
  for (const value of left) expect(Math.abs(value - (left[0] as number))).toBeLessThan(1e-20);
});

test('outliers beyond five sigma become gaps, and those just inside stay', () => {
  const values = white(1000, 777_777_777);
  values[100] = 50;
  values[200] = -7;
  values[300] = 3.5;
  const { values: cleaned, step } = withoutOutliers(values, 5);
  expect([cleaned[100], cleaned[200], cleaned[300]]).toEqual([Number.NaN, Number.NaN, 3.5]);
  expect(step.removed).toBe(2);
  expect(step.limitRatio).toBeGreaterThan(4.5);
  expect(step.limitRatio).toBeLessThan(5.5);
  expect(values[100]).toBe(50);
});

test('where more than half of the values are the same the spread is their standard deviation', () => {
  const values = Float64Array.from({ length: 100 }, (_, i) => (i === 7 ? 10 : 2));
  // Of 99 twos and a ten: 0.8.
  const { values: left, step } = withoutOutliers(values, 9);
  expect(left[7]).toBeNaN();
  expect(step).toEqual({ step: 'outliers', sigmas: 9, removed: 1, limitRatio: 0 });
  expect(withoutOutliers(values, 10.1).step).toMatchObject({
    removed: 0,
    limitRatio: expect.closeTo(8.08, 2),
  });
});

test('a value at the limit stays, one beyond goes', () => {
  // Median 0, median absolute deviation 1: sigma is 1 / 0.6745.
  const limit = 3 / 0.674489750196082;
  const of = (far: number) => withoutOutliers(Float64Array.of(-1, 1, 0, -1, 1, 0, -far, far), 3).step.removed;
  expect([of(limit - 1e-9), of(limit + 1e-9)]).toEqual([0, 2]);
});

test('a drift with gaps is the slope of what is known; none is left of a record of one value', () => {
  const frequency = Float64Array.of(0, Number.NaN, 4e-9, 6e-9, Number.NaN);
  const { values, step } = withoutDrift(frequency, 'frequency', 2);
  expect(step.driftPerSecond).toBeCloseTo(1e-9, 20);
  expect([...values]).toEqual([
    expect.closeTo(4e-9, 18),
    Number.NaN,
    expect.closeTo(4e-9, 18),
    expect.closeTo(4e-9, 18),
    Number.NaN,
  ]);
  expect(withoutDrift(Float64Array.of(3), 'frequency', 1)).toEqual({
    values: Float64Array.of(3),
    step: { step: 'drift', driftPerSecond: 0 },
  });
  expect([...frequencyOf(Float64Array.of(), 1)]).toEqual([]);
});

test('a record of which nothing is known has no points', () => {
  for (const nothing of [[], [Number.NaN], [Number.NaN, Number.NaN]]) {
    for (const series of [
      frequencySeries(Float64Array.from(nothing), 2),
      phaseSeries(Float64Array.from(nothing), 2),
    ])
      expect(series).toEqual({ tau0: 2, phase: new Float64Array(), slope: 0, known: null });
  }
  expect(frequencySeries(Float64Array.of(3), 2)).toEqual({
    tau0: 2,
    phase: Float64Array.of(0, 0),
    slope: 6,
    known: null,
  });
});

test('the steps are said', () => {
  const read = {
    format: 'columns of numbers',
    columns: 1,
    column: 1,
    timeColumn: null,
    unit: 's',
    nominalHz: null,
    spacing: { tau0: 1, source: 'given', times: null },
    lines: 9,
    readings: 9,
    gaps: { marked: 0, zeros: 0, absent: 0 },
    wraps: null,
    skipped: [],
  } as const;
  const steps = [
    { step: 'outliers', sigmas: 5, removed: 1, limitRatio: 1e-9 },
    { step: 'drift', driftPerSecond: 1e-12 / 86_400 },
  ] as const;
  expect(readSentence('a.txt', { read, data: 'phase', gaps: 2, steps })).toBe(
    'a.txt: columns of numbers; 9 readings of phase in s; one each 1 s, as given; 2 gaps; ' +
      '1 frequency outlier beyond 5 sigma made gaps; a drift of +0.00100 ppb a day taken out.',
  );
});

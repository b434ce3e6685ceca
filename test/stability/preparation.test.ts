import { expect, test } from 'vitest';
import { readText } from '../../src/report/kinds/record-read.ts';
import { frequencyOf, withoutDrift, withoutOutliers } from '../../src/stability/preparation.ts';
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
  expect(readText('a.txt', { read, data: 'phase', gaps: 2, steps })).toBe(
    'a.txt: columns of numbers; 9 readings of phase in s; one each 1 s, as given; 2 gaps; ' +
      '1 frequency outlier beyond 5 sigma made gaps; a drift of +0.00100 ppb a day taken out.',
  );
});

import { expect, test } from 'vitest';
import { analyseStability } from '../../src/stability/analyse.ts';
import { dynamicStability } from '../../src/stability/dynamic.ts';
import { identifyNoises } from '../../src/stability/noise.ts';
import { frequencySeries, phaseSeries } from '../../src/stability/series.ts';
import { white } from './records.ts';

const frequency = white(1000).map((y, i) => (i < 500 ? y : 4 * y));
const series = frequencySeries(frequency, 2);

test('windows slide evenly from the first reading to the last, and show where the noise grew', () => {
  const windows = dynamicStability(series, 'oadev', 101, 10, identifyNoises(series), 0.95);
  expect(windows.map(({ at }) => at)).toEqual([100, 300, 500, 700, 900, 1100, 1300, 1500, 1700, 1900]);
  const values = windows.map(({ points }) => points[0]?.statistics.get('oadev')?.value as number);
  for (const value of values.slice(0, 4)) expect(value).toBeLessThan(1.4);
  for (const value of values.slice(6)) expect(value).toBeGreaterThan(3);
});

test('a window is what its part of the record is alone, and its noise that of the whole record', () => {
  const [first] = dynamicStability(series, 'oadev', 200, 5, null, 0.95);
  const [alone] = analyseStability(phaseSeries(series.phase.slice(0, 200), 2), {
    estimators: ['oadev'],
    taus: 'octave',
    confidence: 0.95,
  });
  expect(first?.points[0]?.statistics.get('oadev')?.value).toBe(alone?.statistics.get('oadev')?.value);
  expect(first?.points[0]?.alpha).toBeNull();
  const [known] = dynamicStability(series, 'oadev', 200, 5, [[-2, 1]], 0.95);
  expect(known?.points[0]?.alpha).toBe(-2);
});

test('gaps of a frequency record stay where they are', () => {
  const holed = frequencySeries(
    frequency.map((y, i) => (i === 700 ? Number.NaN : y)),
    2,
  );
  const windows = dynamicStability(holed, 'oadev', 101, 10, null, 0.95);
  expect(windows.map(({ points }) => points[0]?.statistics.get('oadev')?.n)).toEqual([
    99, 99, 99, 99, 99, 99, 99, 98, 99, 99,
  ]);
});

test('one window where it fills the record, none where it does not fit', () => {
  expect(dynamicStability(series, 'oadev', 1001, 10, null, 0.95)).toHaveLength(1);
  expect(dynamicStability(series, 'oadev', 1002, 10, null, 0.95)).toEqual([]);
  expect(dynamicStability(series, 'oadev', 1000, 10, null, 0.95)).toHaveLength(2);
});

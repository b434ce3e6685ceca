import { expect, test } from 'vitest';
import { identifyNoise, NOISE_NAMES } from '../../src/stability/noise.ts';
import { frequencySeries, phaseSeries } from '../../src/stability/series.ts';
import { powerLaw } from './records.ts';

const alphas = [2, 1, 0, -1, -2, -3];

test.each(alphas)('noise with alpha = %i is identified', (alpha) => {
  const frequency = frequencySeries(powerLaw(alpha, 4096), 1);
  expect(identifyNoise(frequency, 1), NOISE_NAMES[alpha]).toBe(alpha);
});

// White and flicker PM turn into one another under decimation; the noises of frequency do not.
test.each([0, -1, -2])('noise with alpha = %i is identified at longer averaging times', (alpha) => {
  const frequency = frequencySeries(powerLaw(alpha, 8192, 7), 1);
  for (const m of [2, 8, 32])
    expect(Math.abs((identifyNoise(frequency, m) ?? 9) - alpha)).toBeLessThanOrEqual(m > 8 ? 1 : 0);
});

test('an offset, a frequency and a drift hide no noise', () => {
  const phase = powerLaw(0, 2000).map((value, i) => value + 1e5 + 300 * i + 0.5 * i * i);
  expect(identifyNoise(phaseSeries(phase, 1), 1)).toBe(2);
});

test('too little to tell is null, and so is a record that does not vary', () => {
  expect(identifyNoise(phaseSeries(powerLaw(0, 29), 1), 1)).toBeNull();
  expect(identifyNoise(phaseSeries(powerLaw(0, 100), 1), 4)).toBeNull();
  expect(identifyNoise(phaseSeries(new Float64Array(100), 1), 1)).toBeNull();
});

test('gaps are skipped', () => {
  const frequency = powerLaw(-1, 4096).map((value, i) => (i % 10 === 3 ? Number.NaN : value));
  expect(identifyNoise(frequencySeries(frequency, 1), 4)).toBe(-1);
});

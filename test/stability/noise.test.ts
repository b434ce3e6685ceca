import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { analyseStability } from '../../src/stability/analyse.ts';
import { dominant, identifyNoises, LEAST_POINTS, mixtureAt } from '../../src/stability/noise.ts';
import { ALPHAS, NOISE_NAMES } from '../../src/stability/power-law.ts';
import { frequencySeries, phaseSeries, type Series } from '../../src/stability/series.ts';
import { phaseNoise, powerLaw, uniform } from './records.ts';

const alphaAt = (series: Series, m: number) => dominant(mixtureAt(identifyNoises(series) ?? [], m, false));
const missing = (values: Float64Array, share: number) => {
  const luck = uniform(values.length, 77);
  return values.map((value, i) => ((luck[i] as number) < share ? Number.NaN : value));
};
const steps = (phase: Float64Array) =>
  Float64Array.from({ length: phase.length - 1 }, (_, i) => (phase[i + 1] as number) - (phase[i] as number));

test.each([...ALPHAS])('noise with alpha = %i is known up to the longest averaging time', (alpha) => {
  const series = phaseSeries(phaseNoise(alpha, 1024, 5), 1);
  for (const m of [4, 32, 340]) expect(alphaAt(series, m), NOISE_NAMES[alpha]).toBe(alpha);
});

test.each([...ALPHAS])('noise with alpha = %i is known with a third of the phase missing', (alpha) => {
  const series = phaseSeries(missing(phaseNoise(alpha, 1024, 5), 0.3), 1);
  for (const m of [4, 32, 340]) expect(alphaAt(series, m), NOISE_NAMES[alpha]).toBe(alpha);
});

test.each([0, -1, -2, -3, -4])('frequency noise with alpha = %i is known with a third missing', (alpha) => {
  const series = frequencySeries(missing(steps(phaseNoise(alpha, 1024, 5)), 0.3), 1);
  for (const m of [4, 32]) expect(alphaAt(series, m), NOISE_NAMES[alpha]).toBe(alpha);
});

test('two noises are found where each is the strongest', () => {
  const walk = phaseNoise(-2, 4096, 8);
  const series = phaseSeries(
    phaseNoise(2, 4096, 4).map((value, i) => value + 0.002 * (walk[i] as number)),
    1,
  );
  expect(alphaAt(series, 1)).toBe(2);
  expect(alphaAt(series, 512)).toBe(-2);
  const shares = mixtureAt(identifyNoises(series) ?? [], 16, false);
  expect(shares.reduce((sum, [, share]) => sum + share, 0)).toBeCloseTo(1, 12);
});

test('how strong a noise is: of white PM its variance, of white FM half of that of a step', () => {
  const strengths = (series: Series) => identifyNoises(series);
  const only = (alpha: number, strength: number) => [[alpha, expect.closeTo(strength, 1)]];
  for (const size of [1, 2]) {
    const phase = (alpha: number) => phaseNoise(alpha, 4096, 11).map((x) => size * x);
    const scale = size ** 2;
    for (const [alpha, strength] of [
      [2, 1],
      [0, 0.5],
    ] as const) {
      const whole = strengths(phaseSeries(phase(alpha), 1))?.map(([a, one]) => [a, one / scale]);
      expect(whole).toEqual(only(alpha, strength));
      const holed = strengths(phaseSeries(missing(phase(alpha), 0.3), 1))?.map(([a, one]) => [
        a,
        one / scale,
      ]);
      expect(holed).toEqual(only(alpha, strength));
    }
    const frequency = frequencySeries(missing(steps(phase(0)), 0.3), 1);
    expect(strengths(frequency)?.map(([a, one]) => [a, one / scale])).toEqual(only(0, 0.5));
  }
  // Phases are in seconds: a longer tau0 changes nothing of them, and frequencies by its square.
  expect(strengths(phaseSeries(phaseNoise(0, 4096, 11), 10))).toEqual(
    strengths(phaseSeries(phaseNoise(0, 4096, 11), 1)),
  );
  const [[, ofTen = 0] = []] = strengths(frequencySeries(steps(phaseNoise(0, 4096, 11)), 10)) ?? [];
  const [[, ofOne = 1] = []] = strengths(frequencySeries(steps(phaseNoise(0, 4096, 11)), 1)) ?? [];
  expect(ofTen / ofOne).toBeCloseTo(100, 6);
});

test('shares follow from the strengths and the averaging time', () => {
  // Third differences over m: 20 of white PM, and 12 m of unit white FM.
  for (const m of [1, 16, 256]) {
    const [pm, fm] = [20 * 100, 12 * m * 0.5];
    expect(
      mixtureAt(
        [
          [2, 100],
          [0, 0.5],
        ],
        m,
        false,
      ),
    ).toEqual([
      [2, expect.closeTo(pm / (pm + fm), 12)],
      [0, expect.closeTo(fm / (pm + fm), 12)],
    ]);
  }
});

test('the noise that a point names is that of its terms before anything is averaged', () => {
  // At m = 10: 80 of white PM beside 60 of white FM; averaged over ten neighbours 8 beside some 40.
  const model = [
    [2, 4],
    [0, 0.5],
  ] as const;
  const options = { estimators: ['mdev'], taus: [10], confidence: 0.95 } as const;
  const [point] = analyseStability(phaseSeries(phaseNoise(0, 200), 1), options, quietControl, model);
  expect(point?.alpha).toBe(2);
  expect(dominant(mixtureAt(model, 10, true))).toBe(0);
});

test('an offset, a frequency and a drift hide no noise', () => {
  const phase = powerLaw(0, 2000).map((value, i) => value + 1e5 + 300 * i + 0.5 * i * i);
  expect(alphaAt(phaseSeries(phase, 1), 1)).toBe(2);
});

test('too little to tell is null, and so is a record that does not vary', () => {
  expect(LEAST_POINTS).toBe(30);
  expect(identifyNoises(phaseSeries(powerLaw(0, 29), 1))).toBeNull();
  expect(identifyNoises(phaseSeries(powerLaw(0, 30), 1))).not.toBeNull();
  expect(identifyNoises(frequencySeries(powerLaw(0, 28), 1))).toBeNull();
  expect(identifyNoises(frequencySeries(powerLaw(0, 29), 1))).not.toBeNull();
  expect(identifyNoises(phaseSeries(new Float64Array(100), 1))).toBeNull();
  const holes = powerLaw(0, 31).map((value, i) => (i === 3 || i === 9 ? Number.NaN : value));
  expect(identifyNoises(phaseSeries(holes, 1))).toBeNull();
});

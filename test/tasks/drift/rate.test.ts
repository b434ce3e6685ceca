import { expect, test } from 'vitest';
import { brokenPromises, coverageOf } from '../../../scripts/coverage-figures.mjs';
import { fittedRate, known, lineRate } from '../../../src/tasks/drift/rate.ts';
import { seeded } from '../../tsc/scripted-host.ts';

const INTERVAL_NS = 1e8;
const POINTS = 60;

/** As a Zen is read: of two windows, the clock 5 ns earlier in the wider one, which is taken for a while at a time. */
function twoWays(seed: number) {
  const random = seeded(seed);
  const phase = new Float64Array(POINTS);
  const bounds = new Float64Array(POINTS);
  let wide = random() < 0.5;
  for (let i = 0; i < POINTS; i++) {
    if (random() < 0.1) wide = !wide;
    phase[i] = random() + (wide ? -5 : 0);
    bounds[i] = wide ? 25 : 20;
  }
  return { phase, bounds };
}

test('two ways of reading that are taken by turns tilt no line, and the error holds', () => {
  const rates = Array.from({ length: 400 }, (_, seed) => {
    const { phase, bounds } = twoWays(seed + 1);
    return {
      ...fittedRate(known(phase, INTERVAL_NS, bounds)),
      plain: lineRate(known(phase, INTERVAL_NS)).rateRatio,
    };
  });
  const z = rates.map(({ rateRatio, rateStandardError }) => (rateRatio ?? 0) / (rateStandardError ?? 0));
  expect(brokenPromises(coverageOf(z))).toEqual([]);
  const rms = (values: readonly number[]) =>
    Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
  expect(rms(rates.map(({ rateRatio }) => rateRatio ?? 0))).toBeLessThan(
    rms(rates.map(({ plain }) => plain ?? 0)) / 4,
  );
});

test('a window length counts from 8 points on; where none does, it is one line through all', () => {
  const { phase } = twoWays(1);
  const of = (most: number) => {
    const bounds = Float64Array.from({ length: 2 * most }, (_, i) => i % 2);
    const first = phase.slice(0, 2 * most);
    return [fittedRate(known(first, INTERVAL_NS, bounds)), lineRate(known(first, INTERVAL_NS))] as const;
  };
  const [seven, line] = of(7);
  expect(seven).toEqual(line);
  const [eight, other] = of(8);
  expect(eight.rateRatio).not.toBe(other.rateRatio);
});

test('where fewer than half of the points have a common window length it is one line through all', () => {
  const { phase } = twoWays(3);
  const isLine = (common: number) => {
    const bounds = Float64Array.from({ length: POINTS }, (_, i) => (i < common ? 0 : i));
    const points = known(phase, INTERVAL_NS, bounds);
    return fittedRate(points).rateRatio === lineRate(points).rateRatio;
  };
  expect([isLine(29), isLine(30)]).toEqual([true, false]);
});

test('missing points and points without a bound are left out', () => {
  const { phase, bounds } = twoWays(2);
  const some = phase.map((value, i) => (i % 5 === 0 ? Number.NaN : value));
  const found = fittedRate(known(some, INTERVAL_NS, bounds));
  expect(found.rateStandardError).toBeGreaterThan(0);
  expect(fittedRate(known(new Float64Array(3).fill(Number.NaN), INTERVAL_NS, new Float64Array(3)))).toEqual({
    rateRatio: null,
    rateStandardError: null,
  });
});

test('neighbours that resemble one another widen the error', () => {
  const z = Array.from({ length: 200 }, (_, seed) => {
    const random = seeded(seed + 1);
    let phaseNs = 0;
    const phase = Float64Array.from({ length: POINTS }, () => {
      phaseNs = 0.5 * phaseNs + random() - 0.5;
      return phaseNs;
    });
    const found = fittedRate(known(phase, INTERVAL_NS, new Float64Array(POINTS).fill(20)));
    return (found.rateRatio ?? 0) / (found.rateStandardError ?? 0);
  });
  // 1.7 without that.
  expect(coverageOf(z).rms).toBeLessThan(1.3);
});

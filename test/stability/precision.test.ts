import { expect, test } from 'vitest';
import { ESTIMATOR_NAMES, ESTIMATORS, type EstimatorName } from '../../src/stability/estimators.ts';
import { identifyNoises } from '../../src/stability/noise.ts';
import { frequencySeries, phaseSeries, type Series } from '../../src/stability/series.ts';
import { white } from './records.ts';

const POINTS = 1_000_000;
const noise = white(POINTS);
/** Their terms are looked at one by one: a tenth of the points do. */
const spans = ['mtotdev', 'htotdev', 'theo1', 'pdev'] as const;
const invariant = ESTIMATOR_NAMES.filter(
  (name) => !['mtie', 'tierms', 'ttotdev', 'theobr', 'theoh', ...spans].includes(name),
);

function expectSame(
  moved: Series,
  still: Series,
  names: readonly EstimatorName[],
  tolerance: number,
  factors: readonly number[] = [1, 100, 100_000],
) {
  for (const name of names) {
    const [found, wanted] = [ESTIMATORS[name].prepare(moved), ESTIMATORS[name].prepare(still)];
    for (const m of factors) {
      const ratio = found(m).value / wanted(m).value;
      expect(Math.abs(ratio - 1), `${name} at m = ${m}`).toBeLessThan(tolerance);
    }
  }
}

test('a million frequencies of 1e-6 keep noise of 1e-12', () => {
  const small = noise.map((value) => value * 1e-12);
  // 1e-6 + 1e-12 holds its last 1e-22: a part in 1e10 of the noise.
  const offset = frequencySeries(
    small.map((value) => value + 1e-6),
    1,
  );
  expectSame(offset, frequencySeries(small, 1), invariant, 1e-7);
  expect(identifyNoises(offset)?.map(([alpha]) => alpha)).toEqual([0]);
});

test('a million frequencies in Hz around 10 MHz keep noise of a millihertz', () => {
  const small = noise.map((value) => value * 1e-3);
  expectSame(
    frequencySeries(
      small.map((value) => value + 1e7),
      1,
    ),
    frequencySeries(small, 1),
    invariant,
    1e-5,
  );
});

test('a million phase points on a slope of 1e-6 keep white phase noise of 1e-12', () => {
  const small = noise.map((value) => value * 1e-12);
  // The points reach 1 s, where a double's step is 2e-16.
  const sloped = phaseSeries(
    small.map((value, i) => value + 1e-6 * i),
    1,
  );
  expectSame(sloped, phaseSeries(small, 1), invariant, 1e-4);
  expect(identifyNoises(sloped)?.map(([alpha]) => alpha)).toEqual([2]);
});

test.each(spans)('%s: a slope of 1e-6 costs white phase noise of 1e-12 no digits', (name) => {
  const small = noise.slice(0, 10_000).map((value) => value * 1e-12);
  const sloped = phaseSeries(
    small.map((value, i) => value + 1e-6 * i),
    1,
  );
  expectSame(sloped, phaseSeries(small, 1), [name], 1e-4, [10, 300]);
});

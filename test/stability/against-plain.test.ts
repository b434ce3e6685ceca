import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adev, hdev, oadev, ohdev } from '../../src/stability/deviations.ts';
import { mdev, tdev } from '../../src/stability/modified.ts';
import { frequencySeries, phaseSeries } from '../../src/stability/series.ts';
import {
  HADAMARD_TOTAL,
  MODIFIED_TOTAL,
  PARABOLIC,
  spanDeviation,
  THEO1,
} from '../../src/stability/spans.ts';
import { mtieOf, tierms } from '../../src/stability/time-interval.ts';
import { totdev } from '../../src/stability/total.ts';
import * as plain from './plain.ts';

// Numbers whose sums and differences are exact, so that only the formulas can differ.
const value = fc.integer({ min: -1000, max: 1000 });
const orGap = fc.oneof({ weight: 8, arbitrary: value }, { weight: 1, arbitrary: fc.constant(Number.NaN) });
const factor = fc.integer({ min: 1, max: 12 });
const framed = (inner: fc.Arbitrary<number>) =>
  fc.tuple(value, fc.array(inner, { minLength: 1, maxLength: 60 }), value).map(([a, b, c]) => [a, ...b, c]);

const same = (found: number, wanted: number) => {
  if (Number.isNaN(wanted)) expect(found).toBeNaN();
  else expect(Math.abs(found - wanted)).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(wanted)));
};

const fromFrequency = [
  ['adev', adev, (y: number[], m: number) => plain.plainAdev(y, m, m)],
  ['oadev', oadev, (y: number[], m: number) => plain.plainAdev(y, m, 1)],
  ['hdev', hdev, (y: number[], m: number) => plain.plainHdev(y, m, m)],
  ['ohdev', ohdev, (y: number[], m: number) => plain.plainHdev(y, m, 1)],
  ['mdev', mdev, plain.plainMdev],
  ['tdev', tdev, (y: number[], m: number) => (plain.plainMdev(y, m) * m) / Math.sqrt(3)],
  ['totdev', totdev, (y: number[], m: number) => (m > y.length ? Number.NaN : plain.plainTotdev(y, m))],
] as const;

test.each(fromFrequency)('%s agrees with its definition, with and without gaps', (_, fast, slow) => {
  fc.assert(
    fc.property(framed(orGap), factor, (y, m) => {
      same(fast(frequencySeries(Float64Array.from(y), 1), m).value, slow(y, m));
    }),
  );
});

test.each(fromFrequency)('%s is the same from phase as from frequency', (_, fast) => {
  fc.assert(
    fc.property(framed(value), factor, (y, m) => {
      const x = Float64Array.from(plain.integrated(y));
      const [fromPhase, from] = [
        fast(phaseSeries(x, 1), m),
        fast(frequencySeries(Float64Array.from(y), 1), m),
      ];
      same(fromPhase.value, from.value);
      expect(fromPhase.n).toBe(from.n);
    }),
  );
});

test('MTIE and TIE agree with their definitions, with and without gaps', () => {
  fc.assert(
    fc.property(framed(orGap), factor, (x, m) => {
      fc.pre(m < x.length);
      const series = phaseSeries(Float64Array.from(x), 1);
      same(mtieOf(series)(m).value, plain.plainMtie(x, m));
      same(tierms(series, m).value, plain.plainTierms(x, m));
    }),
  );
});

test('one pass of MTIE over many averaging times gives what each gives alone', () => {
  fc.assert(
    fc.property(framed(orGap), fc.uniqueArray(fc.integer({ min: 1, max: 70 })), (x, factors) => {
      const series = phaseSeries(Float64Array.from(x), 1);
      const next = mtieOf(series);
      for (const m of factors.sort((a, b) => a - b)) expect(next(m)).toEqual(mtieOf(series)(m));
    }),
  );
});

test('a step of frequency data that is missing breaks the windows of MTIE that hold it, and no others', () => {
  const y = [1, 1, Number.NaN, 1, -1, 1, 1];
  const { value: found, n } = mtieOf(frequencySeries(Float64Array.from(y), 1))(2);
  expect(found).toBeCloseTo(2, 9);
  expect(n).toBe(4);
});

test.each([
  ['modified total', MODIFIED_TOTAL, plain.plainMtotdev, fc.integer({ min: 1, max: 9 })],
  ['Theo1', THEO1, plain.plainTheo1, fc.constantFrom(10, 12, 20)],
  ['parabolic', PARABOLIC, plain.plainPdev, fc.integer({ min: 2, max: 12 })],
] as const)('%s deviation agrees with its definition, with and without gaps', (_, span, slow, factor) => {
  fc.assert(
    fc.property(framed(orGap), factor, (x, m) => {
      same(spanDeviation(phaseSeries(Float64Array.from(x), 1), span, m).value, slow(x, m));
    }),
  );
});

test('Hadamard total deviation agrees with its definition, with and without gaps', () => {
  fc.assert(
    fc.property(framed(orGap), fc.integer({ min: 1, max: 9 }), (y, m) => {
      same(
        spanDeviation(frequencySeries(Float64Array.from(y), 1), HADAMARD_TOTAL, m).value,
        plain.plainHtotdev(y, m),
      );
    }),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ESTIMATOR_NAMES, ESTIMATORS, type EstimatorName } from '../../src/stability/estimators.ts';
import { frequencySeries, phaseSeries } from '../../src/stability/series.ts';

const record = fc.array(fc.double({ min: -1, max: 1, noNaN: true, noDefaultInfinity: true }), {
  minLength: 8,
  maxLength: 80,
});
// Theo1 begins at 10.
const factor = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constantFrom(10, 12));
const of = (name: EstimatorName, x: readonly number[], m: number, tau0 = 1) =>
  ESTIMATORS[name].prepare(phaseSeries(Float64Array.from(x), tau0))(m);

const close = (found: number, wanted: number, scale: number) => {
  if (Number.isNaN(wanted)) expect(found).toBeNaN();
  else expect(Math.abs(found - wanted)).toBeLessThanOrEqual(1e-12 * scale);
};

// The ratio in TheoBR is of squares, which the smallest numbers do not have.
test.each(ESTIMATOR_NAMES.filter((name) => name !== 'theobr' && name !== 'theoh'))(
  '%s grows with the record',
  (name) => {
    fc.assert(
      fc.property(record, factor, fc.integer({ min: -20, max: 20 }), (x, m, power) => {
        const scale = 2 ** power;
        const scaled = of(
          name,
          x.map((value) => -value * scale),
          m,
        );
        close(scaled.value / scale, of(name, x, m).value, 100);
      }),
    );
  },
);

// Without overlap, the differences start at the other end and are others, unless they fill the record.
// PDEV leaves out its last span.
test.each(ESTIMATOR_NAMES.filter((name) => !['pdev', 'theobr', 'theoh'].includes(name)))(
  '%s is the same backwards',
  (name) => {
    fc.assert(
      fc.property(record, factor, (x, m) => {
        const whole = x.slice(0, x.length - ((x.length - 1) % m));
        close(of(name, whole.toReversed(), m).value, of(name, whole, m).value, 100);
      }),
    );
  },
);

const ofTime: readonly EstimatorName[] = ['tdev', 'ttotdev', 'mtie', 'tierms'];
test.each(ESTIMATOR_NAMES.filter((name) => name !== 'theobr' && name !== 'theoh'))(
  '%s: a longer tau0 lowers what is a frequency, and leaves what is a time',
  (name) => {
    fc.assert(
      fc.property(record, factor, (x, m) => {
        const factorOfTau = ofTime.includes(name) ? 1 : 8;
        close(of(name, x, m, 8).value * factorOfTau, of(name, x, m).value, 100);
      }),
    );
  },
);

// TheoBR is Theo1 times a ratio that a record without noise does not have.
const blindToOffset = ESTIMATOR_NAMES.filter((name) => !['mtie', 'tierms', 'theobr', 'theoh'].includes(name));
test.each(blindToOffset)('%s does not see a constant frequency', (name) => {
  fc.assert(
    fc.property(record, factor, fc.double({ min: -1, max: 1, noNaN: true }), (x, m, frequency) => {
      const moved = x.map((value, i) => value + 5 + frequency * i);
      close(of(name, moved, m).value, of(name, x, m).value, 1000);
    }),
  );
});

test.each(['hdev', 'ohdev', 'htotdev'] as const)('%s does not see a linear drift', (name) => {
  fc.assert(
    fc.property(record, factor, fc.double({ min: -1, max: 1, noNaN: true }), (x, m, drift) => {
      const moved = x.map((value, i) => value + drift * i * i);
      close(of(name, moved, m).value, of(name, x, m).value, 10_000);
    }),
  );
});

test('a pure frequency offset has no Allan deviation, a linear drift no Hadamard deviation', () => {
  const offset = new Float64Array(1000).fill(1e-6);
  const drift = offset.map((_, i) => 1e-9 * i);
  for (const m of [1, 10, 100]) {
    for (const name of blindToOffset) {
      if (name === 'theo1' && m === 1) continue;
      expect(ESTIMATORS[name].prepare(frequencySeries(offset, 1))(m).value).toBeLessThan(1e-18);
    }
    for (const name of ['hdev', 'ohdev'] as const) {
      expect(ESTIMATORS[name].prepare(frequencySeries(drift, 1))(m).value).toBeLessThan(1e-17);
    }
    // The Allan deviation of a drift D is D tau / sqrt 2.
    const allan = ESTIMATORS.oadev.prepare(frequencySeries(drift, 1))(m).value;
    expect(allan / ((1e-9 * m) / Math.SQRT2)).toBeCloseTo(1, 9);
  }
});

test('MTIE of a constant frequency is that frequency times tau', () => {
  const found = ESTIMATORS.mtie.prepare(frequencySeries(new Float64Array(1000).fill(1e-6), 0.5))(100);
  expect(found.value).toBeCloseTo(1e-6 * 50, 15);
  expect(found.n).toBe(901);
});

test('counts are those of the field', () => {
  const x = Array.from({ length: 101 }, (_, i) => i);
  const counts = Object.fromEntries(ESTIMATOR_NAMES.map((name) => [name, of(name, x, 7).n]));
  expect(counts).toEqual({
    adev: 13,
    oadev: 101 - 14,
    mdev: 101 - 21 + 1,
    tdev: 101 - 21 + 1,
    hdev: 12,
    ohdev: 101 - 21,
    totdev: 99,
    mtotdev: 101 - 21 + 1,
    ttotdev: 101 - 21 + 1,
    htotdev: 101 - 21,
    // 7 is odd.
    theo1: 0,
    theobr: 0,
    theoh: 101 - 14,
    pdev: 101 - 14,
    mtie: 94,
    tierms: 94,
  });
});

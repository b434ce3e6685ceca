import fc from 'fast-check';
import { expect, test } from 'vitest';
import { folded } from '../../src/circle.ts';
import { modulo, phaseOf } from '../../src/kvm/grid.ts';

const PERIOD = 1_000_000;
const phase = fc.integer({ min: 0, max: PERIOD - 1 });

test('the phase of events at one place of the period is that place, with no error', () => {
  fc.assert(
    fc.property(
      phase,
      fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 50 }),
      (at, turns) => {
        const { meanNs, errorNs, count } = phaseOf(
          turns.map((turn) => turn * PERIOD + at),
          PERIOD,
        );
        expect(Math.abs(folded(meanNs - at, PERIOD))).toBeLessThan(0.01);
        expect(errorNs).toBeLessThan(10);
        expect(count).toBe(turns.length);
      },
    ),
  );
});

test('events moved by some time have a phase moved by that time, across the seam too', () => {
  fc.assert(
    fc.property(
      phase,
      fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 5, maxLength: 50 }),
      (by, lateness) => {
        const before = phaseOf(lateness, PERIOD);
        const after = phaseOf(
          lateness.map((late) => late + by),
          PERIOD,
        );
        expect(Math.abs(folded(after.meanNs - before.meanNs - by, PERIOD))).toBeLessThan(1);
      },
    ),
  );
});

test('the standard error is that of a mean for narrow lateness', () => {
  // 1..100 us: standard deviation 28.9 us, so 2.89 us for a hundred.
  const { errorNs } = phaseOf(
    Array.from({ length: 100 }, (_, i) => i * 1000),
    PERIOD,
  );
  expect(errorNs).toBeGreaterThan(2_800);
  expect(errorNs).toBeLessThan(3_000);
});

test('modulo and folded stay within their range', () => {
  fc.assert(
    fc.property(fc.integer(), (ns) => {
      expect(modulo(ns, PERIOD)).toBeGreaterThanOrEqual(0);
      expect(modulo(ns, PERIOD)).toBeLessThan(PERIOD);
      expect(Math.abs(folded(ns, PERIOD))).toBeLessThanOrEqual(PERIOD / 2);
    }),
  );
});

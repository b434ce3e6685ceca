import fc from 'fast-check';
import { expect, test } from 'vitest';
import { slopeOf } from '../../../src/tasks/timer/slope.ts';

const x = Float64Array.from({ length: 4000 }, (_, i) => i * 1e6);

/** Repeatable noise in [0, 1). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('a line comes out as it went in', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e-3, max: 1e-3, noNaN: true }), (slope) => {
      const found = slopeOf(
        x,
        x.map((at) => 17 + slope * at),
        0.5,
      );
      expect(found?.slope).toBeCloseTo(slope, 15);
    }),
    { numRuns: 20 },
  );
});

test('readings that were delayed, often and by much, do not tilt it where they only lower a value', () => {
  const next = random(1);
  const y = x.map((at) => -4e-7 * at - (next() < 0.6 ? 10 + next() * 500 : next()));
  const found = slopeOf(x, y, 0.95);
  expect(Math.abs((found?.slope ?? 0) + 4e-7)).toBeLessThan(5 * (found?.standardError ?? 0) + 1e-12);
  expect(found?.standardError).toBeLessThan(1e-10);
});

test('the standard error covers what the noise does to the slope', () => {
  const errors = Array.from({ length: 40 }, (_, seed) => {
    const next = random(seed + 7);
    const found = slopeOf(
      x,
      x.map(() => next() + next() - next() - next()),
      0.5,
    );
    return (found?.slope ?? 0) / (found?.standardError ?? 1);
  });
  const rms = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
  expect(rms).toBeGreaterThan(0.6);
  expect(rms).toBeLessThan(1.6);
});

test('too few points have no slope', () => {
  expect(slopeOf(x.subarray(0, 7), x.subarray(0, 7), 0.5)).toBeNull();
});

test('where neighbouring values move together, the error says so', () => {
  const next = random(5);
  let within = 0;
  const runs = 200;
  for (let run = 0; run < runs; run++) {
    let wander = 0;
    const x = Float64Array.from({ length: 3000 }, (_, i) => i * 1e6);
    // An AR(1) process with a memory of 500 values: several stretches long.
    const y = x.map(() => {
      wander = wander * (1 - 1 / 500) + (next() - 0.5);
      return wander;
    });
    const { slope, standardError } = slopeOf(x, y, 0.5) ?? { slope: Number.NaN, standardError: 0 };
    if (Math.abs(slope) < 3 * standardError) within++;
  }
  // Without the correction it is 60 % of the runs.
  expect(within / runs).toBeGreaterThan(0.9);
});

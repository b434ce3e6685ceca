import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { latticeSlope } from '../../../src/tasks/timer/lattice-slope.ts';
import { quantileSlope } from '../../../src/tasks/timer/slope.ts';

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
      const found = quantileSlope(
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
  const found = quantileSlope(x, y, 0.95);
  expect(Math.abs((found?.slope ?? 0) + 4e-7)).toBeLessThan(5 * (found?.standardError ?? 0) + 1e-12);
  expect(found?.standardError).toBeLessThan(1e-10);
});

test('the standard error covers what the noise does to the slope', () => {
  const errors = Array.from({ length: 40 }, (_, seed) => {
    const next = random(seed + 7);
    const found = quantileSlope(
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
  expect(quantileSlope(x.subarray(0, 7), x.subarray(0, 7), 0.5)).toBeNull();
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
    const { slope, standardError } = quantileSlope(x, y, 0.5) ?? { slope: Number.NaN, standardError: 0 };
    if (Math.abs(slope) < 3 * standardError) within++;
  }
  // Without the correction it is 60 % of the runs.
  expect(within / runs).toBeGreaterThan(0.9);
});

describe('on the lattice of the counter', () => {
  const STEP = 10.015;
  const RATE = -4.4865e-7;

  /** What `timer --policy independent` sees on a Zen 4: a line cut to ns, less delays of whole steps that come in spells. */
  function ticks(seed: number, count = 1000, step = STEP): { x: Float64Array; y: Float64Array } {
    const next = random(seed);
    let usual = 0;
    const x = Float64Array.from({ length: count }, (_, i) => i * 1e6 + next() * 1e5);
    const y = x.map((at) => {
      if (next() < 0.02) usual = Math.floor(next() * 5);
      const steps = usual + (next() < 0.3 ? 1 : 0) + (next() < 0.02 ? 30 : 0);
      return 300 + RATE * at + next() - steps * step;
    });
    return { x, y };
  }

  const rms = (values: readonly number[]) =>
    Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  const fitted = (seed: number) => {
    const { x, y } = ticks(seed);
    return latticeSlope(x, y, STEP, 0) ?? { slope: Number.NaN, standardError: Number.NaN };
  };

  test('delays of whole steps do not count, and the standard error keeps its promise', () => {
    const fits = Array.from({ length: 60 }, (_, seed) => fitted(seed + 11));
    const z = fits.map(({ slope, standardError }) => (slope - RATE) / standardError);
    expect(rms(z)).toBeGreaterThan(0.8);
    expect(rms(z)).toBeLessThan(1.2);
    // 0.03 ns over the second: white noise of a nanosecond's width, a thousand times.
    for (const { standardError } of fits) expect(standardError).toBeLessThan(6e-11);
  });

  test('a slope that is wrong by less than half a step from tick to tick is near enough to begin with', () => {
    const { x, y } = ticks(3);
    const half = STEP / 2 / 1e6;
    const found = latticeSlope(x, y, STEP, RATE)?.slope as number;
    expect(latticeSlope(x, y, STEP, RATE + 0.9 * half)?.slope).toBeCloseTo(found, 13);
    expect(latticeSlope(x, y, STEP, RATE + 1.1 * half)?.slope).not.toBeCloseTo(found, 7);
  });

  /** Every place in its nanosecond is as frequent as any other; every second reading was delayed by a step. */
  const even = (count: number, step: number, width = 1) => ({
    x: Float64Array.from({ length: count }, (_, i) => i * 1e6),
    y: Float64Array.from({ length: count }, (_, i) => width * ((i * 0.618034) % 1) - step * (i % 2)),
  });

  test.each([
    [5, 64, true],
    [4.9, 64, false],
    [10, 32, true],
    [10, 31, false],
  ])('steps of %d ns, %d values: a lattice is seen: %s', (step, count, isSeen) => {
    const { x, y } = even(count, step);
    expect(latticeSlope(x, y, step, 0) !== null).toBe(isSeen);
  });

  // sin(pi w) / (pi w) for values spread over a share w of a step: 0.90 at 0.25.
  test.each([
    [2.4, true],
    [2.6, false],
  ])('values spread over %d ns of a step of 10 ns agree on a phase: %s', (width, agree) => {
    const { x, y } = even(1000, 10, width);
    expect(latticeSlope(x, y, 10, 0) !== null).toBe(agree);
  });

  test('a value beyond three quarters of a nanosecond from its line is no value of this line', () => {
    const x = Float64Array.from({ length: 320 }, (_, i) => i * 1e6);
    const at = (ns: number) => x.map((_, i) => (i >= 310 ? ns : i % 2 ? 0.1 : -0.1));
    expect(latticeSlope(x, at(0.7), STEP, 0)?.slope).toBeGreaterThan(1e-10);
    expect(Math.abs(latticeSlope(x, at(0.9), STEP, 0)?.slope ?? 1)).toBeLessThan(1e-11);
  });
});

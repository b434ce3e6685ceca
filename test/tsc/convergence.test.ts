import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { calibrate } from '../../src/tsc/calibrate.ts';
import { convergenceOf } from '../../src/tsc/convergence.ts';
import { bracketsOf } from './made-brackets.ts';
import { scriptedHost } from './scripted-host.ts';

const RATE = 2.596_120_121_583;
const run = (seed: number, durationNs = 1e9) =>
  calibrate({ durationNs, clock: 'monotonic_raw' }, scriptedHost([], {}, seed), quietControl);

/** Offsets from the truth: the scripted host's rate is no kernel's. */
const pointsOf = ({ brackets, result }: ReturnType<typeof run>) => {
  const offset = result.tscHz / (RATE * 1e9) - 1;
  return convergenceOf(brackets, { ...result, kernel: null }).map((point) => ({
    ...point,
    offsetRatio: point.offsetRatio + offset,
  }));
};

test('the last moment is the whole run', () => {
  const { result, brackets } = run(1);
  const last = convergenceOf(brackets, { ...result, kernel: null }).at(-1);
  expect(last).toMatchObject({
    elapsedNs: result.durationNs,
    offsetRatio: 0,
    standardErrorRatio: result.standardErrorRatio,
  });
  expect(last?.boundRatio).toBeCloseTo((result.tscHzHigh - result.tscHzLow) / 2 / result.tscHz, 15);
});

test('at every moment the truth is within the bounds known by then, and they only tighten', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
      const points = pointsOf(run(seed, 2e8));
      expect(points.length).toBeGreaterThan(8);
      for (const [i, { elapsedNs, offsetRatio, boundRatio }] of points.entries()) {
        // The rate that is given need not be the middle of its interval.
        expect(Math.abs(offsetRatio)).toBeLessThanOrEqual(2 * boundRatio);
        const before = points[i - 1];
        if (before === undefined) continue;
        expect(elapsedNs).toBeGreaterThan(before.elapsedNs);
        // The same bound is a ratio of another estimate of the rate each time.
        expect(boundRatio).toBeLessThanOrEqual(before.boundRatio * (1 + 1e-6));
      }
    }),
    { numRuns: 5 },
  );
});

test('a hundred times the time leaves a small part of the error', () => {
  const points = pointsOf(run(3));
  const early = points.find(({ elapsedNs }) => elapsedNs > 5e6);
  expect(points.at(-1)?.standardErrorRatio).toBeLessThan((early?.standardErrorRatio ?? 0) / 20);
});

test('too few brackets for a rate are no moment', () => {
  const { result } = run(1, 1e6);
  expect(convergenceOf(bracketsOf([]), result)).toEqual([]);
  expect(convergenceOf(bracketsOf([{ before: 0, ns: 5, after: 50 }]), result)).toEqual([]);
});

import { describe, expect, test } from 'vitest';
import { brokenPromises, coverageOf } from '../../scripts/coverage-figures.mjs';
import { quietControl } from '../../src/clock/control.ts';
import { calibrate } from '../../src/tsc/calibrate.ts';
import type { CalibrateResult } from '../../src/tsc/result.ts';
import { AMD, INTEL, MULT, modelledHost, SHIFT, TRUE_HZ } from './modelled-host.ts';
import { seeded } from './scripted-host.ts';

const MS = 1e6;

/** Calibrations of a modelled host, whose true rate is known to all digits. */
function calibrations(processor: typeof INTEL, durationNs: number, runs: number): CalibrateResult[] {
  return Array.from(
    { length: runs },
    (_, seed) =>
      calibrate({ clock: 'monotonic_raw', durationNs }, modelledHost(processor, seed + 1), quietControl)
        .result,
  );
}

const errorOf = ({ tscHz }: CalibrateResult): number => tscHz / TRUE_HZ - 1;
const zOf = (result: CalibrateResult): number => errorOf(result) / result.standardErrorRatio;
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

describe.each([
  ['steps of 2 ticks, as on Intel', INTEL],
  ['steps of 26 ticks, as on AMD', AMD],
] as const)('%s', (_, processor) => {
  test.each([
    [1 * MS, 30],
    [10 * MS, 30],
    [100 * MS, 30],
    [300 * MS, 30],
    [1000 * MS, 12],
  ])('the standard error of %d ns keeps its promise', (durationNs, runs) => {
    const results = calibrations(processor, durationNs, runs);
    expect(brokenPromises(coverageOf(results.map(zOf)))).toEqual([]);
    expect(results.map(({ estimator }) => estimator)).toEqual(results.map(() => 'lattice'));
    // Least squares leaves about 0.2 ns over the run; edges of the lattice leave a hundredth of that.
    expect(median(results.map((each) => Math.abs(errorOf(each)))) * durationNs).toBeLessThan(0.001);
    for (const result of results) {
      expect(result.tscHzLow).toBeLessThanOrEqual(TRUE_HZ);
      expect(result.tscHzHigh).toBeGreaterThanOrEqual(TRUE_HZ);
      expect(result.kernel).toMatchObject(
        durationNs < 100 * MS ? {} : { mult: Number(MULT), shift: Number(SHIFT) },
      );
    }
  });
});

describe('the check itself', () => {
  const normal = seeded(3);
  const z = Array.from(
    { length: 200 },
    () => Math.sqrt(-2 * Math.log(1 - normal())) * Math.cos(2 * Math.PI * normal()),
  );

  test('passes what is as it should be', () => expect(brokenPromises(coverageOf(z))).toEqual([]));

  test('fails a standard error halved', () =>
    expect(brokenPromises(coverageOf(z.map((each) => each * 2)))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^rms z/), expect.stringMatching(/within two$/)]),
    ));

  test('fails a bias of two standard errors', () =>
    expect(brokenPromises(coverageOf(z.map((each) => each + 2)))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^mean z/)]),
    ));

  test('fails a standard error twice as wide as it need be', () =>
    expect(brokenPromises(coverageOf(z.map((each) => each / 2)))).toEqual([expect.stringMatching(/^rms z/)]));

  test('fails a single one far out', () =>
    expect(brokenPromises(coverageOf([...z, 5.1]))).toEqual(['one at 5.1']));
});

import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { analyseStability } from '../../src/stability/analyse.ts';
import type { EstimatorName } from '../../src/stability/estimators.ts';
import { frequencySeries, phaseSeries, type Series } from '../../src/stability/series.ts';
import { phaseNoise, seedOf, uniform } from './records.ts';

// The short form of scripts/bench/stability-coverage.mjs, with a fixed seed.
const RECORDS = 60;
const POINTS = 256;
const FACTORS = [1, 4, 16, 64];
const ESTIMATORS = [
  'adev',
  'oadev',
  'mdev',
  'hdev',
  'ohdev',
  'totdev',
  'theo1',
  'pdev',
] as const satisfies readonly EstimatorName[];

const holes = (values: Float64Array, seed: number) => {
  const luck = uniform(values.length, seedOf(seed + 5000));
  return values.map((value, i) => ((luck[i] as number) < 0.3 ? Number.NaN : value));
};
const block = (values: Float64Array) => values.map((value, i) => (i > 64 && i < 160 ? Number.NaN : value));
const steps = (phase: Float64Array) =>
  Float64Array.from({ length: phase.length - 1 }, (_, i) => (phase[i + 1] as number) - (phase[i] as number));

const patterns: ReadonlyArray<readonly [string, (phase: Float64Array, seed: number) => Series]> = [
  ['whole', (phase) => phaseSeries(phase, 1)],
  ['with a third of the phase missing', (phase, seed) => phaseSeries(holes(phase, seed), 1)],
  ['with a third of the frequencies missing', (phase, seed) => frequencySeries(holes(steps(phase), seed), 1)],
  ['with a block of frequencies missing', (phase) => frequencySeries(block(steps(phase)), 1)],
];
const analyse = (series: Series) =>
  analyseStability(series, { estimators: ESTIMATORS, taus: FACTORS, confidence: 0.95 }, quietControl);

const NOISES = [2, 1, 0, -1, -2].map((alpha) => {
  const records = Array.from({ length: RECORDS }, (_, k) => phaseNoise(alpha, POINTS, seedOf(k)));
  /** The mean square over the whole records, by estimator and m. */
  const truth = new Map<string, number>();
  for (const { m, statistics } of records.flatMap((record) => analyse(phaseSeries(record, 1)))) {
    for (const [name, { value }] of statistics)
      truth.set(`${name} ${m}`, (truth.get(`${name} ${m}`) ?? 0) + (value ?? 0) ** 2 / RECORDS);
  }
  return { alpha, records, truth };
});

test.each(patterns)(
  '19 of 20 intervals hold the truth, and no gap biases: %s',
  (_, seriesOf) => {
    let [held, all] = [0, 0];
    for (const { alpha, records, truth } of NOISES) {
      const cells = new Map<string, { inside: number; count: number; squares: number; edf: number }>();
      for (const [seed, record] of records.entries()) {
        for (const { m, statistics } of analyse(seriesOf(record, seed + 1))) {
          for (const [name, { value, low, high, edf }] of statistics) {
            if (value === null || low === null || high === null) continue;
            const key = `${name} ${m}`;
            const square = truth.get(key) as number;
            const cell = cells.get(key) ?? { inside: 0, count: 0, squares: 0, edf: 0 };
            cell.count += 1;
            cell.squares += value ** 2 / square;
            cell.edf += edf ?? 0;
            if (low ** 2 <= square && square <= high ** 2) cell.inside += 1;
            cells.set(key, cell);
          }
        }
      }
      for (const [key, { inside, count, squares, edf }] of cells) {
        if (count < RECORDS / 2) continue;
        held += inside;
        all += count;
        expect(inside / count, `alpha ${alpha}, ${key}`).toBeGreaterThan(0.82);
        // Four times what chance does to the mean of so many.
        const luck = 4 * Math.sqrt(2 / edf);
        expect(Math.abs(squares / count - 1), `alpha ${alpha}, ${key}`).toBeLessThan(0.04 + luck);
      }
    }
    expect(held / all).toBeGreaterThan(0.935);
    expect(held / all).toBeLessThan(0.985);
  },
  120_000,
);

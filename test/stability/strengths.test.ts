import { expect, test } from 'vitest';
import { analyseStability, deviationInterval } from '../../src/stability/analyse.ts';
import { identifyNoises } from '../../src/stability/noise.ts';
import { phaseSeries } from '../../src/stability/series.ts';
import { trueVariance } from '../../src/stability/strengths.ts';
import { phaseNoise, seedOf } from './records.ts';

const RECORDS = 200;

/** How often the 95 % interval of OADEV at m = 256 of 1024 points holds the truth: white PM and some white FM. */
function held(whiteFm: number): number {
  const found = Array.from({ length: RECORDS }, (_, k) => {
    const other = phaseNoise(0, 1024, seedOf(2 * k + 1));
    const phase = phaseNoise(2, 1024, seedOf(2 * k)).map((x, i) => x + whiteFm * (other[i] as number));
    const options = { estimators: ['oadev'], taus: [256], confidence: 0.95 } as const;
    const [point] = analyseStability(phaseSeries(phase, 1), options);
    return point?.statistics.get('oadev') ?? { low: null, high: null };
  });
  const square = 3 / 256 ** 2 + whiteFm ** 2 / 256;
  const inside = found.filter(({ low, high }) => (low ?? 9) ** 2 <= square && square <= (high ?? 0) ** 2);
  return inside.length / RECORDS;
}

test('19 of 20 intervals hold the truth, whether a second noise hides at the end of the record or not', () => {
  for (const whiteFm of [0, 0.1]) {
    expect(held(whiteFm), `white FM ${whiteFm}`).toBeGreaterThan(0.92);
    expect(held(whiteFm), `white FM ${whiteFm}`).toBeLessThan(0.995);
  }
}, 60_000);

test('each end is the truth that gives so extreme a value: what it has beyond the flatter noises is of the steep one', () => {
  // Hardly any spread but that of two squares, an exponential: V = floor + f, and what is found floor + f Exp(1).
  const [flat, steep] = [
    { edf: 1e7, weights: null },
    { edf: 2, weights: null },
  ];
  for (const [p, floor] of [
    [0.025, 0.9],
    [0.025, 0.5],
    [0.975, 0.5],
  ] as const) {
    const exact = floor + (1 - floor) / -Math.log(1 - p);
    expect(trueVariance(p, { flat, steep, floor }) / exact, `${p}, ${floor}`).toBeCloseTo(1, 1);
  }
});

test('a truth below what the flatter noises give is made of them alone', () => {
  const [flat, steep] = [
    { edf: 30, weights: null },
    { edf: 3, weights: null },
  ];
  const { low, high } = deviationInterval(1, 30, 0.95);
  for (const floor of [high ** 2, Number.POSITIVE_INFINITY, Number.NaN, 0]) {
    expect(trueVariance(0.025, { flat, steep, floor })).toBeCloseTo(high ** 2, 12);
    expect(trueVariance(0.975, { flat, steep, floor })).toBeCloseTo(low ** 2, 12);
  }
  expect(trueVariance(0.025, { flat, steep, floor: 0.9 * high ** 2 })).toBeGreaterThan(high ** 2);
});

test('in random walk FM alone an interval is that of the noise itself', () => {
  const series = phaseSeries(phaseNoise(-2, 1024, 5), 1);
  expect(identifyNoises(series)?.map(([alpha]) => alpha)).toEqual([-2]);
  const [point] = analyseStability(series, { estimators: ['oadev'], taus: [16], confidence: 0.95 });
  const { value, low, high, edf } = point?.statistics.get('oadev') ?? {};
  expect({ low, high }).toEqual(deviationInterval(value ?? 0, edf ?? 0, 0.95));
});

test('the truth lies beyond what was found on both sides, wherever the floor is, down to the last digit', () => {
  for (const edf of [2, 30, 674.8989441930619])
    for (let floor = 0.01; floor < 1.2; floor += 0.0137) {
      const strengths = { flat: { edf, weights: null }, floor, steep: { edf: edf * 1.3, weights: null } };
      expect(trueVariance(0.025, strengths), `${edf}, ${floor}`).toBeGreaterThan(1);
      expect(trueVariance(0.975, strengths), `${edf}, ${floor}`).toBeLessThan(1);
    }
});

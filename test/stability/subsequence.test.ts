import { expect, test } from 'vitest';
import { analyseStability } from '../../src/stability/analyse.ts';
import { hasGaps, spanEdf } from '../../src/stability/effective-terms.ts';
import { phaseSeries } from '../../src/stability/series.ts';
import { THEO1 } from '../../src/stability/spans.ts';
import {
  hadamardTotalBias,
  hadamardTotalExpectation,
  modifiedTotalBias,
  modifiedTotalExpectation,
} from '../../src/stability/subsequence-bias.ts';
import { theobrEdf } from '../../src/stability/theo.ts';
import { phaseNoise, white } from './records.ts';

const record = phaseSeries(phaseNoise(0, 1024, 77), 1);
const options = { taus: [1, 2, 3, 10], confidence: 0.95 } as const;

test('the published biases of total variances are their expectations, from the averaging times on that they are of', () => {
  for (const alpha of [2, 1, 0, -1, -2]) {
    for (const m of [4, 5, 8, 64]) {
      const ratio = modifiedTotalExpectation(m, [[alpha, 1]]) / modifiedTotalBias(record, m, [[alpha, 1]]);
      expect(Math.abs(ratio - 1), `modified, alpha ${alpha}, m ${m}`).toBeLessThan(0.075);
    }
    expect(modifiedTotalExpectation(1, [[alpha, 1]])).toBeCloseTo(0.5, 12);
  }
  for (const alpha of [0, -1, -2, -3, -4]) {
    for (const m of [2, 4, 8, 64]) {
      const ratio = hadamardTotalExpectation(m, [[alpha, 1]]) / hadamardTotalBias(record, m, [[alpha, 1]]);
      expect(Math.abs(ratio - 1), `Hadamard, alpha ${alpha}, m ${m}`).toBeLessThan(0.03);
    }
  }
  expect(hadamardTotalBias(record, 1, [[0, 1]])).toBe(1);
});

test('a mixture has the mean of the biases of its noises', () => {
  expect(
    modifiedTotalBias(record, 8, [
      [2, 0.25],
      [0, 0.75],
    ]),
  ).toBeCloseTo(0.25 * 0.94 + 0.75 * 0.73, 12);
});

test('at m = 1 the modified total deviation has no interval, and says where there is one', () => {
  const [point] = analyseStability(record, { ...options, estimators: ['mtotdev', 'ttotdev', 'mdev'] });
  for (const name of ['mtotdev', 'ttotdev'] as const) {
    expect(point?.statistics.get(name)).toMatchObject({
      low: null,
      high: null,
      edf: null,
      reason:
        'no interval at m = 1: its published correction does not hold there, and mdev looks at the same',
    });
  }
  expect(point?.statistics.get('mdev')?.low).not.toBeNull();
});

test('an interval holds around the published correction and around the expectation', () => {
  const [, two] = analyseStability(record, { ...options, estimators: ['mtotdev'] });
  const { value = 0, low = 0, high = 0, bias = 0 } = two?.statistics.get('mtotdev') ?? {};
  const shift = Math.sqrt((bias as number) / modifiedTotalExpectation(2, [[0, 1]]));
  expect(shift).toBeLessThan(0.96);
  expect((low as number) / (value as number)).toBeLessThan(shift * 0.96);
  expect((high as number) / (value as number)).toBeGreaterThan(1.03);
});

test('one term alone is worth what its own squares are, however long it is', () => {
  const points = 257;
  const rows = new Float64Array(128);
  const columns = Array.from({ length: points }, (_, k) => {
    const unit = new Float64Array(points);
    unit[k] = 1;
    THEO1.write(unit, 0, 256, rows);
    return Float64Array.from(rows);
  });
  let [trace, squares] = [0, 0];
  for (const [a, left] of columns.entries())
    for (const [b, right] of columns.entries()) {
      let sum = 0;
      for (const [r, value] of left.entries()) sum += value * (right[r] as number);
      if (a === b) trace += sum;
      squares += sum ** 2;
    }
  // White PM: the form alone. Longer records leave one such term where gaps take the others.
  const gapped = phaseSeries(
    white(1024).map((x, i) => (i > 256 && i < 768 ? Number.NaN : x)),
    1,
  );
  expect(hasGaps(gapped)).toBe(true);
  const found = spanEdf(gapped, THEO1, [[2, 1]], 256) ?? Number.NaN;
  expect(found / (trace ** 2 / squares)).toBeGreaterThan(0.8);
  expect(found / (trace ** 2 / squares)).toBeLessThan(1.1);
});

test("TheoBR's own bias adds to the inverse of Theo1's degrees of freedom, the more the longer; in white PM it costs a sixth", () => {
  const whole = (points: number) => phaseSeries(white(points), 1);
  const added = (alpha: number, m: number, points: number) =>
    1 / (theobrEdf(whole(points), m, [[alpha, 1]]) as number) -
    1 / (spanEdf(whole(points), THEO1, [[alpha, 1]], m) as number);
  expect([1, 0, -1, -2].map((alpha) => added(alpha, 128, 1024))).toEqual(
    [0.0108 + 0.022 / 8, 0.038 + 0.09 / 8, 0.037 + 0.05 / 8, 0.033 + 0.1 / 8].map((value) =>
      expect.closeTo(value, 9),
    ),
  );
  const theo1 = spanEdf(whole(1024), THEO1, [[2, 1]], 128) as number;
  expect(theo1 / (theobrEdf(whole(1024), 128, [[2, 1]]) as number)).toBeCloseTo(1.2, 9);
});

test('TheoBR and the part of TheoH that is one have no value in a record with gaps, and say why', () => {
  const gapped = phaseSeries(
    phaseNoise(0, 1024, 77).map((x, i) => (i === 500 ? Number.NaN : x)),
    1,
  );
  const options = { estimators: ['theo1', 'theobr', 'theoh'], taus: [20, 200], confidence: 0.95 } as const;
  const [short, long] = analyseStability(gapped, options).map(({ statistics }) =>
    (['theo1', 'theobr', 'theoh'] as const).map((name) => statistics.get(name)?.reason),
  );
  const reason = 'with gaps its bias cannot be taken out; theo1 has a value where a term is whole';
  expect(short).toEqual([null, reason, null]);
  expect(long).toEqual([null, reason, reason]);
});

test.each([
  [2, 376.5],
  [1, 186.1],
])(
  'long Theo1 terms of phase noise beside a gap have the degrees of freedom of all their pairs (alpha = %i)',
  (alpha, exact) => {
    // From the eigenvalues of the whole quadratic form, computed once.
    const gapped = phaseSeries(
      white(1024).map((x, i) => (i > 256 && i < 768 ? Number.NaN : x)),
      1,
    );
    expect(Math.abs((spanEdf(gapped, THEO1, [[alpha, 1]], 128) ?? 0) / exact - 1)).toBeLessThan(0.05);
  },
);

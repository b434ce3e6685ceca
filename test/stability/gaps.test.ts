import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { analyseStability } from '../../src/stability/analyse.ts';
import { edfOf, spanEdf } from '../../src/stability/effective-terms.ts';
import { ESTIMATOR_NAMES, ESTIMATORS } from '../../src/stability/estimators.ts';
import { differences, frequencySeries, phaseSeries, type Series } from '../../src/stability/series.ts';
import { MODIFIED_TOTAL, strideOf } from '../../src/stability/spans.ts';
import { uniform, white } from './records.ts';

const POINTS = 20_000;
const frequency = white(POINTS);
const phase = frequencySeries(frequency, 1).phase;
const dropped = (record: Float64Array, share: number) => {
  const luck = uniform(record.length, 42);
  return record.map((value, i) => ((luck[i] as number) < share ? Number.NaN : value));
};
/** One part in twenty of a record is missing in its midst. */
const withBlock = (record: Float64Array) =>
  record.map((value, i) => (i > 0.4 * record.length && i < 0.45 * record.length ? Number.NaN : value));

const stepwise = ESTIMATOR_NAMES.filter((name) => name !== 'mtie' && name !== 'tierms');
/** A term of these takes its whole span. */
const spans: readonly string[] = ['mtotdev', 'ttotdev', 'htotdev', 'theo1', 'pdev'];
const ratio = (name: (typeof ESTIMATOR_NAMES)[number], a: Series, b: Series, m: number) =>
  ESTIMATORS[name].prepare(a)(m).value / ESTIMATORS[name].prepare(b)(m).value;

test.each(stepwise.filter((name) => !name.startsWith('theo')))(
  '%s is not biased when values are missing at random',
  (name) => {
    // Where a step of frequency is missing the phase breaks, so longer averaging times find no term.
    for (const m of name === 'mdev' || name === 'tdev' || spans.includes(name) ? [1] : [1, 10, 100]) {
      const found = ratio(name, phaseSeries(dropped(phase, 0.1), 1), phaseSeries(phase, 1), m);
      expect(Math.abs(found - 1)).toBeLessThan(0.1);
    }
    for (const m of [1, 2, 4]) {
      const found = ratio(
        name,
        frequencySeries(dropped(frequency, 0.1), 1),
        frequencySeries(frequency, 1),
        m,
      );
      expect(Math.abs(found - 1)).toBeLessThan(0.02);
    }
  },
);

test('TheoBR, whose bias is told from the whole record, has no value with gaps', () => {
  for (const gappy of [phaseSeries(withBlock(phase), 1), frequencySeries(withBlock(frequency), 1)]) {
    expect(ESTIMATORS.theobr.prepare(gappy)(100).n).toBe(0);
    expect(ESTIMATORS.theoh.prepare(gappy)(4000).n).toBe(0);
    expect(ESTIMATORS.theoh.prepare(gappy)(100).n).toBeGreaterThan(10_000);
  }
});

test.each(stepwise.filter((name) => name !== 'theobr'))('%s is about the same with a long gap', (name) => {
  // Each term of a span costs as much as the span is long.
  const length = spans.includes(name) ? 5000 : POINTS;
  const [x, y] = [phase.slice(0, length), frequency.slice(0, length)];
  for (const m of name.startsWith('theo') ? [10, 100] : [1, 10, 100]) {
    const ofPhase = ratio(name, phaseSeries(withBlock(x), 1), phaseSeries(x, 1), m);
    expect(Math.abs(ofPhase - 1)).toBeLessThan(0.1);
    const found = ratio(name, frequencySeries(withBlock(y), 1), frequencySeries(y, 1), m);
    expect(Math.abs(found - 1)).toBeLessThan(0.1);
  }
});

test('a gap leaves out the terms that need it, and n says so', () => {
  const x = Float64Array.from({ length: 100 }, (_, i) => i % 7);
  x[50] = Number.NaN;
  expect(ESTIMATORS.oadev.prepare(phaseSeries(x, 1))(10).n).toBe(80 - 3);
  expect(ESTIMATORS.ohdev.prepare(phaseSeries(x, 1))(10).n).toBe(70 - 4);
  expect(ESTIMATORS.tierms.prepare(phaseSeries(x, 1))(10).n).toBe(90 - 2);
});

test('gaps at the ends are no part of the record', () => {
  const x = Float64Array.from([Number.NaN, Number.NaN, 1, 5, 2, 8, Number.NaN]);
  const inner = phaseSeries(Float64Array.from([1, 5, 2, 8]), 1);
  for (const name of ESTIMATOR_NAMES) {
    expect(ESTIMATORS[name].prepare(phaseSeries(x, 1))(1)).toEqual(ESTIMATORS[name].prepare(inner)(1));
  }
});

test('where the gaps leave nothing, the value is null and the reason says so', () => {
  const x = Float64Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? i : Number.NaN));
  const [first] = analyseStability(
    phaseSeries(x, 1),
    { estimators: ['oadev', 'mtie'], taus: [1], confidence: 0.95 },
    quietControl,
  );
  expect(first?.statistics.get('oadev')).toMatchObject({
    value: null,
    n: 0,
    reason: 'the gaps leave no term',
  });
  expect(first?.statistics.get('mtie')?.value).toBe(0);
});

test('no term reaches across a break, whatever the phase jumped by', () => {
  const values = Array.from({ length: 60 }, (_, i) => Math.sin(i * i));
  const jumped = Float64Array.from(values, (x, i) => (i < 25 ? x : x + 1e6));
  const whole = phaseSeries(Float64Array.from(values), 1, [25]);
  const broken = phaseSeries(jumped, 1, [25]);
  for (const m of [1, 2, 4, 8]) {
    const expected = differences(whole, m, 2);
    const found = differences(broken, m, 2);
    for (const [i, value] of found.entries()) {
      if (i < 25 && i + 2 * m >= 25) expect(value).toBeNaN();
      else expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 8);
    }
  }
});

test('breaks count from the first point given, also where a gap at the start is cut away', () => {
  const { known } = phaseSeries(Float64Array.from([Number.NaN, 0, 1, 5, 6]), 1, [3]);
  expect(known).toEqual(Int32Array.from([0, 1, 1, 2]));
});

test('degrees of freedom with gaps grow with the record, also where only some of its terms are looked at', () => {
  const edf = (points: number, overlapping: boolean, m: number) =>
    edfOf(
      phaseSeries(dropped(white(points), 0.1), 1),
      { order: 2, overlapping, modified: false },
      [[0, 1]],
      m,
    ) ?? Number.NaN;
  for (const [overlapping, m] of [
    [true, 1],
    [true, 8],
    [false, 8],
  ] as const) {
    const growth = edf(16_001, overlapping, m) / edf(2001, overlapping, m);
    expect(growth / 8, `${overlapping}, m ${m}`).toBeGreaterThan(0.85);
    expect(growth / 8, `${overlapping}, m ${m}`).toBeLessThan(1.2);
  }
});

test('spans of which only every second is taken have nearly the degrees of freedom of all', () => {
  // Of a modified total deviation over m = 1000 every term is taken up to 22,222 points.
  const edf = (points: number) =>
    spanEdf(phaseSeries(white(points), 1), MODIFIED_TOTAL, [[0, 1]], 1000) ?? Number.NaN;
  expect(strideOf(MODIFIED_TOTAL, 1000, 40_000)).toBeGreaterThan(1);
  // As many as the record is averaging times long, less the three of a term.
  const [short, long] = [edf(20_000), edf(40_000)];
  expect(long / short / ((40 - 3) / (20 - 3))).toBeGreaterThan(0.95);
  expect(long / short / ((40 - 3) / (20 - 3))).toBeLessThan(1.05);
});

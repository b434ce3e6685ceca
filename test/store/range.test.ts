import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { floorTo, HOUR_NS, MINUTE_NS } from '../../src/store/buckets.ts';
import { queryRange, type RangePoint, wholeStep } from '../../src/store/range.ts';
import { rollUp } from '../../src/store/roll-up.ts';
import { appendSamples, deleteSamplesBefore, type Sample } from '../../src/store/samples.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { addTsc, batchOf, ramp, SECOND, storeWithSeries, T0 } from './fixtures.ts';

const { store, run } = storeWithSeries(join(temporaryFolder(), 'a.db'));
let clocks = 0;
const freshSeries = () => {
  return addTsc(store, run, `clock-${clocks++}`);
};

/** The same summary, straight from the samples. */
function plainly(samples: readonly Sample[], from: bigint, to: bigint, step: bigint): RangePoint[] {
  const points: RangePoint[] = [];
  for (let at = floorTo(from, step); at < to; at += step) {
    const inside = samples.filter(({ atNs }) => atNs >= at && atNs < at + step);
    const [first, last] = [inside[0], inside.at(-1)];
    if (first === undefined || last === undefined) continue;
    const offsets = inside.map(({ offsetNs }) => offsetNs);
    const elapsed = Number(last.atNs - first.atNs);
    points.push({
      atNs: at,
      count: inside.length,
      minNs: Math.min(...offsets),
      maxNs: Math.max(...offsets),
      meanNs: offsets.reduce((a, b) => a + b, 0) / offsets.length,
      rateRatio: elapsed > 0 ? (last.offsetNs - first.offsetNs) / elapsed : null,
      firstAtNs: first.atNs,
      firstNs: first.offsetNs,
    });
  }
  return points;
}

const rounded = (points: readonly RangePoint[]) =>
  points.map((point) => ({
    ...point,
    meanNs: Number(point.meanNs.toPrecision(9)),
    rateRatio: point.rateRatio === null ? null : Number(point.rateRatio.toPrecision(9)),
  }));

const gaps = fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 120 });
const steps = fc.constantFrom(SECOND * 7n, SECOND * 30n, MINUTE_NS, MINUTE_NS * 7n, HOUR_NS, HOUR_NS * 5n);

test('a range is the same from samples and from roll-ups, whenever they were made', () => {
  fc.assert(
    fc.property(
      gaps,
      steps,
      fc.integer({ min: 0, max: 10_000 }),
      fc.nat(120),
      fc.nat(120),
      (seconds, step, start, a, b) => {
        const series = freshSeries();
        let atNs = T0;
        const samples = seconds.map((gap, i) => {
          atNs += BigInt(gap) * SECOND;
          return { atNs, offsetNs: Math.sin(i) * 1e6, windowNs: 20 };
        });
        const from = T0 + BigInt(start) * SECOND;
        const to = atNs - 3n * SECOND;
        const expected = rounded(plainly(samples, from, to, step));
        for (const part of [samples.slice(0, a), samples.slice(a, a + b), samples.slice(a + b)]) {
          appendSamples(store, batchOf(series, part));
          rollUp(store);
        }
        expect(rounded(queryRange(store, series, from, to, step))).toEqual(expected);
      },
    ),
    { numRuns: 60 },
  );
});

test('samples that are not yet rolled up count at once', () => {
  const series = freshSeries();
  appendSamples(store, batchOf(series, ramp(100, SECOND)));
  rollUp(store);
  appendSamples(store, batchOf(series, ramp(100, SECOND, T0 + 100n * SECOND)));
  const total = queryRange(store, series, T0, T0 + HOUR_NS, MINUTE_NS).reduce(
    (sum, { count }) => sum + count,
    0,
  );
  expect(total).toBe(200);
});

test('where only roll-ups are left they stand in for the samples, none twice', () => {
  const series = freshSeries();
  appendSamples(store, batchOf(series, ramp(7200, SECOND)));
  rollUp(store);
  const cut = floorTo(T0, HOUR_NS) + HOUR_NS;
  store.transaction(() => deleteSamplesBefore(store, BigInt(series), cut));
  const counted = (step: bigint) =>
    queryRange(store, series, floorTo(T0, HOUR_NS), T0 + 3n * HOUR_NS, step).reduce(
      (sum, { count }) => sum + count,
      0,
    );
  for (const step of [SECOND * 5n, MINUTE_NS, HOUR_NS]) expect(counted(step)).toBe(7200);
  store.transaction(() => deleteSamplesBefore(store, BigInt(series), 2n ** 62n));
  for (const step of [SECOND * 5n, MINUTE_NS, HOUR_NS]) expect(counted(step)).toBe(7200);
  store.connection.run('DELETE FROM rollup WHERE series = ? AND width = ?', BigInt(series), MINUTE_NS);
  for (const step of [SECOND * 5n, MINUTE_NS, HOUR_NS]) expect(counted(step)).toBe(7200);
});

test('steps from a minute on are whole minutes, and there are not too many', () => {
  expect(wholeStep(59n * SECOND)).toBe(59n * SECOND);
  expect(wholeStep(61n * SECOND)).toBe(2n * MINUTE_NS);
  const series = freshSeries();
  expect(() => queryRange(store, series, T0, T0 + 100_000n * SECOND, SECOND)).toThrow(
    'more than 20000 points',
  );
  expect(() => queryRange(store, series, T0, T0 + SECOND, 0n)).toThrow('step');
  expect(queryRange(store, series, T0, T0 + HOUR_NS, MINUTE_NS)).toEqual([]);
});

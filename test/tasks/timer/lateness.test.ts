import { expect, test } from 'vitest';
import { Histogram } from '../../../src/tasks/histogram.ts';
import { intervalsOf, latenessOf, NeighbourLog } from '../../../src/tasks/timer/lateness.ts';

/** Repeatable numbers in [0, 1). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const measured = (values: readonly number[]) => {
  const lateness = new Histogram();
  const neighbours = new NeighbourLog();
  for (const value of values) {
    lateness.record(value);
    neighbours.note(value);
  }
  return { lateness, correlation: neighbours.correlation };
};

test('the ends are exact, whatever their size', () => {
  const { lateness } = measured([1_234_567, -7_654_321, 5000, 9_876_543_211]);
  expect(latenessOf(lateness)).toMatchObject({ min: -7_654_321, max: 9_876_543_211 });
});

test('ranks of the interval of a median of 100 independent ticks', () => {
  const { lateness } = measured(Array.from({ length: 100 }, (_, i) => i + 1));
  // 50 -/+ 9.8: the 40th and the 61st.
  expect(intervalsOf(lateness, 0)?.p50).toEqual({ low: 40, high: 61 });
  // (1 + r) / (1 - r) = 4: twice as far.
  expect(intervalsOf(lateness, 0.6)?.p50).toEqual({ low: 30, high: 71 });
  expect(intervalsOf(lateness, -0.5)?.p50).toEqual({ low: 40, high: 61 });
  expect(intervalsOf(lateness, 0.99)?.p50).toEqual(intervalsOf(lateness, 0.9)?.p50);
});

test('a percentile that so few ticks cannot bound has no interval, and the maximum says why it has none', () => {
  const { lateness } = measured(Array.from({ length: 100 }, (_, i) => i));
  expect(intervalsOf(lateness, 0)).toMatchObject({
    p99: null,
    p999: null,
    maxReason: 'the latest of 100 ticks bounds no later one',
  });
  expect(intervalsOf(new Histogram(), 0)).toBeNull();
});

test('neighbours that resemble one another are noticed', () => {
  const next = random(3);
  const white = Array.from({ length: 5000 }, () => 100 + Math.floor(next() * 900));
  expect(Math.abs(measured(white).correlation)).toBeLessThan(0.06);
  const blocks = white.map((_, i) => white[Math.floor(i / 20)] as number);
  expect(measured(blocks).correlation).toBeGreaterThan(0.9);
  expect(measured([5, 5, 5, 5]).correlation).toBe(0);
  expect(measured([5, 7]).correlation).toBe(0);
});

test.each([0, 0.8])(
  'of 400 runs with a correlation of %d, the interval holds the true median and p99 95 times of 100',
  (r) => {
    const next = random(11);
    const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    const scale = (z: number) => Math.round(20_000 * 2 ** z);
    let [median, p99] = [0, 0];
    const runs = 400;
    for (let run = 0; run < runs; run++) {
      let z = normal();
      const values = Array.from({ length: 4000 }, () => {
        z = r * z + Math.sqrt(1 - r * r) * normal();
        return scale(z);
      });
      const { lateness, correlation } = measured(values);
      const found = intervalsOf(lateness, correlation);
      if (found?.p50 && found.p50.low <= scale(0) && scale(0) <= found.p50.high) median += 1;
      const truth = scale(2.326348);
      if (found?.p99 && found.p99.low <= truth && truth <= found.p99.high) p99 += 1;
    }
    expect(median / runs).toBeGreaterThan(0.92);
    expect(p99 / runs).toBeGreaterThan(0.92);
    // A tail is less alike than the middle: its interval is rather too wide.
    if (r === 0) expect(median / runs).toBeLessThan(0.98);
  },
);

import { expect, test } from 'vitest';
import { fitRate } from '../../src/tsc/fit.ts';
import { around, bracketsOf, type Row } from './made-brackets.ts';
import { seeded } from './scripted-host.ts';

const RATE = 2.596_120_121_583;
const S = 1e9;

/** Brackets over a second whose reads take `lead` and `trail` ticks, by turns or by chance. */
function brackets(
  seed: number,
  delays: (share: number, random: () => number) => [lead: number, trail: number],
) {
  const random = seeded(seed);
  const rows: Row[] = [];
  for (let batch = 0; batch < 500; batch++) {
    const at = ((batch + random()) / 500) * S;
    for (let i = 0; i < 8; i++) {
      const [lead, trail] = delays(at / S, random);
      rows.push(around(at + i * 100, RATE, lead, trail, batch));
    }
  }
  return bracketsOf(rows);
}

test('a steady clock is measured to a fraction of a part per billion', () => {
  const fit = fitRate(brackets(1, () => [50, 50]));
  expect(Math.abs((fit?.ticksPerNs ?? 0) / RATE - 1)).toBeLessThan(1e-10);
});

test('the standard error is honest: the truth is within two of them about as often as it should be', () => {
  let within = 0;
  const runs = 100;
  for (let seed = 0; seed < runs; seed++) {
    const fit = fitRate(brackets(seed, (_, random) => [50 + 20 * random(), 50 + 20 * random()]));
    const error = Math.abs((fit?.ticksPerNs ?? 0) / RATE - 1);
    if (error < 2 * (fit?.standardErrorRatio ?? 0)) within++;
    expect(error).toBeLessThan(5 * (fit?.standardErrorRatio ?? 0));
  }
  expect(within).toBeGreaterThan(85);
});

test('a shift from one way of reading to another does not tilt the line', () => {
  // Early on most windows are 100 ticks with the clock in the middle, later most are 126 with it near the end: one
  // intercept for all would be off by about 5 ns over the second.
  const fit = fitRate(brackets(2, (share, random) => (random() < share ? [113, 13] : [50, 50])));
  expect(Math.abs((fit?.ticksPerNs ?? 0) / RATE - 1)).toBeLessThan(2e-10);
});

test('a burst that read the clock one step earlier is trimmed', () => {
  const fit = fitRate(brackets(3, (share) => (share > 0.9 && share < 0.95 ? [24, 76] : [50, 50])));
  expect(Math.abs((fit?.ticksPerNs ?? 0) / RATE - 1)).toBeLessThan(2e-10);
  expect(fit?.samples).toBeLessThan(500 * 8);
});

test('an end of the run is worth at most 300 brackets, however many there are', () => {
  // Uniform within 20 ticks: the white noise of 4000 such brackets would leave 0.3 ticks over the run.
  const fit = fitRate(
    brackets(4, (_, random) => {
      const lead = 40 + 20 * random();
      return [lead, 100 - lead];
    }),
  );
  const floor = ((20 / Math.sqrt(12)) * Math.sqrt(2 / 300)) / (RATE * S);
  expect((fit?.standardErrorRatio ?? 0) / floor).toBeGreaterThan(0.95);
  expect((fit?.standardErrorRatio ?? 0) / floor).toBeLessThan(1.1);
});

test('a window with room for it may hold the clock earlier for half a run, and then tilts nothing', () => {
  const fit = fitRate(
    brackets(5, (share, random) => (random() < 0.5 ? [50, 50] : share < 0.5 ? [200, 200] : [205, 195])),
  );
  expect(Math.abs((fit?.ticksPerNs ?? 0) / RATE - 1)).toBeLessThan(5e-11);
});

test('no time, or too few of any kind, is no rate', () => {
  expect(fitRate(bracketsOf([]))).toBeNull();
  expect(fitRate(bracketsOf(Array.from({ length: 20 }, () => ({ before: 0, ns: 5, after: 50 }))))).toBeNull();
  const few = Array.from({ length: 7 }, (_, i) => around(i * 1000, RATE, 50, 50));
  expect(fitRate(bracketsOf(few))).toBeNull();
});

/** Least squares from its definition: one slope, an intercept for each window length, all weights the same. */
function plainSlope(rows: readonly Row[]): { slope: number; left: number[] } {
  const classes = new Map<number, Row[]>();
  for (const row of rows) {
    const window = row.after - row.before;
    classes.set(window, [...(classes.get(window) ?? []), row]);
  }
  const centred = [...classes.values()].flatMap((all) => {
    const mean = (of: (row: Row) => number) => all.reduce((sum, row) => sum + of(row), 0) / all.length;
    const [x, y] = [mean(({ ns }) => ns), mean(({ before, after }) => (before + after) / 2)];
    return all.map((row) => [row.ns - x, (row.before + row.after) / 2 - y] as const);
  });
  const slope =
    centred.reduce((sum, [x, y]) => sum + x * y, 0) / centred.reduce((sum, [x]) => sum + x * x, 0);
  return { slope, left: centred.map(([x, y]) => y - slope * x) };
}

test('equal windows: the slope is that of least squares, and the error follows from what is left', () => {
  const random = seeded(5);
  // A batch each, so that every bracket counts by itself; the clock is cut to whole ns.
  const rows = Array.from({ length: 200 }, (_, i) => around(i * 1e6 + random() * 1e5, RATE, 50, 50, i)).map(
    (row) => ({
      ...row,
      after: row.before + 101,
    }),
  );
  const found = fitRate(bracketsOf(rows));
  const { slope, left } = plainSlope(rows);
  expect((found?.ticksPerNs ?? 0) / slope).toBeCloseTo(1, 13);
  expect(found?.samples).toBe(200);
  const sigma = Math.sqrt(left.reduce((sum, each) => sum + each * each, 0) / 200);
  const elapsed = (rows.at(-1)?.ns ?? 0) - (rows[0]?.ns ?? 0);
  // Evenly spread over a run: sigma over the root of n / 12 runs; an end is worth 300 brackets at most.
  const error = (Math.max(Math.sqrt(12 / 200), Math.sqrt(2 / 300)) * sigma) / elapsed / slope;
  expect((found?.standardErrorRatio ?? 0) / error).toBeGreaterThan(0.9);
  expect((found?.standardErrorRatio ?? 0) / error).toBeLessThan(1.2);
  // The stretch of 16 batches that lies farthest from the line.
  const stretches = Array.from({ length: 13 }, (_, k) => left.slice(16 * k, 16 * (k + 1)));
  const farthest = Math.max(...stretches.map((all) => Math.abs(all.reduce((a, b) => a + b) / all.length)));
  expect((found?.bendRatio ?? 0) / (farthest / elapsed / slope)).toBeCloseTo(1, 6);
});

test('neighbours of one batch that are disturbed together are one observation', () => {
  const spread = (batches: number) => {
    const random = seeded(6);
    const rows = Array.from({ length: 400 }, (_, batch) => {
      const late = 40 * random();
      return Array.from({ length: 8 }, (__, i) =>
        around(batch * 1e6 + 100 * i, RATE, 50 + late, 50 - late, batches === 400 ? batch : batch * 8 + i),
      ).map((row) => ({ ...row, after: row.before + 101 }));
    }).flat();
    return fitRate(bracketsOf(rows))?.standardErrorRatio ?? 0;
  };
  // Eight as good as one are worth the root of eight less.
  expect(spread(400) / spread(3200)).toBeGreaterThan(2);
  expect(spread(400) / spread(3200)).toBeLessThan(Math.sqrt(8) + 0.1);
});

test('too few of a window length, no time, no brackets: no rate', () => {
  const rows = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ before: 250 * i, ns: 100 * i, after: 250 * i + 50 }));
  expect(fitRate(bracketsOf(rows(7)))).toBeNull();
  expect(fitRate(bracketsOf(rows(8)))?.ticksPerNs).toBeCloseTo(2.5, 12);
  expect(fitRate(bracketsOf([]))).toBeNull();
  expect(fitRate(bracketsOf(rows(8).map((row) => ({ ...row, ns: 5 }))))).toBeNull();
});

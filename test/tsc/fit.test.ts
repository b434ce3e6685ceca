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

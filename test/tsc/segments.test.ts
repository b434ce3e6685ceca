import { expect, test } from 'vitest';
import { type Fact, known, unknown } from '../../src/host/fact.ts';
import type { ClockReadings } from '../../src/tsc/clock-readings.ts';
import { partsOf, segmentsOf } from '../../src/tsc/segments.ts';
import { bracketsOf } from './made-brackets.ts';

/** Brackets of 10 ticks each 100 ns, one a batch. */
const straight = (count: number, change: (tick: number, i: number) => number = (tick) => tick) =>
  bracketsOf(
    Array.from({ length: count }, (_, i) => ({
      before: change(100 * i, i),
      ns: 100 * i,
      after: change(100 * i, i) + 10,
    })),
  );
const reading = (batch: number, clocksource: Fact<string>): ClockReadings => ({
  batch,
  clocksource,
  brackets: {} as ClockReadings['brackets'],
});
const tsc = known('tsc', 'test');
const hpet = known('hpet', 'test');
const parts = (...args: Parameters<typeof partsOf>) =>
  partsOf(...args).map(({ brackets: { ns }, cause }) => ({
    from: ns[0] ?? null,
    to: ns.at(-1) ?? null,
    cause: cause?.(null) ?? null,
  }));

test('an undisturbed run is one part and one segment', () => {
  expect(parts(straight(10), [reading(0, tsc), reading(10, tsc)])).toEqual([
    { from: 0, to: 900, cause: null },
  ]);
  expect(segmentsOf(straight(10))).toEqual([{ from: 0, to: 10 }]);
  expect(segmentsOf(straight(0))).toEqual([]);
});

test('a counter that goes back between two brackets parts them; by how much, and where the thread moved', () => {
  const back = straight(6, (tick, i) => (i < 3 ? tick : tick - 500));
  const cause = (detail: string) => ({ atNs: 300, kind: 'counter-backwards', detail });
  expect(parts(back, [])).toEqual([
    { from: 0, to: 200, cause: null },
    // From 210 to -200.
    { from: 300, to: 500, cause: cause('the TSC went back by at least 410 ticks') },
  ]);
  const moved = { ...back, cpu: Int32Array.of(0, 0, 0, 7, 7, 7) };
  expect(parts(moved, [])[1]?.cause).toEqual(
    cause('the TSC went back by at least 410 ticks, as the thread moved from CPU 0 to CPU 7'),
  );
  const [, second] = partsOf(moved, []);
  const beside = { atNs: 0, rateChange: 0, stepNs: 1234 };
  expect(second?.cause?.(beside)?.detail).toBe(
    'the TSC went back by 1.23 us, as the thread moved from CPU 0 to CPU 7',
  );
  expect(second?.cause?.({ ...beside, stepNs: 0 })?.detail).toContain('at least 410 ticks');
});

test('one bracket within which the counter went back belongs to no part', () => {
  const rows = straight(5);
  rows.after[2] = 199;
  expect(parts(rows, [])).toEqual([
    { from: 0, to: 100, cause: null },
    {
      from: 300,
      to: 400,
      cause: { atNs: 200, kind: 'counter-backwards', detail: 'the TSC went back by at least 1 ticks' },
    },
  ]);
  // A window of nothing is no step back, nor is a read at the tick of the one before.
  rows.after[2] = 200;
  rows.before[3] = 200;
  expect(parts(rows, [])).toHaveLength(1);
});

test("where the kernel's clocksource changed, what was read between the two namings is left out", () => {
  const run = straight(10);
  const cause = {
    atNs: 600,
    kind: 'clocksource-change',
    detail: "the kernel's clocksource changed from tsc to hpet",
  };
  expect(parts(run, [reading(0, tsc), reading(4, tsc), reading(6, hpet), reading(10, hpet)])).toEqual([
    { from: 0, to: 300, cause: null },
    { from: 600, to: 900, cause },
  ]);
  // One that cannot be read in between says nothing.
  expect(parts(run, [reading(0, tsc), reading(4, unknown('no')), reading(6, hpet)])).toEqual([
    { from: null, to: null, cause: null },
    { from: 600, to: 900, cause },
  ]);
  // Named only after the last bracket.
  expect(parts(run, [reading(0, tsc), reading(8, tsc), reading(10, hpet)])).toEqual([
    { from: 0, to: 700, cause: null },
    { from: null, to: null, cause: { ...cause, atNs: 900 } },
  ]);
});

test('segments are as few as can be, and what may be of either side is of none', () => {
  // Ahead by 100 ticks, ten windows, from the 20th on; then 1000 back.
  const steps = straight(60, (tick, i) => tick + (i < 20 ? 0 : i < 40 ? 100 : -900));
  expect(segmentsOf(steps)).toEqual([
    { from: 0, to: 20 },
    { from: 20, to: 40 },
    { from: 40, to: 60 },
  ]);
  // A change of rate by a tenth is within the windows for a while: those brackets fit both lines.
  const bent = segmentsOf(straight(40, (tick, i) => tick + (i < 20 ? 0 : 10 * (i - 20))));
  expect(bent).toHaveLength(2);
  const [first = { from: 0, to: 0 }, second = { from: 0, to: 0 }] = bent;
  expect(first.from).toBe(0);
  expect(second.to).toBe(40);
  expect(first.to).toBeLessThanOrEqual(20);
  expect(second.from).toBeGreaterThanOrEqual(20);
});

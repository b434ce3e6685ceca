import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { type Brackets, span } from '../../src/tsc/bracket.ts';
import { calibrate } from '../../src/tsc/calibrate.ts';
import { fitLattice } from '../../src/tsc/lattice.ts';
import { AMD, INTEL, modelledHost, TRUE_HZ } from './modelled-host.ts';

const RATE = TRUE_HZ / 1e9;

/** All read one way, so that nothing but their number and their windows decides. */
const ONE_WAY = { ...AMD, paths: [{ window: 130, place: 78, weight: 1 }], firstLater: 0 };
const { brackets } = calibrate(
  { clock: 'monotonic_raw', durationNs: 10e6 },
  modelledHost(ONE_WAY, 1),
  quietControl,
);
const BATCH = 16;
/** Of each batch the first bracket is left out. */
const usable = (count: number): number => count - Math.ceil(count / BATCH);

test('128 brackets, and not one less', () => {
  const at = (count: number) => fitLattice(span(brackets, 0, count), RATE)?.samples ?? null;
  const counts = Array.from({ length: 40 }, (_, i) => 120 + i);
  expect(counts.map(at)).toEqual(counts.map((count) => (usable(count) < 128 ? null : usable(count))));
});

/** The same brackets, `count` of them wider by `ticks`. */
function widened(count: number, ticks: number): Brackets {
  const after = brackets.after.slice();
  for (let k = 0; k < count; k++) {
    // Never the first of a batch.
    const i = k * BATCH + 5;
    after[i] = (after[i] as number) + ticks;
  }
  return { ...brackets, after };
}

test('a window length counts from 30 of it on, and up to a quarter wider than the narrowest', () => {
  const all = usable(brackets.ns.length);
  const samples = (count: number, ticks: number) => fitLattice(widened(count, ticks), RATE)?.samples;
  expect([samples(29, 26), samples(30, 26)]).toEqual([all - 29, all]);
  expect([samples(30, 32), samples(30, 33)]).toEqual([all, all - 30]);
});

test('the step is the common measure of the windows', () => {
  expect(fitLattice(brackets, RATE)?.stepTicks).toBe(130);
  expect(fitLattice(widened(30, 26), RATE)?.stepTicks).toBe(26);
  expect(fitLattice(widened(30, 4), RATE)?.stepTicks).toBe(2);
});

test('a straight run bends by less than nothing: half a unit of chance is taken off for each 250 brackets', () => {
  const bend = (count: number) => fitLattice(span(brackets, 0, count), RATE)?.bend;
  const counts = Array.from({ length: 40 }, (_, i) => 250 + i);
  expect(counts.map(bend)).toEqual(counts.map((count) => (usable(count) <= 250 ? -0.5 : -1)));
});

test.each([-1.2, 1.2])('a stretch that lies %d ticks beside the line is seen', (ticks) => {
  const beside = (values: Float64Array) =>
    values.map((value, i) => (i >= 8000 && i < 8250 ? value + ticks : value));
  const bent = { ...brackets, before: beside(brackets.before), after: beside(brackets.after) };
  expect(fitLattice(bent, RATE)?.bend).toBeGreaterThan(15);
});

test('asked about fewer brackets it looks at the two ends', () => {
  const few = fitLattice(brackets, RATE, 2000);
  expect(few?.samples).toBe(2000);
  expect(Math.abs((few?.ticksPerNs ?? 0) / RATE - 1)).toBeLessThan(5 * (few?.standardErrorRatio ?? 0));
});

test('no time, no brackets: no rate', () => {
  expect(fitLattice(span(brackets, 0, 0), RATE)).toBeNull();
  expect(fitLattice({ ...brackets, ns: new Float64Array(brackets.ns.length) }, RATE)).toBeNull();
});

// Found once, and held against the truth with many others (coverage.test.ts). The same brackets give the same to a hundredth
// of a standard error.
test.each([
  ['steps of 2 ticks', INTEL, {}, [2.5961301493270046, 9.202595473509653e-9, 1703, 2, 0, -2.127052]],
  ['steps of 26 ticks', AMD, {}, [2.5961301536327728, 6.2921537317177695e-9, 1580, 26, 0, -3.5]],
  [
    'one read in a hundred late',
    INTEL,
    { shifted: 0.01 },
    [2.596130154384666, 5.389749682258047e-9, 1715, 2, 0, -3.49991],
  ],
  [
    'one in twenty',
    AMD,
    { shifted: 0.05 },
    [2.5961301594450608, 1.7969283060855537e-9, 1614, 26, 0.049566295, -3.5],
  ],
] as const)(
  'the most likely rate of 2000 brackets, its error, misfits and bend: %s',
  (_, processor, faults, wanted) => {
    const run = calibrate(
      { clock: 'monotonic_raw', durationNs: 1e6 },
      modelledHost(processor, 1, faults),
      quietControl,
    );
    const found = fitLattice(span(run.brackets, 0, 2000), RATE);
    if (found === null) throw new Error('no fit');
    const [rate = 0, error = 0, samples, step, misfits = 0, bend = 0] = wanted;
    expect(Math.abs(found.ticksPerNs / rate - 1)).toBeLessThan(0.01 * error);
    expect(found.standardErrorRatio / error).toBeCloseTo(1, 3);
    expect([found.samples, found.stepTicks]).toEqual([samples, step]);
    expect(found.misfitRatio).toBeCloseTo(misfits, 6);
    expect(found.bend).toBeCloseTo(bend, 2);
  },
);

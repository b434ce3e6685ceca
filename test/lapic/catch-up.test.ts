import { expect, test } from 'vitest';
import { aroundStop } from '../../src/lapic/around-stop.ts';
import { catchUpNs, lockupStopNs } from '../../src/lapic/catch-up.ts';

const MS = 1_000_000;

/** The backlog of a stop worked off step by step, as the kernel does. */
function workOff(backlogNs: number, periodNs: number, stepNs: number): number {
  let [lag, passed] = [backlogNs, 0];
  while (lag > 0) {
    lag += stepNs - periodNs;
    passed += stepNs;
  }
  return passed;
}

test.each([
  [3_000 * MS, MS, 79],
  [600 * MS, 200_000, 150_000],
  [10 * MS, MS, 1],
])('a backlog of %i ns at a period of %i ns and %i ns for each', (backlog, period, step) => {
  const wholeSteps = workOff(backlog, period, step);
  expect(catchUpNs(backlog, period, step)).toBeLessThanOrEqual(wholeSteps);
  expect(catchUpNs(backlog, period, step)).toBeGreaterThan(wholeSteps - step);
});

test('the timer model takes as long', () => {
  const scene = {
    periodNs: MS,
    stopNs: 3_000 * MS,
    callbackNs: 50_000,
    exitNs: 1_000,
    handlingNs: 1_000,
    delivery: 'coalesced',
    hvTimer: true,
    periodsBefore: 3,
    periodsAfter: 8,
  } as const;
  const { caughtUpNs } = aroundStop(scene, 'catch-up');
  expect((caughtUpNs ?? 0) / (catchUpNs(3_000 * MS, MS, 50_000) ?? 0)).toBeCloseTo(1, 2);
});

test('a step as long as a period never catches up, and no stop is short enough for the watchdog', () => {
  expect(catchUpNs(MS, MS, MS - 1)).toBe(MS * (MS - 1));
  expect([catchUpNs(MS, MS, MS), catchUpNs(MS, MS, 2 * MS)]).toEqual([null, null]);
  expect([
    lockupStopNs(1e10, MS, MS - 1) > 0,
    lockupStopNs(1e10, MS, MS),
    lockupStopNs(1e10, MS, 2 * MS),
  ]).toEqual([true, 0, 0]);
});

test('the stop that takes ten seconds to catch up with', () => {
  // The crash's callback: 200 us at 79 ns.
  const stop = lockupStopNs(1e10, 200_000, 79);
  expect(stop / 3600e9).toBeCloseTo(7.03, 2);
  expect(catchUpNs(stop, 200_000, 79)).toBeCloseTo(1e10, 0);
});

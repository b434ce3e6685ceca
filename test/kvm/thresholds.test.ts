// Each threshold by a case on either side of it.
import { expect, test } from 'vitest';
import { untracedStop } from '../../src/kvm/expiries.ts';
import type { GuestStop } from '../../src/kvm/guest-stop.ts';
import { agreementOf } from '../../src/kvm/model.ts';
import { checkStop } from '../../src/kvm/safety.ts';
import { timerSetup } from '../../src/kvm/timer-setup.ts';
import { burstOf, conclude, findingOf, pathOf } from '../../src/kvm/verdict.ts';

const PERIOD = 1_000_000;
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

interface Shape {
  /** How far the resume is past a point of the old grid, and how far interrupts are moved after it. */
  readonly phaseNs?: number;
  readonly shiftNs?: number;
  readonly before?: number;
  readonly after?: number;
  /** Every other interrupt is this much early, the others late. */
  readonly jitterNs?: number;
  readonly counts?: GuestStop['counts'];
}

function record(shape: Shape = {}): GuestStop {
  const { phaseNs = 500_000, shiftNs = 0, before = 50, after = 50, jitterNs = 0, counts = [] } = shape;
  const start = -100 * PERIOD - phaseNs;
  const jitter = (i: number) => (i % 2 === 0 ? jitterNs : -jitterNs);
  return {
    loop: 'halt',
    stop: 'pause',
    periodNs: PERIOD,
    divide: 1,
    startNs: [start, start],
    leftNs: -50 * PERIOD,
    deliveriesNs: [
      ...range(before).map((i) => start + i * PERIOD + jitter(i)),
      1_000,
      ...range(after).map((i) => (i + 2) * PERIOD - phaseNs + shiftNs + jitter(i)),
    ],
    counts,
    saved: null,
    restoredNs: null,
    cpu: null,
    activity: null,
    kernel: untracedStop('not asked for'),
  };
}

const gridOf = (shape: Shape) => findingOf(record(shape)).grid;

test('a grid is near within 0.3 of the distance to the other', () => {
  expect([149_999, 150_001, 349_999, 350_001].map((shiftNs) => gridOf({ shiftNs }))).toEqual([
    'old',
    'other',
    'other',
    'new',
  ]);
});

test('the resume must be a quarter of a period from the old grid', () => {
  expect([249_999, 250_000].map((phaseNs) => gridOf({ phaseNs }))).toEqual(['unclear', 'old']);
});

test('twenty interrupts on either side make a phase', () => {
  expect([gridOf({ before: 20, after: 20 }), gridOf({ before: 19 }), gridOf({ after: 19 })]).toEqual([
    'old',
    'unclear',
    'unclear',
  ]);
});

test('four standard errors must fit into what is near', () => {
  const seen = range(200).map((i) => findingOf(record({ jitterNs: 1_000 * i })));
  for (const { grid, phaseShiftErrorNs } of seen)
    expect(grid, `${phaseShiftErrorNs}`).toBe((phaseShiftErrorNs ?? 0) * 4 > 150_000 ? 'unclear' : 'old');
  expect(new Set(seen.map(({ grid }) => grid)).size).toBe(2);
});

test('two readings of the count, more than two periods after the stop began, tell the path', () => {
  const host = { preemptionTimer: null, source: 'not known' };
  const reading = (afterNs: number) => ({ atNs: -50 * PERIOD + afterNs, uncertaintyNs: 0, remainingNs: 0 });
  const path = (...afterNs: number[]) => pathOf(record({ counts: afterNs.map(reading) }), host).path;
  expect(path(2 * PERIOD + 1, 2 * PERIOD + 1)).toBe('preemption-timer');
  expect(path(2 * PERIOD + 1, 2 * PERIOD)).toBe('unknown');
});

test('two missed ticks are a stop, four interrupts in the first period a storm', () => {
  const finding = findingOf(record());
  const verdict = (missedTicks: number, interruptsFirstPeriod: number) =>
    conclude({ ...finding, missedTicks, interruptsFirstPeriod }, 'hrtimer', false, PERIOD).verdict;
  expect([verdict(1, 1), verdict(2, 1), verdict(2, 3), verdict(2, 4)]).toEqual([
    'inconclusive',
    'keeps-running',
    'keeps-running',
    'catches-up',
  ]);
});

test('one interrupt in ten may be missing or extra, and all may be a fifth of a period late', () => {
  const predicted = range(100).map((i) => (i + 1) * PERIOD - 500_000);
  const agrees = (came: readonly number[]) =>
    agreementOf(
      { ...record(), deliveriesNs: [...record().deliveriesNs.filter((ns) => ns < 0), ...came] },
      predicted,
    ).agrees;
  const missing = (count: number) => predicted.slice(count);
  const extra = (count: number) => predicted.flatMap((ns, i) => (i < count ? [ns, ns + 10] : [ns]));
  const late = (by: number) => predicted.map((ns) => ns + by);
  expect([agrees(missing(10)), agrees(missing(11))]).toEqual([true, false]);
  // Of 111 interrupts 11 are fewer than one in ten, of 112 12 are more.
  expect([agrees(extra(11)), agrees(extra(12))]).toEqual([true, false]);
  expect([agrees(late(200_000)), agrees(late(200_001))]).toEqual([true, false]);
});

test('a burst of a quarter of the watchdog is refused', () => {
  const stop = (callbacks: number) => () => checkStop(callbacks * PERIOD, PERIOD, true, 10e9, 1_000);
  expect(stop(2_499_999)).not.toThrow();
  expect(stop(2_500_000)).toThrow('is refused');
});

test('a count has 32 bits', () => {
  expect(timerSetup(2 ** 32 - 1, 1, 0).initialCount).toBe(2 ** 32 - 1);
  expect(() => timerSetup(2 ** 32, 1, 0)).toThrow('is not 1 to');
});

test('without an interrupt before the stop, its ticks count from the moment that the guest was left', () => {
  expect(findingOf({ ...record(), deliveriesNs: [1_000] }).missedTicks).toBe(50);
});

test('a burst is of a timer that stood still, whose guest came back on the old grid and took an interrupt', () => {
  const finding = { ...findingOf(record()), grid: 'old', missedTicks: 50, firstInterruptNs: 79_000 } as const;
  const burst = (changes: Partial<ReturnType<typeof findingOf>>) =>
    burstOf({ ...finding, ...changes }, 'preemption-timer', PERIOD);
  expect(burst({})).toEqual({ lengthNs: 79_000, callbacks: 50, callbackNs: 1_580 });
  expect([burst({ grid: 'new' }), burst({ firstInterruptNs: null })]).toEqual([null, null]);
  expect(burstOf(finding, 'hrtimer', PERIOD)).toBeNull();
});

// Read the difference before an update (-u).
test('what every finding proves on every path, in words', async () => {
  const finding = { ...findingOf(record()), stopNs: 1e9, missedTicks: 1000, lostTicks: 998 } as const;
  const lines = (['old', 'new', 'other', 'unclear'] as const).flatMap((grid) =>
    (['preemption-timer', 'hrtimer', 'unknown'] as const).flatMap((path) =>
      [true, false].flatMap((preemptionTimer) =>
        [1, 3].map((interruptsFirstPeriod) => {
          // The burst of three is longer than a period.
          const firstInterruptNs = interruptsFirstPeriod === 1 ? 79_000 : 2_000_000;
          const unclear = grid === 'unclear' ? 'too few interrupts' : null;
          const seen = {
            ...finding,
            grid,
            unclear,
            interruptsFirstPeriod,
            firstInterruptNs,
            phaseShiftNs: 500_000,
          };
          const { verdict, explanation } = conclude(seen, path, preemptionTimer, PERIOD);
          return `${grid}, ${path}, preemption timer ${preemptionTimer ? 'on' : 'off'}: ${verdict}: ${explanation}`;
        }),
      ),
    ),
  );
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('conclusions.txt');
});

import { describe, expect, test } from 'vitest';
import { experimentsFor } from '../../../src/tasks/kvm/plan.ts';
import { aimAgain, retriesOf, shortStopNs, takeRetry } from '../../../src/tasks/kvm/task.ts';

const options = {
  periodNs: 1_000_000,
  divide: 1,
  stopNs: 1_000_000_000,
  ticks: 500,
  stalls: 8,
  trace: 'auto' as const,
  yesReally: false,
};

test('both guests run at the main period first, then at others; every kind of stop is made', () => {
  const { running, sweep, stops } = experimentsFor(options, 200_000);
  for (const loop of ['halt', 'spin'] as const) {
    const rows = [...running, ...sweep].filter((row) => row.loop === loop);
    expect(rows[0]).toMatchObject({ ticks: 500, setup: { periodNs: 1_000_000, divide: 1 } });
    expect(new Set(rows.map(({ setup }) => setup.divide))).toEqual(new Set([1, 16, 128]));
    expect(new Set(rows.map(({ setup }) => setup.periodNs)).size).toBeGreaterThan(1);
  }
  expect(new Set(stops.map(({ stop }) => stop))).toEqual(new Set(['pause', 'sigstop', 'save-restore']));
  expect(new Set(stops.filter(({ stop }) => stop === 'pause').map(({ loop }) => loop))).toEqual(
    new Set(['halt', 'spin']),
  );
});

test.each([10_000, 209_715, 333_333, 4_000_000_000])('a period of %i ns can be planned', (periodNs) => {
  const { running } = experimentsFor({ ...options, periodNs }, 0);
  expect(running.filter(({ setup }) => setup.periodNs === periodNs)).not.toHaveLength(0);
});

test('beside the main period there are shorter looks at it and at four times as long, with three divide counts', () => {
  const { running, sweep } = experimentsFor(options, 200_000);
  const looks = [...running, ...sweep].map(({ loop, setup, ticks }) => [
    loop,
    setup.periodNs,
    setup.divide,
    ticks,
  ]);
  const others = (loop: string) => [
    [loop, 1_000_000, 16, 40],
    [loop, 1_000_064, 128, 40],
    [loop, 4_000_000, 1, 40],
    [loop, 4_000_000, 16, 40],
    [loop, 4_000_000, 128, 40],
  ];
  expect(looks).toEqual([
    ['halt', 1_000_000, 1, 500],
    ['spin', 1_000_000, 1, 500],
    ...others('halt'),
    ...others('spin'),
  ]);
  expect(experimentsFor({ ...options, sweep: false }, 200_000).sweep).toHaveLength(0);
});

test('periods over 20 ms are not looked at further, and fewer interrupts stand beside a stop: that would take minutes', () => {
  const plan = (periodNs: number) => experimentsFor({ ...options, periodNs }, 0);
  const lengths = (periodNs: number) => [plan(periodNs).sweep.length, plan(periodNs).stopTicks];
  // Of 20 ms, three divide counts; of 80 ms none.
  expect(plan(20_000_001).stopTicks).toBe(30);
  expect([lengths(20_000_000), lengths(20_000_100)]).toEqual([
    [4, 100],
    [0, 30],
  ]);
  expect(lengths(5_000_000)).toEqual([10, 100]);
});

test('before a stop whose burst may be longer than 1 ms, one of 2,000 periods is made', () => {
  // 12,658 callbacks of 79 ns are 999,982 ns.
  expect(shortStopNs(12_658e6, 1e6)).toBeNull();
  expect(shortStopNs(12_659e6, 1e6)).toBe(2_000e6);
});

test('stops are made again eight times in a whole run at most, until their bursts add up to 20 ms', () => {
  const taken = (burstNs: number, stopNs = 1e9) => {
    const retries = retriesOf(stopNs);
    let count = 0;
    while (takeRetry(retries, burstNs)) count += 1;
    return count;
  };
  expect(taken(79_000)).toBe(8);
  expect(taken(2.5e6)).toBe(8);
  // An emulated host, where a callback costs 4.3 us.
  expect(taken(4.3e6)).toBe(4);
  expect(taken(20e6)).toBe(1);
  expect(taken(20e6 + 1)).toBe(0);
  expect([taken(0, 10e9), taken(0, 10e9 + 1)]).toEqual([8, 0]);
});

describe('where a stop that is made again is resumed', () => {
  /** How far from the grid, as a share of a period, the tries of a host that is so late each time end. */
  const tries = (late: readonly number[]): number[] => {
    let resumeAt = 0.5;
    return late.map((by) => {
      const reached = (resumeAt + by) % 1;
      resumeAt = aimAgain(resumeAt, 0.5, reached);
      return Math.min(reached, 1 - reached);
    });
  };

  test.each([0.1, 0.25, 0.3, 0.45])(
    'a host that is late by %f of a period each time comes to the middle',
    (late) => {
      const [first = 0, second = 0, third = 0] = tries([late, late, late]);
      expect(second).toBeGreaterThan(first);
      expect(second).toBeGreaterThan(0.25);
      expect(third).toBeGreaterThan(second);
    },
  );

  test.each([0.1, 0.3, 0.45])('one that was late by %f once is not thrown onto the grid', (late) => {
    expect(tries([late, 0])[1]).toBeGreaterThan(0.25);
  });

  test('0 and 1 are one place', () => {
    expect(aimAgain(0.1, 0.5, 0.9)).toBeCloseTo(0.9, 12);
    expect(aimAgain(0.9, 0.5, 0.1)).toBeCloseTo(0.1, 12);
  });
});

import { afterEach, expect, test } from 'vitest';
import { TscClock } from '../../src/tsc/tsc-clock.ts';

const clocks: TscClock[] = [];
const start = (anchorEveryMs: number): TscClock => {
  const clock = new TscClock({ anchorEveryMs });
  clocks.push(clock);
  return clock;
};
afterEach(() => {
  for (const clock of clocks.splice(0)) clock.close();
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Distance of one reading from CLOCK_MONOTONIC, which Node's hrtime is, outside of the two reads around it. */
function distance(clock: TscClock): number {
  const before = process.hrtime.bigint();
  const now = clock.now();
  const after = process.hrtime.bigint();
  return Number(now < before ? before - now : now > after ? now - after : 0n);
}

test('it never goes backwards, through many corrections', async () => {
  const clock = start(10);
  let last = clock.now();
  for (let round = 0; round < 20; round++) {
    await sleep(8);
    for (let i = 0; i < 20_000; i++) {
      const now = clock.now();
      if (now < last) throw new Error(`${now} after ${last}`);
      last = now;
    }
  }
});

test('it stays within its own bound of the kernel clock', async () => {
  const clock = start(50);
  for (let round = 0; round < 10; round++) {
    await sleep(40);
    for (let i = 0; i < 200; i++) {
      // The bound is asked last: it only grows between two anchors.
      const away = distance(clock);
      expect(away).toBeLessThanOrEqual(clock.errorBoundNs());
    }
  }
  expect(clock.errorBoundNs()).toBeLessThan(100_000);
});

test('a timer that comes seconds late, because the thread was busy, breaks neither promise', () => {
  const clock = start(10);
  const until = performance.now() + 3_000;
  let last = clock.now();
  while (performance.now() < until) {
    const away = distance(clock);
    expect(away).toBeLessThanOrEqual(clock.errorBoundNs());
    const now = clock.now();
    expect(now >= last).toBe(true);
    last = now;
  }
});

test('the bound grows while nothing corrects the clock', async () => {
  const clock = start(60_000);
  const early = clock.errorBoundNs();
  await sleep(50);
  expect(clock.errorBoundNs()).toBeGreaterThan(early);
});

test('readings of the TSC taken elsewhere are put on the same scale, far in the past too', () => {
  const clock = start(1000);
  const a = clock.fromTsc(10_000_000_000_000n);
  const b = clock.fromTsc(10_000_000_000_000n + 2_600_000_000n);
  expect(Number(b - a)).toBeGreaterThan(1e8);
  expect(Number(b - a)).toBeLessThan(1e10);
});

test('a closed clock still reads, and an interval outside its range is refused', () => {
  const clock = start(1000);
  clock.close();
  expect(clock.now()).toBeLessThanOrEqual(clock.now());
  expect(() => new TscClock({ anchorEveryMs: 1 })).toThrow(/^anchorEveryMs must be between/);
  expect(() => new TscClock({ anchorEveryMs: Number.NaN })).toThrow(RangeError);
});

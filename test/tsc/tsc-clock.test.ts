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

test('a timer that comes a hundred times its interval late, because the thread was busy, breaks neither promise', () => {
  const clock = start(10);
  const until = performance.now() + 1_000;
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

test('an option that there is not is refused by its name', () => {
  expect(() => new TscClock({ anchorEveryMS: 10 } as never)).toThrow(
    /^TscClock has no option anchorEveryMS; it has anchorEveryMs$/,
  );
});

test('a loop that never yields keeps the bound small by anchoring', () => {
  const clock = start(1000);
  const until = performance.now() + 500;
  let widest = 0;
  while (performance.now() < until) {
    clock.anchor();
    for (let i = 0; i < 100; i++) expect(distance(clock)).toBeLessThanOrEqual(clock.errorBoundNs());
    widest = Math.max(widest, clock.errorBoundNs());
  }
  // Without: 6 ppm of the first calibration, half a second long, is some microseconds.
  expect(clock.errorBoundNs()).toBeLessThan(widest + 1);
  clock.anchor();
});

test('ns and ticks go over into one another, forwards and backwards', () => {
  const clock = start(60_000);
  const now = clock.now();
  for (const ahead of [-5_000_000_000n, 0n, 1n, 1_000_000n, 3_600_000_000_000n]) {
    const away = Number(clock.fromTsc(clock.toTsc(now + ahead)) - (now + ahead));
    expect(Math.abs(away)).toBeLessThanOrEqual(1);
  }
  const from = clock.rdtsc();
  const to = from + BigInt(Math.round(clock.hz));
  expect(clock.elapsed(from, to)).toBeCloseTo(1e9, -1);
  expect(clock.elapsed(clock.rdtsc())).toBeGreaterThanOrEqual(0);
});

test('the ways to read it agree, and waits end at or after their time', () => {
  const clock = start(1000);
  const out = new BigInt64Array(3);
  const first = clock.now();
  clock.nowInto(out, 2);
  const last = clock.nowNumber();
  expect(Number(first)).toBeLessThanOrEqual(Number(out[2]));
  expect(Number(out[2])).toBeLessThanOrEqual(last);
  for (const wait of ['spinUntil', 'sleepUntil'] as const) {
    const until = clock.now() + 3_000_000n;
    clock[wait](until);
    expect(clock.now()).toBeGreaterThanOrEqual(until);
  }
  expect(Math.abs(clock.toDate().getTime() - Date.now())).toBeLessThan(1000);
});

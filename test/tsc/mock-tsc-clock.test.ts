import { expect, test } from 'vitest';
import { MockTscClock, rdtsc, readPair } from '../../src/exports/clock.ts';

test('time passes only as it is told to', () => {
  const clock = new MockTscClock({ tscKhz: 2_000_000, ns: 1000n, tsc: 7n, date: new Date(5000) });
  expect([clock.now(), clock.rdtsc(), clock.hz]).toEqual([1000n, 7n, 2e9]);
  clock.advance(2_000_000n);
  expect([clock.now(), clock.nowNumber(), clock.rdtsc()]).toEqual([2_001_000n, 2_001_000, 4_000_007n]);
  expect([clock.fromTsc(4_000_007n), clock.toTsc(2_001_000n)]).toEqual([2_001_000n, 4_000_007n]);
  expect(clock.elapsed(7n)).toBe(2_000_000);
  expect(clock.toDate()).toEqual(new Date(5002));
});

test('a wait lets the time pass that it waits for, and none where that is past', () => {
  const clock = new MockTscClock();
  clock.sleepUntil(500n);
  clock.spinUntil(400n);
  const out = new BigInt64Array(1);
  clock.nowInto(out);
  expect(out[0]).toBe(500n);
});

test('rdtsc and readPair read the host, in order', () => {
  const pair = new BigInt64Array(2);
  const before = rdtsc();
  readPair(pair);
  expect(BigInt.asUintN(64, pair[1] ?? 0n) > before).toBe(true);
  expect(rdtsc() > BigInt.asUintN(64, pair[1] ?? 0n)).toBe(true);
  expect(() => readPair(new BigInt64Array(1))).toThrow(/at least 2 words/);
});

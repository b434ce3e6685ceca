import { afterEach, expect, test } from 'vitest';
import { native } from '../../src/native.ts';

const MONOTONIC = 1;
const addon = native();
const affinity = addon.getAffinity();

afterEach(() => {
  addon.setAffinity(affinity);
  addon.setTimerSlack(0);
});

const now = (): [ktime: bigint, tsc: bigint] => {
  const pair = new BigInt64Array(new SharedArrayBuffer(16));
  addon.createPairReader(pair)();
  return [pair[0] as bigint, pair[1] as bigint];
};

test('the TSC moves forward', () => {
  let [, last] = now();
  for (let i = 0; i < 10_000; i++) {
    const [, tsc] = now();
    expect(tsc >= last).toBe(true);
    last = tsc;
  }
});

test('a bracket holds its clock between two reads of the TSC, in order', () => {
  for (const bySyscall of [false, true]) {
    const rows = new BigInt64Array(4 * 1_000);
    addon.readBrackets(MONOTONIC, bySyscall, rows);
    for (let i = 0; i + 4 < rows.length; i += 4) {
      const [before = 0n, clock = 0n, after = 0n, cpu = 0n, nextBefore = 0n, nextClock = 0n] = rows.subarray(
        i,
        i + 6,
      );
      expect(before < after && after < nextBefore).toBe(true);
      expect(clock <= nextClock).toBe(true);
      expect(cpu === -1n || affinity.includes(Number(cpu))).toBe(true);
    }
  }
});

test('a pair agrees with process.hrtime, which reads the same clock', () => {
  const before = process.hrtime.bigint();
  const [ktime] = now();
  const after = process.hrtime.bigint();
  expect(ktime >= before && ktime <= after).toBe(true);
});

test('rdtscp names the CPU that the thread is pinned to', () => {
  const out = new BigInt64Array(2);
  for (const cpu of affinity) {
    addon.setAffinity([cpu]);
    addon.rdtscp(out);
    expect(Number(out[1])).toBe(cpu);
    expect(addon.getAffinity()).toEqual([cpu]);
  }
});

test('every wait ends after its deadline, never before', () => {
  const out = new BigInt64Array(2);
  const [ktime, tsc] = now();
  expect(addon.sleepUntil(ktime + 2_000_000n, out)).toBe(true);
  expect(out[0]).toBeGreaterThanOrEqual(ktime + 2_000_000n);
  expect(addon.sleepThenSpin(ktime + 4_000_000n, 100_000, out)).toBe(true);
  expect(out[0]).toBeGreaterThanOrEqual(ktime + 4_000_000n);
  expect(addon.spinUntilTsc(tsc + 20_000_000n, out)).toBe(true);
  expect(out[1]).toBeGreaterThanOrEqual(tsc + 20_000_000n);
});

test('a wait for a far deadline comes back by itself and says that it is not there yet', () => {
  const out = new BigInt64Array(2);
  const [ktime] = now();
  expect(addon.sleepUntil(ktime + 10_000_000_000n, out)).toBe(false);
  expect(addon.spinUntilTsc(2n ** 64n - 1n, out)).toBe(false);
  expect(addon.sleepThenSpin(2n ** 63n - 1n, 0, out)).toBe(false);
  expect((out[0] as bigint) - ktime).toBeLessThan(9_000_000_000n);
});

test('a wait for the past ends at once', () => {
  const out = new BigInt64Array(2);
  expect(addon.sleepUntil(0n, out)).toBe(true);
  expect(addon.sleepThenSpin(1n, 60_000, out)).toBe(true);
  expect(addon.spinUntilTsc(0n, out)).toBe(true);
});

test('timer slack is set for this thread, and 0 brings the default back', () => {
  const usual = addon.getTimerSlack();
  addon.setTimerSlack(1);
  expect(addon.getTimerSlack()).toBe(1);
  addon.setTimerSlack(0);
  expect(addon.getTimerSlack()).toBe(usual);
});

test('CPUID names a vendor', () => {
  const [, ebx, ecx, edx] = addon.cpuid(0, 0);
  const vendor = Buffer.from(Uint32Array.of(ebx, edx, ecx).buffer).toString('latin1');
  expect(vendor).toMatch(/^[\x20-\x7e]{12}$/);
});

test('the clock discipline can be read without privilege', () => {
  const { tick, state } = addon.readAdjtimex();
  expect(tick).toBeGreaterThanOrEqual(9_000);
  expect(tick).toBeLessThanOrEqual(11_000);
  expect(state).toBeLessThanOrEqual(5);
});

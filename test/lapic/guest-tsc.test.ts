import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ScriptedClock } from '../../src/clock/scripted.ts';
import { lapicDefaults } from '../../src/lapic/config.ts';
import { LapicTimer } from '../../src/lapic/kvm-timer.ts';
import { policies } from '../../src/lapic/policies.ts';
import { hostCycles, readL1Tsc } from '../../src/lapic/time-scale.ts';
import { u64 } from './arbitraries.ts';

const guest = (l1TscOffset: bigint, l1TscScalingRatio: bigint | null) =>
  new LapicTimer(
    { ...lapicDefaults, guestTscKhz: 2_000_000, l1TscOffset, l1TscScalingRatio },
    policies.clamp,
    new ScriptedClock(),
  );

test('the offset wraps the TSC of a guest that booted after its host', () => {
  expect(readL1Tsc(guest(2n ** 64n - 1_000n, null), 1_500n)).toBe(500n);
});

test('a scaled TSC is a 128-bit product, shifted, then offset', () => {
  fc.assert(
    fc.property(u64(), u64(), fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), (tsc, offset, ratio) => {
      expect(readL1Tsc(guest(offset, ratio), tsc)).toBe((offset + ((tsc * ratio) >> 48n)) % 2n ** 64n);
    }),
  );
});

test('guest cycles become host cycles, or nothing where 64 bits do not hold them', () => {
  expect(hostCycles(guest(0n, 1n << 49n), 1_000n)).toBe(500n);
  expect(hostCycles(guest(0n, 1n), 1n << 16n)).toBeNull();
  expect(hostCycles(guest(0n, 1n), (1n << 16n) - 1n)).toBe(((1n << 16n) - 1n) << 48n);
});

test('a TSC that is not scaled needs no ratio, at most an offset', () => {
  const unscaled = { tscScaled: false, l1TscScalingRatio: 0n, l1TscOffset: 5n };
  expect(readL1Tsc(unscaled, 2n ** 64n - 1n)).toBe(4n);
  expect(hostCycles(unscaled, 7n)).toBe(7n);
  expect([guest(0n, null).tscScaled, guest(0n, 1n << 48n).tscScaled, guest(0n, 1n << 49n).tscScaled]).toEqual(
    [false, false, true],
  );
});

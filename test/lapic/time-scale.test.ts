import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ScriptedClock } from '../../src/clock/scripted.ts';
import { lapicDefaults } from '../../src/lapic/config.ts';
import { LapicTimer } from '../../src/lapic/kvm-timer.ts';
import { policies } from '../../src/lapic/policies.ts';
import { hostCycles, nsecToCycles, readL1Tsc, timeScale } from '../../src/lapic/time-scale.ts';
import { khz, u64 } from './arbitraries.ts';
import { referenceCycles, referenceScale } from './reference.ts';

describe('time scale', () => {
  test.each([
    [2_194_843, 2, 2_356_694_726],
    [2_599_993, 2, 0xa666490a],
    [1_000_000, 1, 0x80000000],
    [800_000, 0, 0xcccccccc],
    [2_600_000, 2, 0xa6666666],
    [4_000_000, 3, 0x80000000],
    [25_000, -5, 0xcccccccc],
  ])('%i kHz as the kernel prints it', (rate, shift, mult) => {
    expect(timeScale(rate)).toMatchObject({ shift, mult });
  });

  test('any rate agrees with the reference', () => {
    fc.assert(
      fc.property(khz(), (rate) => {
        const { mult, shift } = timeScale(rate);
        expect({ mult: BigInt(mult), shift }).toEqual(referenceScale(rate));
      }),
    );
  });

  test.each([1, 2 ** 32 - 1])('%i kHz, an end of the range', (rate) => {
    const { mult, shift } = timeScale(rate);
    expect({ mult: BigInt(mult), shift }).toEqual(referenceScale(rate));
  });

  test.each([0, -1, 1.5, 2 ** 32, Number.NaN])('%d kHz is refused, for the kernel would loop', (rate) => {
    expect(() => timeScale(rate)).toThrow(
      new RangeError(`guestTscKhz must be an integer between 1 and 2^32 - 1, not ${rate}`),
    );
  });
});

describe('ns to cycles', () => {
  const of = (rate: number, ns: bigint) => nsecToCycles(timeScale(rate), ns);

  test('a debug log', () => {
    expect(of(2_599_993, 17_585_642n)).toBe(45_722_546n);
    expect(of(2_599_993, -17_585_642n)).toBe(0xa6664909fd46544dn);
  });

  test('the crash dump: a negative delta becomes a deadline a lifetime away', () => {
    const cycles = of(2_194_843, -4_485_734_413_211_762n);
    expect(cycles).toBe(10_112_081_292_049_876_435n);
    expect(BigInt.asUintN(64, 23_303_324_374_234_373n + cycles)).toBe(10_135_384_616_424_110_808n);
  });

  test('any number of ns, negative or past 2^63, agrees with an unbounded product', () => {
    fc.assert(
      fc.property(khz(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (rate, ns) => {
        expect(of(rate, ns)).toBe(referenceCycles(rate, ns));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the guest's TSC", () => {
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
    expect([
      guest(0n, null).tscScaled,
      guest(0n, 1n << 48n).tscScaled,
      guest(0n, 1n << 49n).tscScaled,
    ]).toEqual([false, false, true]);
  });
});

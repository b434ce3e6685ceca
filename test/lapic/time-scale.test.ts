import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nsecToCycles, timeScale } from '../../src/lapic/time-scale.ts';
import { khz } from './arbitraries.ts';
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

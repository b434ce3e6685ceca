import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { known, unknown } from '../../src/host/fact.ts';
import { explains, identifyKernel } from '../../src/tsc/identify.ts';
import { candidatesWithin, kernelHz, multShift } from '../../src/tsc/kernel-ratio.ts';
import { bracketsOf } from './made-brackets.ts';

const khz = fc.integer({ min: 100_000, max: 8_000_000 });

// Seen in the vDSO data of a running kernel, or worked out with the kernel's own code.
test.each([
  [2_596_130, 6_462_394, 24],
  [2_596_120, 6_462_419, 24],
  [1_000_000, 8_388_608, 23],
  [3_000_000, 5_592_405, 24],
  [2_000_000, 4_194_304, 23],
])('%d kHz makes mult %d and shift %d', (frequency, mult, shift) => {
  expect(multShift(frequency)).toEqual({ mult, shift });
});

test('600 s of cycles times mult stay within 64 bits, and one more shift would not', () => {
  fc.assert(
    fc.property(khz, (frequency) => {
      const { mult, shift } = multShift(frequency);
      const cycles = 600n * 1000n * BigInt(frequency);
      const fits = (m: bigint) => (cycles * m) >> 64n === 0n;
      return shift > 0 && shift <= 32 && fits(BigInt(mult)) && mult >= 2 ** 20;
    }),
  );
});

test('the exact frequency lies within half a step of mult from the integer', () => {
  fc.assert(
    fc.property(khz, (frequency) => {
      const ratio = multShift(frequency);
      return Math.abs(kernelHz(ratio) / (frequency * 1000) - 1) <= 0.5 / ratio.mult + 1e-15;
    }),
  );
});

test('a frequency is found again from a narrow interval around its ratio, alone', () => {
  fc.assert(
    fc.property(khz, (frequency) => {
      const ratio = multShift(frequency);
      const hz = kernelHz(ratio);
      const found = candidatesWithin(hz * (1 - 1e-9), hz * (1 + 1e-9)) ?? [];
      return found.length === 1 && found[0]?.mult === ratio.mult && (found[0]?.khz ?? []).includes(frequency);
    }),
  );
});

test('a fast counter: two integers lead to one mult, and both are told', () => {
  const both = candidatesWithin(5.2e9 - 2000, 5.2e9 + 2000) ?? [];
  expect(both.some((candidate) => candidate.khz.length > 1)).toBe(true);
  expect(new Set(both.map(({ mult }) => mult)).size).toBe(both.length);
});

test('an interval as wide as a guess names nobody', () => {
  expect(candidatesWithin(1e9, 3e9)).toBeNull();
});

test('brackets made with a ratio are explained by it, and not by its neighbours', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 800_000, max: 4_500_000 }),
      fc.integer({ min: 0, max: 2 ** 20 }),
      (frequency, phase) => {
        const ratio = multShift(frequency);
        const read = (tsc: bigint) =>
          Number((tsc * BigInt(ratio.mult) + BigInt(phase)) >> BigInt(ratio.shift));
        const rows = Array.from({ length: 200 }, (_, i) => {
          const tsc = i * 13_000_007;
          return { before: tsc - 40, ns: read(BigInt(tsc)), after: tsc + 60 };
        });
        const brackets = bracketsOf(rows);
        return (
          explains(ratio, brackets) &&
          !explains({ ...ratio, mult: ratio.mult + 1 }, brackets) &&
          !explains({ ...ratio, mult: ratio.mult - 1 }, brackets)
        );
      },
    ),
    { numRuns: 50 },
  );
});

describe("naming the kernel's ratio", () => {
  const TRUE = multShift(2_596_130);
  const HZ = kernelHz(TRUE);
  const made = (ratio: { mult: number; shift: number }, spanNs: number) =>
    bracketsOf(
      Array.from({ length: 50 }, (_, i) => {
        const tsc = BigInt(Math.round((i / 49) * spanNs * 2.596));
        const ns = Number((tsc * BigInt(ratio.mult)) >> BigInt(ratio.shift));
        return { before: Number(tsc) - 40, ns, after: Number(tsc) + 60 };
      }),
    );
  /** A run of this length: its certain bounds, and an estimate this many standard errors off. */
  const run = (spanNs: number, off: number, error: number) => ({
    tscHz: HZ * (1 + off * error),
    tscHzLow: HZ * (1 - 40 / spanNs),
    tscHzHigh: HZ * (1 + 40 / spanNs),
    standardErrorRatio: error,
  });
  const name = (
    spanNs: number,
    page: Parameters<typeof identifyKernel>[4],
    ratio = TRUE,
    off = 0,
    error = Math.max(1e-9, 4 / spanNs),
  ) => {
    const { kernel, kernelReason: reason } = identifyKernel(
      'monotonic_raw',
      known('tsc', 'test'),
      run(spanNs, off, error),
      made(ratio, spanNs),
      page,
    );
    return { mult: kernel?.mult ?? null, tscKhz: kernel?.tscKhz ?? null, reason };
  };
  const NO_PAGE = unknown('vvar page: not here');
  const found = { mult: TRUE.mult, tscKhz: 2_596_130, reason: null };

  test('a long run needs no page, a short one is settled by it', () => {
    expect(name(1e9, NO_PAGE)).toEqual(found);
    expect(name(1e4, NO_PAGE)).toEqual({
      mult: null,
      tscKhz: null,
      reason: 'the run was too short to tell one kHz from another',
    });
    expect(name(1e4, known(TRUE, 'vvar page'))).toEqual(found);
    expect(name(1e7, NO_PAGE)).toMatchObject({
      mult: null,
      reason: expect.stringMatching(/^\d+ ratios fit/),
    });
    expect(name(1e7, known(TRUE, 'vvar page'))).toEqual(found);
  });

  test("a ratio that no whole kHz makes is the page's to name", () => {
    const odd = { ...TRUE, mult: TRUE.mult + 1 };
    expect(name(1e8, known(odd, 'vvar page'), odd)).toEqual({
      mult: odd.mult,
      tscKhz: null,
      reason: 'no whole number of kHz gives this mult and shift, which the vvar page names',
    });
  });

  test('a page that the brackets contradict is not believed', () => {
    expect(name(1e9, known({ ...TRUE, mult: TRUE.mult + 1 }, 'vvar page'))).toEqual(found);
  });

  test('an estimate far off is no changed counter while a ratio within the certain bounds explains all', () => {
    expect([7, 9, 35].map((off) => name(1e9, NO_PAGE, TRUE, off))).toEqual([found, found, found]);
  });

  test('of several that explain all, those within 8 standard errors, and at least 1 ppb, count', () => {
    // Neighbours are 310 to 460 ppb apart; the certain bounds hold twenty of them.
    const named = (error: number) => name(1e7, NO_PAGE, TRUE, 0, error).mult;
    expect([named(30e-9), named(60e-9), named(1e-15)]).toEqual([TRUE.mult, null, TRUE.mult]);
  });

  test('where none within the certain bounds does, the counter or its scale changed', () => {
    expect(name(1e9, NO_PAGE, multShift(2_596_140))).toMatchObject({
      mult: null,
      reason: 'no integer kHz explains the brackets: the counter or its scale changed',
    });
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explains } from '../../src/tsc/identify.ts';
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

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Bracket } from '../../src/clock/bracket-rows.ts';
import { conversionIn, vvarConversion, vvarPages } from '../../src/host/vvar.ts';
import { multShift } from '../../src/tsc/kernel-ratio.ts';

/** A kernel's timekeeper at its last tick. */
interface Keeper {
  readonly mult: number;
  readonly shift: number;
  readonly cycleLast: bigint;
  readonly sec: bigint;
  /** Already shifted. */
  readonly nsec: bigint;
}

const ALL_ONES = -1n;
const scale = ({ mult, shift }: Keeper): bigint => (BigInt(shift) << 32n) | BigInt(mult);
/** 12 base times, of which the fifth is the raw clock's. */
const bases = ({ sec, nsec }: Keeper): bigint[] =>
  Array.from({ length: 12 }, (_, i) => (i === 4 ? [sec, nsec] : [7n + BigInt(i), 11n])).flat();

/** struct vdso_clock of Linux 6.15, twice: for the steered clocks and for the raw one. */
function pageOf615(raw: Keeper): BigInt64Array {
  const steered = { ...raw, mult: raw.mult + 137 };
  const clock = (keeper: Keeper, base: bigint[]) => [
    0x1_04ef_f814n,
    keeper.cycleLast,
    0x25_6bf4_63c9fn,
    ALL_ONES,
    scale(keeper),
    ...base,
  ];
  return pageFrom(0, [...clock(steered, new Array(24).fill(5n)), ...clock(raw, bases(raw))]);
}

/** struct vdso_data of Linux 5.3 to 6.9: 128 bytes into the page, without max_cycles, and with a time zone behind. */
function pageOf53(raw: Keeper): BigInt64Array {
  const clock = (base: bigint[]) => [
    0x1_0000_0002n,
    raw.cycleLast,
    ALL_ONES,
    scale(raw),
    ...base,
    0n,
    1n,
    0n,
  ];
  return pageFrom(16, [...clock(new Array(24).fill(5n)), ...clock(bases(raw))]);
}

function pageFrom(at: number, words: readonly bigint[]): BigInt64Array {
  const page = new BigInt64Array(512);
  page.set(words, at);
  return page;
}

const readAt = ({ mult, shift, cycleLast, sec, nsec }: Keeper, tsc: bigint): bigint =>
  sec * 1_000_000_000n + (((tsc - cycleLast) * BigInt(mult) + nsec) >> BigInt(shift));

const keepers: fc.Arbitrary<Keeper> = fc
  .record({
    khz: fc.integer({ min: 800_000, max: 4_500_000 }),
    cycleLast: fc.bigInt(1n << 30n, 1n << 60n),
    sec: fc.bigInt(1n, 10n ** 8n),
    ns: fc.bigInt(0n, 999_999_999n),
  })
  .map(({ khz, cycleLast, sec, ns }) => {
    const { mult, shift } = multShift(khz);
    return { mult, shift, cycleLast, sec, nsec: (ns << BigInt(shift)) + 12_345n };
  });

/** Ticks since the last tick of the kernel: a bracket may also have been taken before the page was rewritten. */
const since = fc.bigInt(-10_000_000n, 10_000_000n);

const bracketOf = (keeper: Keeper, tsc: bigint, ns = readAt(keeper, tsc)): Bracket => ({
  before: tsc - 40n,
  ns,
  after: tsc + 60n,
});

test.each([
  ['Linux 6.15', pageOf615],
  ['Linux 5.3', pageOf53],
] as const)('the layout of %s: the raw clock, not the steered one before it', (_, pageOf) => {
  fc.assert(
    fc.property(keepers, since, (keeper, ticks) => {
      const found = conversionIn(pageOf(keeper), bracketOf(keeper, keeper.cycleLast + ticks));
      expect(found).toEqual({ mult: keeper.mult, shift: keeper.shift });
    }),
  );
});

test('a reading that does not follow from the page names nobody', () => {
  fc.assert(
    fc.property(keepers, since, fc.constantFrom(-1000n, -100n, 100n, 1000n), (keeper, ticks, off) => {
      const tsc = keeper.cycleLast + ticks;
      // Beyond the window, which is at most 100 ticks wide.
      expect(
        conversionIn(pageOf615(keeper), bracketOf(keeper, tsc, readAt(keeper, tsc) + off * 2n)),
      ).toBeNull();
    }),
  );
});

test('to the nanosecond: the window decides, not a tolerance', () => {
  const keeper = { ...multShift(2_596_130), cycleLast: 1n << 40n, sec: 1000n, nsec: 0n };
  const tsc = keeper.cycleLast + 2_600_000n;
  const exactly = { before: tsc, ns: readAt(keeper, tsc), after: tsc };
  const at = (ns: bigint) => conversionIn(pageOf615(keeper), { ...exactly, ns });
  expect([at(exactly.ns - 1n), at(exactly.ns), at(exactly.ns + 1n)]).toEqual([
    null,
    { mult: keeper.mult, shift: keeper.shift },
    null,
  ]);
});

test('words of any kind are no conversion', () => {
  const word = fc.oneof(fc.constant(ALL_ONES), fc.constant(0n), fc.bigInt(-(1n << 63n), (1n << 63n) - 1n));
  const bracket = { before: 1n << 40n, ns: 1n << 41n, after: (1n << 40n) + 100n };
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 512 }),
      (words) => conversionIn(BigInt64Array.from(words), bracket) === null,
    ),
  );
});

test('a page of which the mask or the shift is none of a TSC is left alone', () => {
  const keeper = { mult: 1, shift: 33, cycleLast: 1n << 40n, sec: 1000n, nsec: 0n };
  const tsc = keeper.cycleLast + 1000n;
  expect(conversionIn(pageOf615(keeper), bracketOf(keeper, tsc))).toBeNull();
  const fine = { ...keeper, shift: 32, mult: 2 ** 31 };
  expect(conversionIn(pageOf615(fine), bracketOf(fine, tsc))).toEqual({ mult: 2 ** 31, shift: 32 });
  const page = pageOf615(fine);
  const of32 = page.map((word) => (word === ALL_ONES ? 0xffff_ffffn : word));
  expect(conversionIn(of32, bracketOf(fine, tsc))).toBeNull();
});

test('every page of the mapping is looked at', () => {
  const maps = [
    '7fd159fd2000-7fd159fd6000 r--p 00000000 00:00 0                          [vvar]',
    '7fd159fd6000-7fd159fd8000 r--p 00000000 00:00 0                          [vvar_vclock]',
  ].join('\n');
  expect(vvarPages(maps)).toEqual([0x7fd159fd2000n, 0x7fd159fd3000n, 0x7fd159fd4000n, 0x7fd159fd5000n]);
  expect(vvarPages('7fd159fd6000-7fd159fd8000 r-xp 00000000 00:00 0   [vdso]')).toEqual([]);
});

test('this host: a ratio that gives a rate of a TSC, or why there is none', () => {
  const fact = vvarConversion();
  if (fact.value === null) {
    expect(fact.reason).toMatch(/^vvar page: \S/);
    return;
  }
  const hz = (1e9 * 2 ** fact.value.shift) / fact.value.mult;
  expect(hz).toBeGreaterThan(5e8);
  expect(hz).toBeLessThan(1e10);
});

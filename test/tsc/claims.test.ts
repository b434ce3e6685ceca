import { expect, test } from 'vitest';
import type { ReadLeaf, Registers } from '../../src/host/cpuid.ts';
import { known, unknown } from '../../src/host/fact.ts';
import { collectClaims, vvarClaim } from '../../src/tsc/claims/collect.ts';
import { cpuidClaims } from '../../src/tsc/claims/cpuid.ts';
import { claimsInLog } from '../../src/tsc/claims/kernel-log.ts';
import { pvclockAddress, pvclockHz, pvclockKhz } from '../../src/tsc/claims/pvclock.ts';

const leaves =
  (table: Record<number, Registers>): ReadLeaf =>
  (leaf) =>
    table[leaf] ?? null;

const hzOf = (table: Record<number, Registers>) => cpuidClaims(leaves(table)).map(({ hz }) => hz);

test('CPUID 0x15 with a crystal: multiplied before it is divided', () => {
  // A 25 MHz crystal times 184 / 2, and a ratio that a double would spoil: 38.4 MHz times 157 / 2.
  expect(hzOf({ 21: [2, 184, 25_000_000, 0] })).toEqual([2_300_000_000, null, null]);
  expect(hzOf({ 21: [3, 157, 38_400_000, 0] })[0]).toBe(2_009_600_000);
});

test('CPUID 0x15 without a crystal takes it from the base frequency', () => {
  const [crystal, base] = cpuidClaims(leaves({ 21: [2, 176, 0, 0], 22: [2100, 3700, 100, 0] }));
  // 2100 MHz * 2 / 176 = 23.863636 MHz, in whole kHz 23864, times 176 / 2.
  expect(crystal).toMatchObject({ hz: 2_100_032_000, reason: expect.stringContaining('0x16') });
  expect(base?.hz).toBe(2_100_000_000);
});

test('an empty leaf, or none, is no claim but a reason', () => {
  for (const table of [{}, { 21: [0, 0, 0, 0], 22: [0, 0, 0, 0] }] as Record<number, Registers>[]) {
    for (const { hz, reason } of cpuidClaims(leaves(table))) {
      expect(hz).toBeNull();
      expect(reason).not.toBe('');
    }
  }
  expect(cpuidClaims(leaves({ 21: [2, 176, 0, 0] }))[0]?.reason).toContain('176 / 2');
});

test('the hypervisor leaf counts in kHz, and only where it reaches', () => {
  expect(hzOf({ 1073741824: [0x40000010, 0, 0, 0], 1073741840: [2_596_130, 0, 0, 0] })[2]).toBe(
    2_596_130_000,
  );
  expect(cpuidClaims(leaves({ 1073741824: [0x40000001, 0, 0, 0] }))[2]?.reason).toContain(
    'end at 0x40000001',
  );
});

test('a frequency that no TSC has is no claim: below 1 MHz, above 100 GHz', () => {
  const crystal = (hz: number, ratio: number) => cpuidClaims(leaves({ 21: [1, ratio, hz, 0] }))[0];
  expect(crystal(1_000_000, 1)?.hz).toBe(1e6);
  expect(crystal(999_999, 1)).toMatchObject({ hz: null, reason: 'it gives 1.00e+6 Hz, which no TSC has' });
  expect(crystal(1_000_000_000, 100)?.hz).toBe(1e11);
  expect(crystal(1_000_000_001, 100)?.hz).toBeNull();
  expect(crystal(0xffff_ffff, 0xffff_ffff)?.reason).toBe('it gives 1.84e+19 Hz, which no TSC has');
});

test("Hyper-V's leaves are no place for a frequency in kHz, however far they reach", () => {
  const hyperV: Registers = [0x4000_0082, 0x7263_694d, 0x666f_736f, 0x7648_2074];
  expect(cpuidClaims(leaves({ 1073741824: hyperV, 1073741840: [2_596_130, 0, 0, 0] }))[2]).toEqual({
    source: 'CPUID 0x40000010',
    hz: null,
    reason: "Hyper-V's leaves name no frequency; it stands in an MSR that only the kernel reads",
  });
});

const log = (...lines: string[]) =>
  claimsInLog(lines.map((text) => `6,1,58,-;${text}\n`)).map(({ hz }) => hz);

test('the kernel log: detected, and refined later', () => {
  expect(log('tsc: Detected 2596.120 MHz processor')).toEqual([2_596_120_000, null]);
  expect(
    log(
      'tsc: Detected 2100.000 MHz processor',
      'tsc: Detected 2095.078 MHz TSC',
      'clocksource: tsc: mask: 0xffffffffffffffff',
      'tsc: Refined TSC clocksource calibration: 2095.105 MHz',
    ),
  ).toEqual([2_095_078_000, 2_095_105_000]);
  expect(log('nothing of the kind')).toEqual([null, null]);
});

test('the pvclock scale, exactly and as a kernel truncates it', () => {
  // A page seen on a guest: the kernel lost nearly a whole kHz by truncating before it shifted.
  const seen = { mul: 0xc537_a1a0, shift: -1 };
  expect(pvclockHz(seen)).toBeCloseTo(2_596_121_000, -2);
  expect(pvclockKhz(seen)).toBe(2_596_120);
  expect(pvclockHz({ mul: 2 ** 31, shift: 0 })).toBe(2e9);
  expect(pvclockHz({ mul: 2 ** 31, shift: 1 })).toBe(1e9);
  expect(pvclockKhz({ mul: 2 ** 31, shift: 1 })).toBe(1_000_000);
});

test('the page is found where old and new kernels map it', () => {
  const modern = [
    '7f364dd07000-7f364dd0b000 r--p 00000000 00:00 0                          [vvar]',
    '7f364dd0b000-7f364dd0d000 r--p 00000000 00:00 0                          [vvar_vclock]',
  ];
  expect(pvclockAddress(modern.join('\n'))).toBe(0x7f36_4dd0_b000n);
  expect(pvclockAddress(`${modern[0]}\n`)).toBe(0x7f36_4dd0_8000n);
  expect(pvclockAddress('00400000-00401000 r-xp 00000000 08:01 1 /usr/bin/node')).toBeNull();
});

test('on any host every source answers, with a frequency or with a reason', () => {
  const claims = collectClaims();
  expect(claims.length).toBeGreaterThanOrEqual(11);
  expect(new Set(claims.map(({ source }) => source)).size).toBe(claims.length);
  for (const { hz, reason } of claims) {
    expect(reason).not.toBe('');
    if (hz !== null) expect(hz).toBeGreaterThan(1e6);
  }
});

test('what a program wrote into the log is no claim, and a number with two points is no number', () => {
  const hertz = (line: string) => claimsInLog([line]).map(({ hz }) => hz);
  expect(hertz('6,1,0,-;tsc: Detected 2400.000 MHz processor')).toEqual([2.4e9, null]);
  expect(hertz('14,1,0,-;tsc: Detected 2400.000 MHz processor')).toEqual([null, null]);
  expect(hertz('tsc: Detected 2.400.000 MHz processor')).toEqual([null, null]);
});

test("the vvar page: the kernel's own mult and shift, or why they cannot be read", () => {
  expect(vvarClaim(known({ mult: 6_462_394, shift: 24 }, 'vvar page'))).toEqual({
    source: 'vvar page',
    hz: expect.closeTo(2_596_130_164.766, 2),
    reason: "mult 6462394 >> 24: what the kernel's own vDSO makes CLOCK_MONOTONIC_RAW of the TSC by",
  });
  expect(vvarClaim(unknown('vvar page: no page of it may be read'))).toEqual({
    source: 'vvar page',
    hz: null,
    reason: 'no page of it may be read',
  });
});

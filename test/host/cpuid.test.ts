import { expect, test } from 'vitest';
import { brandOf, decodeSignature } from '../../src/host/cpu.ts';
import { leafReader, type Registers, textOf } from '../../src/host/cpuid.ts';

test.each([
  // Zen 5, Zen 4, Ice Lake server, a Pentium 4: from the vendors' lists of signatures.
  [0x00b0_0f21, 26, 2, 1],
  [0x00a1_0f11, 25, 17, 1],
  [0x0006_06a6, 6, 106, 6],
  [0x0000_0f29, 15, 2, 9],
])('signature %i is family %i, model %i, stepping %i', (eax, family, model, stepping) => {
  expect(decodeSignature(eax)).toEqual({ family, model, stepping });
});

/** A CPU with leaves up to 7, hypervisor leaves up to 0x40000001 if it is a guest, and a brand. */
const cpuid =
  (guest: boolean) =>
  (leaf: number): Registers => {
    if (leaf === 0) return [7, 0x6874_7541, 0x444d_4163, 0x6974_6e65];
    if (leaf === 1) return [0, 0, guest ? 0x8000_0000 : 0, 0];
    if (leaf === 0x4000_0000) return [0x4000_0001, 0, 0, 0];
    if (leaf === 0x8000_0000) return [0x8000_0004, 0, 0, 0];
    if (leaf === 0x8000_0002) return [0x2041_4d44, 0x4320_2020, 0x0055_5050, 0];
    if (leaf > 0x8000_0002) return [0, 0, 0, 0];
    return [leaf, leaf, leaf, leaf];
  };

test('leaves beyond the range are not read: a CPU answers those with something else', () => {
  const leaf = leafReader(cpuid(true));
  expect(leaf(7)).toEqual([7, 7, 7, 7]);
  expect(leaf(0x15)).toBeNull();
  expect(leaf(0x4000_0001)).not.toBeNull();
  expect(leaf(0x4000_0010)).toBeNull();
  expect(leaf(0x8000_0007)).toBeNull();
});

test('on bare metal there are no hypervisor leaves, whatever the CPU answers there', () => {
  expect(leafReader(cpuid(false))(0x4000_0000)).toBeNull();
});

test('names are packed four letters a register', () => {
  expect(textOf([0x6874_7541, 0x6974_6e65, 0x444d_4163])).toBe('AuthenticAMD');
  expect(brandOf(leafReader(cpuid(true)))).toBe('DMA CPPU');
  expect(brandOf(() => null)).toBeNull();
});

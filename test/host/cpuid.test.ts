import { expect, test } from 'vitest';
import { brandOf, decodeSignature } from '../../src/host/cpu.ts';
import { leafReader, type Registers, textOf } from '../../src/host/cpuid.ts';
import { hypervisorOf } from '../../src/host/virtualization.ts';

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

/** What QEMU shows with hv-* features: Hyper-V first, KVM's own leaves behind. Intel repeats another leaf where there is none. */
const behindHyperV = (leaf: number): Registers => {
  if (leaf === 0x4000_0000) return [0x4000_000a, 0x7263_694d, 0x666f_736f, 0x7648_2074];
  if (leaf === 0x4000_0100) return [0x4000_0101, 0x4b4d_564b, 0x564b_4d56, 0x4d];
  if (leaf === 0x4000_0101) return [0x0100_7efb, 0, 0, 0];
  return leaf > 0x4000_000a && leaf < 0x4001_0000 ? [7, 0x340, 0x340, 0] : cpuid(true)(leaf);
};

test("KVM's own leaves are found behind Hyper-V's, and name the hypervisor", () => {
  const leaf = leafReader(behindHyperV);
  expect(leaf(0x4000_0101)).toEqual([0x0100_7efb, 0, 0, 0]);
  for (const beyond of [0x4000_000b, 0x4000_0102, 0x4000_0200]) expect(leaf(beyond)).toBeNull();
  expect(hypervisorOf(leaf)).toEqual({
    value: 'KVM',
    source: 'CPUID 0x40000100, behind those of Hyper-V at 0x40000000',
  });
});

test('one interface is the hypervisor; a signature that nobody knows is shown as it is; none is said', () => {
  const named = (ebx: number, ecx: number, edx: number) =>
    hypervisorOf((leaf) => (leaf === 0x4000_0000 ? [0x4000_0000, ebx, ecx, edx] : null));
  expect(named(0x4b4d_564b, 0x564b_4d56, 0x4d)).toEqual({ value: 'KVM', source: 'CPUID 0x40000000' });
  expect(named(0x5f77_654e, 0x706f_6548, 0x3332_3172).value).toBe('New_Heopr123');
  expect(named(0, 0, 0)).toEqual({ value: null, reason: 'CPUID 0x40000000: no signature' });
});

test('on bare metal there are no hypervisor leaves, whatever the CPU answers there', () => {
  expect(leafReader(cpuid(false))(0x4000_0000)).toBeNull();
});

test('names are packed four letters a register', () => {
  expect(textOf([0x6874_7541, 0x6974_6e65, 0x444d_4163])).toBe('AuthenticAMD');
  expect(brandOf(leafReader(cpuid(true)))).toBe('DMA CPPU');
  expect(brandOf(() => null)).toBeNull();
});

import { native } from '../native.ts';
import { type Fact, factOf } from './fact.ts';

/** [eax, ebx, ecx, edx] of one CPUID leaf. */
export type Registers = readonly [eax: number, ebx: number, ecx: number, edx: number];

/** Reads one CPUID leaf; null where the CPU or the hypervisor does not offer it. */
export type ReadLeaf = (leaf: number, subleaf?: number) => Registers | null;

const HYPERVISOR_BASE = 0x40000000;
const EXTENDED_BASE = 0x80000000;

/** Hypervisors place their leaves at every 0x100 from 0x40000000; this is as far as they may reach. */
const HYPERVISOR_END = 0x40010000;

/**
 * A reader that checks the range first: a leaf beyond it answers with another leaf's values (Intel) or zeros.
 *
 * @param cpuid the raw instruction.
 */
export function leafReader(cpuid: (leaf: number, subleaf: number) => Registers): ReadLeaf {
  const [highest] = cpuid(0, 0);
  const [highestExtended] = cpuid(EXTENDED_BASE, 0);
  const guest = ((cpuid(1, 0)[2] >>> 31) & 1) === 1;
  const highestHypervisor = guest ? cpuid(HYPERVISOR_BASE, 0)[0] : 0;
  const top = (leaf: number): number => {
    if (leaf >= EXTENDED_BASE) return highestExtended;
    if (leaf >= HYPERVISOR_BASE && leaf < HYPERVISOR_END) return highestHypervisor;
    return highest;
  };
  return (leaf, subleaf = 0) => (leaf <= top(leaf) ? cpuid(leaf, subleaf) : null);
}

/** Bit `bit` of a register. */
export const bitOf = (register: number, bit: number): boolean => ((register >>> bit) & 1) === 1;

/** The ASCII text in some registers, as CPUID packs vendor and brand names. */
export function textOf(registers: readonly number[]): string {
  const bytes = Buffer.alloc(registers.length * 4);
  registers.forEach((register, i) => {
    bytes.writeUInt32LE(register, i * 4);
  });
  return bytes.toString('latin1').replace(/\0/g, ' ').trim();
}

let leaves: ReadLeaf | null = null;

/**
 * This CPU's leaves.
 *
 * @throws TscopeError where the addon cannot be loaded.
 */
export function cpuid(leaf: number, subleaf = 0): Registers | null {
  leaves ??= leafReader((number, sub) => native().cpuid(number, sub));
  return leaves(leaf, subleaf);
}

/** What `decode` makes of one leaf; the reason where the leaf or the addon is missing. */
export const leafFact = <T>(leaf: number, what: string, decode: (registers: Registers) => T): Fact<T> =>
  factOf(`CPUID 0x${leaf.toString(16)}${what}`, () => {
    const registers = cpuid(leaf);
    if (registers === null) throw new Error('this CPU has no such leaf');
    return decode(registers);
  });

import { native } from '../native.ts';
import { type Fact, factOf } from './fact.ts';

/** [eax, ebx, ecx, edx] of one CPUID leaf. */
export type Registers = readonly [eax: number, ebx: number, ecx: number, edx: number];

/** Reads one CPUID leaf; null where the CPU or the hypervisor does not offer it. */
export type ReadLeaf = (leaf: number) => Registers | null;

/** Where the hypervisor's leaves begin. Each of several interfaces has its own 0x100 of them: KVM's follow Hyper-V's. */
export const HYPERVISOR_BASE = 0x40000000;
/** This is as far as they may reach. */
const HYPERVISOR_END = 0x40010000;
const HYPERVISOR_STEP = 0x100;
/** Twelve letters, of which NULs and spaces at the end are cut. */
const SIGNATURE = /^[ -~]{6,12}$/;
const EXTENDED_BASE = 0x80000000;

/** The signature of Hyper-V's leaves, which other hypervisors offer too. */
export const HYPER_V = 'Microsoft Hv';

/**
 * A reader that checks the range first: a leaf beyond it answers with another leaf's values (Intel) or zeros.
 *
 * @param cpuid the raw instruction.
 */
export function leafReader(cpuid: (leaf: number) => Registers): ReadLeaf {
  const [highest] = cpuid(0);
  const [highestExtended] = cpuid(EXTENDED_BASE);
  const guest = bitOf(cpuid(1)[2], 31);
  /** The last leaf of the interface that a hypervisor's leaf belongs to. Beyond the first, only a signature shows that there is one. */
  const hypervisorTop = (leaf: number): number => {
    if (!guest) return 0;
    const base = leaf - (leaf % HYPERVISOR_STEP);
    const [last, ...signature] = cpuid(base);
    if (base === HYPERVISOR_BASE) return last;
    return SIGNATURE.test(textOf(signature)) && last < base + HYPERVISOR_STEP ? Math.max(base, last) : 0;
  };
  const top = (leaf: number): number => {
    if (leaf >= EXTENDED_BASE) return highestExtended;
    if (leaf >= HYPERVISOR_BASE && leaf < HYPERVISOR_END) return hypervisorTop(leaf);
    return highest;
  };
  return (leaf) => (leaf <= top(leaf) ? cpuid(leaf) : null);
}

/** The hypervisor's interfaces, the first one first: where the leaves of each begin, and its signature. None on bare metal. */
export function hypervisorSignatures(leaf: ReadLeaf): { base: number; signature: string }[] {
  const found = [];
  for (let base = HYPERVISOR_BASE; base < HYPERVISOR_END; base += HYPERVISOR_STEP) {
    const signature = textOf(leaf(base)?.slice(1) ?? []);
    if (signature !== '') found.push({ base, signature });
  }
  return found;
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
export function cpuid(leaf: number): Registers | null {
  leaves ??= leafReader((number) => native().cpuid(number, 0));
  return leaves(leaf);
}

/** What `decode` makes of one leaf; the reason where the leaf or the addon is missing. */
export const leafFact = <T>(leaf: number, what: string, decode: (registers: Registers) => T): Fact<T> =>
  factOf(`CPUID 0x${leaf.toString(16)}${what}`, () => {
    const registers = cpuid(leaf);
    if (registers === null) throw new Error('this CPU has no such leaf');
    return decode(registers);
  });

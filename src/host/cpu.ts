import { readFileSync } from 'node:fs';
import { cpuid, leafFact, type ReadLeaf, textOf } from './cpuid.ts';
import { type Fact, factOf, mapFact, required } from './fact.ts';

/** Who made the CPU and which one it is. */
export interface CpuFacts {
  readonly vendor: Fact<string>;
  readonly brand: Fact<string>;
  readonly family: Fact<number>;
  readonly model: Fact<number>;
  readonly stepping: Fact<number>;
}

/**
 * Family, model and stepping of CPUID leaf 1 EAX, with the extended fields added as the vendors' manuals say:
 * the extended family counts when the family is 15, the extended model when it is 6 or 15.
 */
export function decodeSignature(eax: number): { family: number; model: number; stepping: number } {
  const base = (eax >>> 8) & 0xf;
  const family = base === 0xf ? base + ((eax >>> 20) & 0xff) : base;
  const extendedModel = base === 0x6 || base === 0xf ? (eax >>> 16) & 0xf : 0;
  return { family, model: (extendedModel << 4) | ((eax >>> 4) & 0xf), stepping: eax & 0xf };
}

/** The brand string of leaves 0x80000002 to 0x80000004, or null where there is none. */
export function brandOf(leaf: ReadLeaf): string | null {
  const parts = [0x80000002, 0x80000003, 0x80000004].map((number) => leaf(number));
  const registers = parts.flatMap((part) => part ?? []);
  return registers.length === 12 ? textOf(registers).replace(/\s+/g, ' ') || null : null;
}

/** The brand string by CPUID, else the model name that the kernel prints. */
export function cpuBrand(): Fact<string> {
  const direct = factOf('CPUID 0x80000002', () => required(brandOf(cpuid), 'no brand string'));
  if (direct.value !== null) return direct;
  return factOf('/proc/cpuinfo model name', () => {
    const line = /^model name\s*: (.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
    return required(line?.[1], 'no such line');
  });
}

/** Reads all of them; each fails on its own. */
export function cpuFacts(): CpuFacts {
  const signature = leafFact(1, '', ([eax]) => decodeSignature(eax));
  return {
    vendor: leafFact(0, '', ([, ebx, ecx, edx]) => textOf([ebx, edx, ecx])),
    brand: cpuBrand(),
    family: mapFact(signature, ({ family }) => family),
    model: mapFact(signature, ({ model }) => model),
    stepping: mapFact(signature, ({ stepping }) => stepping),
  };
}

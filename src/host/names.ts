import { sibling } from '../sibling.ts';
import { startThread } from '../thread.ts';
import type { CpuFacts } from './cpu.ts';
import { type Fact, known, reasonOf, unknown } from './fact.ts';
import type { ReportedNames } from './names-thread.ts';
import type { VirtualizationFacts } from './virtualization.ts';

/** One name as systeminformation reports it, beside the fact that was read directly. */
export interface NameComparison {
  readonly name: string;
  readonly systeminformation: Fact<string>;
  readonly direct: string | null;
  /** Null where one of the two is missing. */
  readonly same: boolean | null;
}

const THREAD = sibling(import.meta.url, './names-thread');

/** The longest that systeminformation and its child processes are waited for. */
const PATIENCE_MS = 1_000;

/** Vendors by the words of CPUID. */
const VENDORS: Readonly<Record<string, string>> = {
  authenticamd: 'amd',
  genuineintel: 'intel',
  hygongenuine: 'hygon',
};

/** A name without what differs from one printer of it to the next: marks, case, spaces, the vendor's other name. */
function bare(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/\((r|tm|c)\)|[\u00ae\u2122]/g, ' ')
    .replace(/\b(cpu|processor)\b|@.*$/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return VENDORS[plain] ?? plain;
}

function compare(name: string, reported: string, direct: string | null): NameComparison {
  const systeminformation: Fact<string> =
    reported === '' ? unknown('systeminformation: no answer') : known(reported, 'systeminformation');
  const same = reported === '' || direct === null ? null : bare(reported) === bare(direct);
  return { name, systeminformation, direct, same };
}

const textOrNull = (fact: Fact<string | number | boolean>): string | null =>
  fact.value === null ? null : String(fact.value);

/**
 * Names for people from systeminformation, asked for on a thread of its own that nobody waits for longer than a second.
 * What decides trust is read directly; where both know the same thing, both are shown.
 */
export async function namesBySysteminformation(direct: {
  readonly cpu: CpuFacts;
  readonly virtualization: VirtualizationFacts;
}): Promise<Fact<NameComparison[]>> {
  const { ended, terminate } = startThread<never, ReportedNames>(THREAD, null, () => {});
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  try {
    const names = await Promise.race([ended, tooLate]);
    const { cpu, virtualization } = direct;
    return known(
      [
        compare('machine', names.machine, null),
        compare('os', names.os, null),
        compare('cpu.vendor', names.vendor, textOrNull(cpu.vendor)),
        compare('cpu.brand', names.brand, textOrNull(cpu.brand)),
        compare('cpu.family', names.family, textOrNull(cpu.family)),
        compare('cpu.model', names.model, textOrNull(cpu.model)),
        compare('cpu.stepping', names.stepping, textOrNull(cpu.stepping)),
        compare('virtualization.guest', names.guest, textOrNull(virtualization.guest)),
        compare('virtualization.hypervisor', names.hypervisor, textOrNull(virtualization.hypervisor)),
      ],
      'systeminformation',
    );
  } catch (error) {
    return unknown(`systeminformation: ${reasonOf(error)}`);
  } finally {
    clearTimeout(timer);
    ended.catch(() => {});
    terminate();
  }
}

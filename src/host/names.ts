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

type DirectFact = Fact<string | number | boolean>;

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

/** A name that systeminformation reported, empty where it has none, beside the fact that was read directly. */
export function compareName(name: string, reported: string, fact: DirectFact | undefined): NameComparison {
  const direct = fact == null || fact.value === null ? null : String(fact.value);
  const systeminformation: Fact<string> =
    reported === '' ? unknown('systeminformation: no answer') : known(reported, 'systeminformation');
  const same = reported === '' || direct === null ? null : bare(reported) === bare(direct);
  return { name, systeminformation, direct, same };
}

/**
 * Names for people from systeminformation, asked for on a thread of its own that nobody waits for longer than a second.
 * What decides trust is read directly; where both know the same thing, both are shown.
 */
export async function namesBySysteminformation({
  cpu,
  virtualization,
}: {
  readonly cpu: CpuFacts;
  readonly virtualization: VirtualizationFacts;
}): Promise<Fact<NameComparison[]>> {
  const { ended, terminate } = startThread<never, ReportedNames>(THREAD, null, () => {});
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  const direct: Readonly<Record<string, DirectFact>> = {
    'cpu.vendor': cpu.vendor,
    'cpu.brand': cpu.brand,
    'cpu.family': cpu.family,
    'cpu.model': cpu.model,
    'cpu.stepping': cpu.stepping,
    'virtualization.guest': virtualization.guest,
    'virtualization.hypervisor': virtualization.hypervisor,
  };
  try {
    const names = Object.entries(await Promise.race([ended, tooLate]));
    return known(
      names.map(([name, reported]) => compareName(name, reported, direct[name])),
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

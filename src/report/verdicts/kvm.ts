import type { KvmResult } from '../../schema/kvm.ts';
import type { Level, Verdict } from './verdict.ts';

const WORDS: Readonly<Record<KvmResult['verdict'], readonly [Level, string]>> = {
  'keeps-running': [
    'good',
    "A guest's timer keeps running while the guest is stopped: there is nothing to catch up, whatever the kernel would do about it.",
  ],
  clamps: ['good', 'It clamps: what a guest missed in a stop is dropped, as the fix does.'],
  'catches-up': [
    'bad',
    'It runs through every period that a guest missed, with interrupts off: CVE-2025-71104 is open on this host.',
  ],
  inconclusive: ['unknown', 'This run does not tell what it does with the ticks that a guest misses.'],
};

/** What this kernel does with a real guest's timer. The evidence is the result's own explanation. */
export function kvmVerdict({ verdict }: KvmResult): Verdict {
  const [level, text] = WORDS[verdict];
  return { level, about: "This kernel's KVM", text };
}

import type { KvmResult } from '../../schema/kvm.ts';
import type { Level, Verdict } from './verdict.ts';

const LEVELS: Readonly<Record<KvmResult['verdict'], Level>> = {
  'keeps-running': 'good',
  clamps: 'good',
  'catches-up': 'bad',
  inconclusive: 'unknown',
};

const WORDS: Readonly<Record<KvmResult['verdict'], string>> = {
  'keeps-running': 'Its timer keeps running over a stop.',
  clamps: 'It clamps: the fix is in this kernel.',
  'catches-up': 'It catches up, period by period: CVE-2025-71104 is open on this host.',
  inconclusive: 'This run does not tell what it does.',
};

/** What this kernel does with a real guest's timer. */
export const kvmVerdict = ({ verdict, explanation }: KvmResult): Verdict => ({
  level: LEVELS[verdict],
  about: "This kernel's KVM",
  text: `${WORDS[verdict]} ${explanation}`,
});

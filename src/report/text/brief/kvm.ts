import type { KvmResult } from '../../../schema/kvm.ts';

/** The verdict and what it rests on. */
export const kvmBrief = ({ verdict, explanation, path, pathReason }: KvmResult): string[] => [
  `${verdict}: ${explanation}`,
  `timer: ${path} (${pathReason})`,
];

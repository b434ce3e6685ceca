import { release } from 'node:os';
import { kvmFacts } from '../host/kvm.ts';
import type { PathHost } from './path.ts';

/** This host as a verdict needs to know it. */
export interface KvmHost extends PathHost {
  /** The running kernel's release. */
  readonly kernel: string;
}

/** Reads it; a module parameter that is not there is no error. */
export function kvmHost(): KvmHost {
  const fact = kvmFacts().preemptionTimer;
  return {
    kernel: release(),
    preemptionTimer: fact.value,
    source: 'source' in fact ? `${fact.source}: ${fact.value ? 'on' : 'off'}` : fact.reason,
  };
}

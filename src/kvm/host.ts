import { release } from 'node:os';
import { kvmFacts } from '../host/kvm.ts';
import { kvmNative } from '../native.ts';
import { kvmError } from './kvm-error.ts';
import type { PathHost } from './path.ts';

/** This host as a verdict needs to know it. */
export interface KvmHost extends PathHost {
  /** The running kernel's release. */
  readonly kernel: string;
  /** The guest's TSC rate. */
  readonly tscKhz: number;
}

/** The guest's TSC rate as KVM gives it, kHz. @throws TscopeError UNSUPPORTED where KVM creates no guest. */
export function kvmTscKhz(): number {
  try {
    return kvmNative().tscKhz();
  } catch (error) {
    throw kvmError(error);
  }
}

/** Reads it; a module parameter that is not there is no error. @throws TscopeError as `kvmTscKhz`. */
export function kvmHost(): KvmHost {
  const fact = kvmFacts().preemptionTimer;
  return {
    tscKhz: kvmTscKhz(),
    kernel: release(),
    preemptionTimer: fact.value,
    source: 'source' in fact ? `${fact.source}: ${fact.value ? 'on' : 'off'}` : fact.reason,
  };
}

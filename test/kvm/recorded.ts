import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { GuestStop } from '../../src/kvm/guest-stop.ts';
import type { StallRecord } from '../../src/kvm/stall-finding.ts';
import { type KvmResult, kvmResultSchema } from '../../src/schema/kvm.ts';

/** A real kernel's stop: what its guest saw, and when the kernel's own functions ran. */
export interface RecordedStop {
  readonly name: string;
  /** False: kvm_intel was loaded with preemption_timer=0. */
  readonly preemptionTimer: boolean;
  readonly record: GuestStop;
  /** us after the resume, up to the last interrupt; null where it was not traced. */
  readonly kernel: {
    readonly callbacksUs: readonly number[];
    readonly expirationsUs: readonly number[];
  } | null;
}

/** What `scripts/emulated-intel/run.mjs --fixtures` recorded on one kernel; `about` says on which, and how. */
export interface Recorded {
  readonly about: Readonly<Record<'kernel' | 'machine' | 'command' | 'units', string>>;
  readonly stops: readonly RecordedStop[];
  /** Forced delays of a guest's timer with preemption_timer=0. */
  readonly delays: StallRecord;
  /** A whole document of `tscope kvm`. */
  document(name: string): KvmResult;
}

function load(kind: 'fixed' | 'unfixed'): Recorded {
  const file = join(import.meta.dirname, 'recorded', `emulated-intel-${kind}.json.gz`);
  const { documents, ...rest } = JSON.parse(gunzipSync(readFileSync(file)).toString());
  return {
    ...rest,
    document: (name) => kvmResultSchema.parse(documents[name]?.result) as KvmResult,
  };
}

/** Debian's 6.1 on an emulated Intel host, as shipped, which clamps. */
export const fixed = load('fixed');
/** The same with the clamp taken out, which catches up. */
export const unfixed = load('unfixed');

/** The guest's TSC there, kHz. */
export const RECORDED_TSC_KHZ = 200_000;

/** The stops in which a guest was not run for a while, with the preemption timer on. */
export const pauses = ({ stops }: Recorded): RecordedStop[] =>
  stops.filter(({ preemptionTimer, record }) => preemptionTimer && record.stop === 'pause');

import { closeSync, openSync } from 'node:fs';
import { kvmNative } from '../native.ts';
import { type Fact, factOf, fileFact, known, mapFact, unknown } from './fact.ts';

/** What this host can do for guests of its own. */
export interface KvmFacts {
  readonly available: Fact<boolean>;
  readonly preemptionTimer: Fact<boolean>;
  readonly tscKhz: Fact<number>;
}

/** Only VMX has the timer; SVM guests always run on the hrtimer. */
function preemptionTimer(): Fact<boolean> {
  const intel = mapFact(
    fileFact('/sys/module/kvm_intel/parameters/preemption_timer'),
    (text) => text === 'Y',
  );
  if (intel.value !== null) return intel;
  const amd = fileFact('/sys/module/kvm_amd/parameters/nested');
  if (amd.value !== null) return known(false, 'kvm_amd is loaded; SVM has no preemption timer');
  return unknown('neither kvm_intel nor kvm_amd is loaded');
}

/** Opens /dev/kvm, and creates one empty guest to ask for its TSC's frequency. */
export function kvmFacts(): KvmFacts {
  const available = factOf('/dev/kvm', () => {
    closeSync(openSync('/dev/kvm', 'r+'));
    return true;
  });
  return {
    available,
    preemptionTimer: preemptionTimer(),
    tscKhz: available.value === null ? available : factOf('KVM_GET_TSC_KHZ', () => kvmNative().tscKhz()),
  };
}

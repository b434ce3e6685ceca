import { closeSync, openSync } from 'node:fs';
import { kvmNative } from '../native.ts';
import { type Fact, factOf, fileFact, known, mapFact, reasonOf, unknown } from './fact.ts';

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

/** Whether this process may create guests. */
function available(): Fact<boolean> {
  try {
    closeSync(openSync('/dev/kvm', 'r+'));
    return known(true, '/dev/kvm');
  } catch (error) {
    return known(false, `/dev/kvm: ${reasonOf(error)}`);
  }
}

/** Opens /dev/kvm, and creates one empty guest to ask for its TSC's frequency. */
export function kvmFacts(): KvmFacts {
  const usable = available();
  return {
    available: usable,
    preemptionTimer: preemptionTimer(),
    tscKhz:
      usable.value === true
        ? factOf('KVM_GET_TSC_KHZ', () => kvmNative().tscKhz())
        : unknown('no /dev/kvm to ask'),
  };
}

import { clocksFacts } from './clocks.ts';
import { clocksourceFacts } from './clocksource.ts';
import { cpuFacts } from './cpu.ts';
import { tscRemarks } from './kernel-log.ts';
import { kvmFacts } from './kvm.ts';
import { namesBySysteminformation } from './names.ts';
import { osFacts } from './os.ts';
import { schedulingFacts } from './scheduling.ts';
import { tscFacts } from './tsc.ts';
import { virtualizationFacts } from './virtualization.ts';

/**
 * Everything about this host that decides what its clocks are worth. Each fact says where it comes from, or why
 * it is not known; nothing here fails as a whole.
 */
export async function hostFacts() {
  const direct = {
    cpu: cpuFacts(),
    tsc: tscFacts(),
    virtualization: virtualizationFacts(),
    clocksource: clocksourceFacts(),
    clocks: clocksFacts(),
    kvm: kvmFacts(),
    scheduling: schedulingFacts(),
    os: osFacts(),
    kernelRemarks: tscRemarks(),
  };
  return { ...direct, names: await namesBySysteminformation(direct) };
}

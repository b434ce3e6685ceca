import { availableParallelism, hostname, release, totalmem } from 'node:os';
import { currentClocksource } from './clocksource.ts';
import { cpuBrand } from './cpu.ts';
import type { Fact } from './fact.ts';
import { virtualizationFacts } from './virtualization.ts';

/** Which host a document speaks of. A null has its reason in `unknown`, under its name. */
export type HostSummary = ReturnType<typeof hostSummary>;

/** "none", or the hypervisor and the container in one word each. */
function virtualization(): Fact<string> {
  const { guest, hypervisor, container } = virtualizationFacts();
  if (guest.value === null) return guest;
  const layers = [
    ...(guest.value ? [hypervisor.value ?? 'unknown hypervisor'] : []),
    ...(container.value !== null && container.value !== 'none' ? [container.value] : []),
  ];
  return { value: layers.join(', ') || 'none', source: guest.source };
}

/**
 * Which host a document speaks of: names only, read without a child process in well under a millisecond.
 * A name that is not known is null, and `unknown` says why.
 */
export function hostSummary() {
  const unknown: Record<string, string> = {};
  const note = (name: string, fact: Fact<string>): string | null => {
    if (fact.value === null) unknown[name] = fact.reason;
    return fact.value;
  };
  return {
    hostname: hostname(),
    cpu: note('cpu', cpuBrand()),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: release(),
    clocksource: note('clocksource', currentClocksource()),
    virtualization: note('virtualization', virtualization()),
    unknown,
  };
}

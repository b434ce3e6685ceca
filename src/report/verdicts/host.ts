import type { HostFacts } from '../../schema/host.ts';
import type { Verdict } from './verdict.ts';

/** Whether the TSC can be trusted at all. */
export function hostVerdict({ tsc, clocksource, virtualization }: HostFacts): Verdict {
  const about = 'This host';
  const kernel = clocksource.current.value;
  const source =
    kernel === null
      ? 'which clocksource the kernel uses is not known'
      : `the kernel keeps time by clocksource ${kernel}`;
  const hypervisor = virtualization.hypervisor.value;
  const guest =
    virtualization.guest.value === true
      ? ` The host is itself a guest${hypervisor === null ? '' : ` of ${hypervisor}`}.`
      : '';
  if (tsc.readable.value === false) {
    return { level: 'bad', about, text: `The TSC cannot be read from user space; ${source}.${guest}` };
  }
  if (tsc.invariant.value === false) {
    return {
      level: 'bad',
      about,
      text: `The TSC is not invariant, so its rate may change; ${source}.${guest}`,
    };
  }
  if (tsc.invariant.value === null) {
    return { level: 'unknown', about, text: `Whether the TSC is invariant is not known; ${source}.${guest}` };
  }
  return { level: 'good', about, text: `The TSC is invariant and ${source}.${guest}` };
}

import type { Warning } from '../schema/envelope.ts';
import type { KvmResult } from '../schema/kvm.ts';
import { formatNs } from '../units.ts';
import { BURST_CALLBACK_NS, HARMLESS_BURST_NS } from './safety.ts';

/** The stop by SIGSTOP is missing from the result. */
export const SIGSTOP_MISSED: Warning = {
  code: 'kvm-sigstop-missed',
  message: 'SIGSTOP met the vCPU outside the guest each time, so that stop could not be measured.',
  hint: 'Run it again on a quieter host; the other stops stand.',
};

/** Of the policies that this path allows, one at least should predict what was seen. */
const unpredicted = ({ model }: KvmResult): boolean =>
  model.length > 0 && model.every(({ agreement }) => !agreement.agrees);

/** Pure: the doubts that a result leaves. */
export function kvmWarnings(result: KvmResult): Warning[] {
  const { requestedPeriodNs, periodNs, burstEstimate, verdict } = result;
  const warnings: Warning[] = [];
  if (periodNs !== requestedPeriodNs) {
    warnings.push({
      code: 'kvm-period-raised',
      message: `KVM raised the period from ${formatNs(requestedPeriodNs)} to ${formatNs(periodNs)} (min_timer_period_us).`,
      hint: 'Give --period that or more, or lower the parameter of the kvm module.',
    });
  }
  if (burstEstimate.burstNs > HARMLESS_BURST_NS) {
    warnings.push({
      code: 'kvm-long-burst',
      message:
        `The stop could have cost ${formatNs(burstEstimate.burstNs)} with interrupts off ` +
        `(estimate: ${burstEstimate.callbacks} callbacks at ${BURST_CALLBACK_NS} ns) on a kernel that catches up.`,
      hint: null,
    });
  }
  if (verdict === 'catches-up') {
    warnings.push({
      code: 'kvm-catches-up',
      message:
        'This kernel catches up one period at a time (CVE-2025-71104): a long enough stop locks the host up.',
      hint: 'Update the kernel, or load kvm_intel with preemption_timer=0.',
    });
  }
  if (unpredicted(result)) {
    warnings.push({
      code: 'kvm-not-predicted',
      message: 'No policy of the model predicts the interrupts that came after the resume.',
      hint: 'Run it again on a quieter host; if it stays, please report it with the JSON.',
    });
  }
  return warnings;
}

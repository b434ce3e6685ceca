import { isReference, type NoReference, type Reference } from './reference/reference.ts';
import type { CalibrateResult } from './result.ts';

type TrueRate = Pick<CalibrateResult, 'trueRate' | 'trueRateReason'>;

/** The frequency of CLOCK_MONOTONIC_RAW's second: the kernel's exact one where it is known, else the measured one. */
export function rawRate({
  clock,
  kernel,
  tscHz,
  standardErrorRatio,
}: CalibrateResult): { hz: number; errorRatio: number } | null {
  if (kernel?.hz != null) return { hz: kernel.hz, errorRatio: 0 };
  return clock === 'monotonic_raw' ? { hz: tscHz, errorRatio: standardErrorRatio } : null;
}

/** What would tell the true rate where nothing does. */
const WHAT_WOULD =
  'an NTP or PTP client (chronyd, ntpd, phc2sys), or in a KVM guest the ptp_kvm module, would provide it';

/**
 * The rate in true seconds, by the first reference that there is.
 *
 * @param references in the order of trust.
 */
export function trueRateOf(
  result: CalibrateResult,
  references: ReadonlyArray<Reference | NoReference>,
): TrueRate {
  const raw = rawRate(result);
  const reference = references.find(isReference);
  if (reference === undefined) {
    const reasons = references.flatMap((each) => ('reason' in each ? [each.reason] : []));
    return { trueRate: null, trueRateReason: `${[...reasons, WHAT_WOULD].join('; ')}` };
  }
  if (raw === null) {
    const reason = `${reference.name} corrects the raw clock, which this run did not measure: that is the clock monotonic_raw`;
    return { trueRate: null, trueRateReason: reason };
  }
  const { name, errorRatio, trueHz } = reference;
  return {
    trueRate: { hz: trueHz(raw.hz), errorRatio: errorRatio + raw.errorRatio, reference: name },
    trueRateReason: null,
  };
}

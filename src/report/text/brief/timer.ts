import type { TimerResult } from '../../../schema/timer.ts';
import { formatCount, formatNs, formatRatio } from '../../../units.ts';

/** The live timer in a few lines. */
export function timerBrief({
  latenessNs,
  divergence,
  backend,
  periodNs,
  ticks,
  missed,
  policy,
}: TimerResult): string[] {
  if (latenessNs === null) return ['no tick'];
  const { p50, p99, p999, max } = latenessNs;
  const late = `late by p50 ${formatNs(p50)}, p99 ${formatNs(p99)}, p99.9 ${formatNs(p999)}, max ${formatNs(max)}`;
  const counted = `n = ${formatCount(ticks)} each ${formatNs(periodNs)} (${backend}), ${formatCount(missed)} missed`;
  if (divergence === null) return [late, counted];
  const { rateRatio, rateStandardError, predictedRateRatio } = divergence;
  const error = formatRatio(rateStandardError).replace(/^\+/, '');
  return [
    late,
    counted,
    `TSC deadline - ktime deadline (${policy}): ${formatRatio(rateRatio)} +/- ${error} (1 s.e.), predicted ${formatRatio(predictedRateRatio)}`,
  ];
}

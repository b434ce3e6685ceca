import type { TimerResult } from '../../schema/timer.ts';
import { formatCount, formatNs, formatRatio } from '../../units.ts';
import { textTable } from './table.ts';

const WIDTH = 50;

function histogramText(histogram: TimerResult['histogram']): string {
  const most = Math.max(...histogram.map(({ count }) => count));
  const rows = histogram.map(({ fromNs, toNs, count }) => [
    `${formatNs(fromNs)} to ${formatNs(toNs)}`,
    formatCount(count),
    count === 0 ? '' : '#'.repeat(Math.max(1, Math.round((count / most) * WIDTH))),
  ]);
  return textTable(['#lateness', '#ticks', ''], rows);
}

function divergenceText(divergence: NonNullable<TimerResult['divergence']>): string {
  const { rateRatio, rateStandardError, atEndNs, maxAbsNs } = divergence;
  const { predictedRateRatio, predictedLowRatio, predictedHighRatio } = divergence;
  const between =
    predictedLowRatio === predictedHighRatio
      ? ''
      : ` (${formatRatio(predictedLowRatio)} to ${formatRatio(predictedHighRatio)})`;
  return [
    `TSC deadline less ktime deadline: ${formatRatio(rateRatio)} +/- ${formatRatio(rateStandardError).replace(/^\+/, '')} (1 standard error),`,
    `  predicted ${formatRatio(predictedRateRatio)}${between}; ${formatNs(atEndNs)} at the end, at most ${formatNs(maxAbsNs)}.`,
  ].join('\n');
}

const BACKENDS = {
  hrtimer: 'sleeping, as the hrtimer',
  tsc: 'spinning on the TSC, as the preemption timer',
  hybrid: 'sleeping, then spinning',
} as const;

/** The result for people. */
export function timerText(result: TimerResult): string {
  const { latenessNs, divergence, stops } = result;
  const head = [
    `Every ${formatNs(result.periodNs)} for ${formatNs(result.durationNs)}, policy ${result.policy}, ${BACKENDS[result.backend]}: ${formatCount(result.ticks)} ticks, ${formatCount(result.missed)} missed.`,
    ...(stops === 0
      ? []
      : [
          `The thread left ${formatCount(stops)} times for ${formatNs(result.stopForNs)}; the timer ended on the ${result.backendAfter === 'hv' ? 'TSC' : 'hrtimer'}.`,
        ]),
  ];
  if (latenessNs === null) return head.join('\n');
  const { min, mean, p50, p90, p99, p999, max } = latenessNs;
  const columns = ['#min', '#mean', '#p50', '#p90', '#p99', '#p99.9', '#max'];
  return [
    ...head,
    '',
    textTable(columns, [[min, mean, p50, p90, p99, p999, max].map(formatNs)]),
    '',
    histogramText(result.histogram),
    ...(divergence === null ? [] : ['', divergenceText(divergence)]),
  ].join('\n');
}

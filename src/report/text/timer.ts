import type { TimerResult } from '../../schema/timer.ts';
import { formatCount, formatNs, formatRatio } from '../../units.ts';
import { textTable } from './table.ts';

const WIDTH = 50;

type Bar = TimerResult['histogram'][number];

/** Whether a bound starts with 1, 2 or 5, as those of the printed bars do. */
function isRound(ns: number): boolean {
  if (ns === 0) return true;
  const leading = Math.abs(ns) / 10 ** Math.floor(Math.log10(Math.abs(ns)) + 1e-3);
  return [1, 2, 5].some((digit) => Math.abs(leading / digit - 1) < 0.01);
}

/** The document's ten bars a decade as three. */
function coarse(histogram: readonly Bar[]): Bar[] {
  const bars: Bar[] = [];
  for (const { fromNs, toNs, count } of histogram) {
    const last = bars.at(-1);
    if (last === undefined || isRound(fromNs)) bars.push({ fromNs, toNs, count });
    else bars[bars.length - 1] = { fromNs: last.fromNs, toNs, count: last.count + count };
  }
  return bars;
}

function histogramText(histogram: readonly Bar[]): string {
  const bars = coarse(histogram);
  const most = Math.max(...bars.map(({ count }) => count));
  const rows = bars.flatMap(({ fromNs, toNs, count }, i) => {
    if (count === 0) return bars[i - 1]?.count === 0 ? [] : [['...', '', '']];
    const hashes = '#'.repeat(Math.max(1, Math.round((count / most) * WIDTH)));
    return [[`${formatNs(fromNs)} to ${formatNs(toNs)}`, formatCount(count), hashes]];
  });
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

const COLUMNS = ['min', 'mean', 'p50', 'p90', 'p99', 'p999', 'max'] as const;

/** Lateness in a row, and under it cyclictest's where it ran, with the ratios of the two. */
function latenessTable({ latenessNs, cyclictest }: TimerResult): string {
  const own = COLUMNS.map((name) => formatNs(latenessNs?.[name] ?? Number.NaN));
  const heads = COLUMNS.map((name) => (name === 'p999' ? '#p99.9' : `#${name}`));
  const peer = cyclictest?.latenessNs ?? null;
  if (peer === null || latenessNs === null) return textTable(heads, [own]);
  return textTable(
    ['', ...heads],
    [
      ['tscope', ...own],
      [
        `cyclictest${cyclictest?.version == null ? '' : ` ${cyclictest.version}`}`,
        ...COLUMNS.map((name) => formatNs(peer[name])),
      ],
      ['ratio', ...COLUMNS.map((name) => (latenessNs[name] / peer[name]).toPrecision(3))],
    ],
  );
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
  return [
    ...head,
    '',
    latenessTable(result),
    '',
    histogramText(result.histogram),
    ...(divergence === null ? [] : ['', divergenceText(divergence)]),
  ].join('\n');
}

import type { TimerResult } from '../../../schema/timer.ts';
import { formatCount, formatNs, formatRatio } from '../../../units.ts';
import { durationText, timeUnit } from '../../svg/mark-text.ts';
import { plotFigure } from '../../svg/plot.ts';
import { size } from '../../text/calibrate.ts';
import { BACKEND_WORDS } from '../../verdicts/timer.ts';
import { caption, heading, table } from '../markup.ts';
import type { Section } from '../page.ts';

/** Bars of the histogram below this are on the linear part of an axis with both signs, ns. */
const LINEAR = 10;

/** The outline of the histogram: level over each bar, a gap where a bar is empty. */
const outline = ({ histogram }: Pick<TimerResult, 'histogram'>): Array<readonly [number, number]> =>
  histogram.flatMap(({ fromNs, toNs, count }) =>
    count === 0 ? [[Number.NaN, Number.NaN] as const] : [[fromNs, count] as const, [toNs, count] as const],
  );

type Cyclictest = NonNullable<TimerResult['cyclictest']>;

const peerName = ({ version }: Cyclictest): string =>
  version === null ? 'cyclictest' : `cyclictest ${version}`;

type Percentiles = NonNullable<TimerResult['latenessNs']>;

const percentileCells = (lateness: Percentiles): string[] =>
  (['min', 'mean', 'p50', 'p90', 'p99', 'p999', 'max'] as const).map((name) => formatNs(lateness[name]));

/** The percentiles, and cyclictest's under them where it ran. */
function percentileTable({ latenessNs, ticks, missed, cyclictest }: TimerResult): string {
  if (latenessNs === null) return '';
  const peer = cyclictest?.latenessNs ?? null;
  return table(
    ['timer', '#ticks', '#missed', '#min', '#mean', '#50 %', '#90 %', '#99 %', '#99.9 %', '#max'],
    [
      ['tscope', formatCount(ticks), formatCount(missed), ...percentileCells(latenessNs)],
      ...(cyclictest === null || peer === null
        ? []
        : [[peerName(cyclictest), formatCount(cyclictest.ticks), '-', ...percentileCells(peer)]]),
    ],
  );
}

function histogramFigure(result: TimerResult): string {
  const { latenessNs, histogram, ticks, periodNs, backend, cyclictest } = result;
  const signed = histogram.some(({ fromNs }) => fromNs < LINEAR);
  const marks = { format: durationText };
  const limits =
    latenessNs === null
      ? []
      : ([
          ['50 %', latenessNs.p50],
          ['99 %', latenessNs.p99],
          ['99.9 %', latenessNs.p999],
          ['max', latenessNs.max],
        ] as const);
  return plotFigure(
    {
      title: `Histogram of the lateness of ${formatCount(ticks)} ticks`,
      x: { label: 'lateness (ns to s, as marked)', scale: signed ? 'symlog' : 'log', linear: LINEAR, marks },
      y: { label: 'ticks (count)', scale: 'log', marks: { format: formatCount }, include: [0.7] },
      series: [
        { label: cyclictest === null ? 'ticks' : 'tscope', as: 'area', style: 0, points: outline(result) },
        ...(cyclictest === null
          ? []
          : [{ label: peerName(cyclictest), as: 'line', style: 1, points: outline(cyclictest) } as const]),
      ],
      points: limits.map(([name, at]) => ({ at, label: name })),
    },
    caption(
      `Lateness is the time from a tick's deadline to the first instruction after the wait; ${formatCount(ticks)} ticks of ${formatNs(periodNs)}, ${BACKEND_WORDS[backend]}.`,
      'Both axes are logarithmic, with ten bars to a decade: half of the ticks are left of the line named 50 %.',
      cyclictest === null
        ? ''
        : `${peerName(cyclictest)} ran right before, at the same period, priority and CPU; one run of each, and the tails differ from run to run.`,
    ),
  );
}

function divergenceFigure({ divergence, policy }: TimerResult): string {
  if (divergence === null) return '';
  const { points, rateRatio, rateStandardError, predictedRateRatio, atEndNs } = divergence;
  const unit = timeUnit(Math.max(...points.map(([, ns]) => Math.abs(ns)), 0));
  const last = points.at(-1)?.[0] ?? 0;
  return (
    heading('TSC deadline against ktime deadline') +
    plotFigure(
      {
        title: 'The TSC deadline less the ktime deadline over the run',
        x: { label: 'time (s)', scale: 'linear' },
        y: { label: `TSC deadline - ktime deadline (${unit.unit})`, scale: 'linear', include: [0] },
        series: [
          {
            label: 'measured',
            as: 'line',
            style: 0,
            points: points.map(([at, ns]) => [at / 1e9, ns / unit.ns] as const),
          },
          {
            label: 'predicted',
            as: 'dashes',
            style: 1,
            points: [
              [0, 0],
              [last / 1e9, (predictedRateRatio * last) / unit.ns],
            ],
          },
        ],
      },
      caption(
        `Policy ${policy}: ${formatRatio(rateRatio)} +/- ${size(rateStandardError)} (1 standard error), predicted ${formatRatio(predictedRateRatio)}; ${formatNs(atEndNs)} at the end.`,
        'Predicted from the rounding of the period in cycles and from the rate of the TSC.',
      ),
    )
  );
}

/** The periodic timer on this host: how late it comes, and whether its two deadlines stay together. */
export function timerSection(result: TimerResult): Section {
  const html = [histogramFigure(result), percentileTable(result), divergenceFigure(result)];
  return { id: 'timer', title: 'The live timer', html: html.join('') };
}

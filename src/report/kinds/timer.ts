import { sum } from 'd3-array';
import { about, between, count, exact, offset, plain, plusMinus, ratio, span, within } from '../../digits.ts';
import type { TimerResult } from '../../schema/timer.ts';
import type { Block, Kind, Paragraph, Section, Table, Verdict } from '../content.ts';
import { linesFigure } from '../plot/lines.ts';
import { durationText, timeUnit } from '../plot/tick-text.ts';
import { resultText } from '../text.ts';
import { BACKENDS, listed, orDash, plural } from '../words.ts';

type Percentile = 'p50' | 'p90' | 'p99' | 'p999';
type Ranges = NonNullable<TimerResult['latenessIntervals']>;
type Lateness = NonNullable<TimerResult['latenessNs']>;
type Cyclictest = NonNullable<TimerResult['cyclictest']>;
type Bar = TimerResult['histogram'][number];

function verdict({ latenessNs, missed, ticks, periodNs, backend }: TimerResult): Verdict {
  const named = 'The live timer';
  if (latenessNs === null) return { level: 'unknown', about: named, text: 'No tick was measured.' };
  const late = `Every ${exact(periodNs)}, ${BACKENDS[backend]}: half of the ticks are later than ${about(latenessNs.p50)}, one in a hundred is later than ${about(latenessNs.p99)}`;
  return missed === 0
    ? { level: 'good', about: named, text: `${late}; none was missed.` }
    : {
        level: 'note',
        about: named,
        text: `${late}; ${count(missed)} of ${count(ticks + missed)} were missed.`,
      };
}

type Divergence = NonNullable<TimerResult['divergence']>;

const rateText = ({ rateRatio, rateStandardError }: Divergence): string =>
  plusMinus(rateRatio, rateStandardError, ratio);

/** To the digits of the measured rate beside it. */
const predictedText = ({ predictedRateRatio, rateStandardError }: Divergence): string =>
  predictedRateRatio === 0 ? about(0, ratio) : within(predictedRateRatio, rateStandardError, ratio);

/** A percentile of lateness with its 95 % interval, where that is known. */
function lateText({ latenessNs, latenessIntervals }: TimerResult, name: Percentile): string {
  const range = latenessIntervals?.[name];
  return latenessNs === null ? '-' : between(latenessNs[name], range?.low, range?.high);
}

function brief(result: TimerResult): string[] {
  const { latenessNs, divergence, backend, periodNs, ticks, missed, policy } = result;
  if (latenessNs === null) return ['no tick'];
  const late = (name: Percentile) => lateText(result, name);
  return [
    `late by p50 ${late('p50')}, p99 ${late('p99')}, p99.9 ${late('p999')}, max ${about(latenessNs.max)}`,
    `n = ${count(ticks)}, one every ${exact(periodNs)} (${backend}), ${count(missed)} missed`,
    ...(divergence === null
      ? []
      : [
          `TSC deadline - ktime deadline (${policy}): ${rateText(divergence)} (1 s.e.), predicted ${predictedText(divergence)}`,
        ]),
  ];
}

const peerName = ({ version }: Cyclictest): string =>
  version === null ? 'cyclictest' : `cyclictest ${version}`;

const COLUMNS = ['min', 'mean', 'p50', 'p90', 'p99', 'p999', 'max'] as const;
const nameOf = (name: (typeof COLUMNS)[number]): string => (name === 'p999' ? 'p99.9' : name);
const NAMES = COLUMNS.map((name) => `#${nameOf(name)}`);

const intervalOf = (ranges: Ranges | null, name: (typeof COLUMNS)[number]): Ranges[Percentile] =>
  name === 'min' || name === 'mean' || name === 'max' ? null : (ranges?.[name] ?? null);

/** The percentiles to two digits of their intervals. */
const ownCells = (lateness: Lateness, ranges: Ranges | null): string[] =>
  COLUMNS.map((name) => {
    const range = intervalOf(ranges, name);
    return within(lateness[name], range === null ? null : range.high - range.low);
  });

const rangeCells = (ranges: Ranges | null): string[] => [
  '95 % interval',
  '',
  '',
  ...COLUMNS.map((name) => orDash(intervalOf(ranges, name), ({ low, high }) => span(low, high))),
];

/** Why a figure has no interval, as far as one of them has none. */
function withoutInterval(ranges: Ranges): string {
  const open = COLUMNS.filter((name) => name.startsWith('p') && intervalOf(ranges, name) === null);
  const late =
    open.length === 0
      ? ''
      : ` No interval of ${listed(open.map(nameOf))}: too few ticks are later (neighbours that are late together count as fewer) to bound the next run's.`;
  return `max has no interval: ${ranges.maxReason}; neither has min, for the same reason, nor the mean, which a few late ticks decide.${late}`;
}

/** The percentiles, and under them cyclictest's where it ran, with the ratios of the two. */
function latenessTable({ latenessNs, latenessIntervals, ticks, missed, cyclictest }: TimerResult): Block[] {
  const ranges = latenessIntervals ?? null;
  if (latenessNs === null) return [];
  const cells = (lateness: Lateness) => COLUMNS.map((name) => about(lateness[name]));
  const peer = cyclictest?.latenessNs ?? null;
  const beside: Table['rows'] =
    cyclictest === null || peer === null
      ? []
      : [
          [peerName(cyclictest), count(cyclictest.ticks), '-', ...cells(peer)],
          ['ratio', '', '', ...COLUMNS.map((name) => about(latenessNs[name] / peer[name], plain))],
        ];
  return [
    {
      head: ['lateness', '#ticks', '#missed', ...NAMES],
      rows: [
        ['tscope', count(ticks), count(missed), ...ownCells(latenessNs, ranges)],
        ...(ranges === null ? [] : [rangeCells(ranges)]),
        ...beside,
      ],
      note: ranges === null ? '' : withoutInterval(ranges),
    },
  ];
}

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

/** In us, padded as cyclictest prints it. */
const padded = (value: number, digits: number): string => {
  const [whole = '', fraction] = String(Math.abs(value)).split('.');
  const sign = value < 0 ? '-' : '';
  const rest = fraction === undefined ? '' : `.${fraction}`;
  return sign + whole.padStart(digits - sign.length, '0') + rest;
};

/** The bars as `cyclictest --histogram` prints them, for the scripts that read those: us, then ticks. */
function cyclictestHistogram({ bars, latenessNs }: TimerResult): string[] {
  if (bars == null || latenessNs === null) return [];
  const { widthNs, counts, early, beyond } = bars;
  const us = (ns: number) => padded(Math.floor(ns / 1000), 5);
  return [
    '# Histogram',
    ...counts.map((own, i) => `${padded((i * widthNs) / 1000, 6)} ${padded(own, 6)}`),
    `# Total: ${padded(sum(counts), 9)}`,
    `# Min Latencies: ${us(latenessNs.min)}`,
    `# Avg Latencies: ${us(latenessNs.mean)}`,
    `# Max Latencies: ${us(latenessNs.max)}`,
    `# Histogram Overflows: ${padded(beyond, 5)}`,
    ...(early === 0 ? [] : [`# Early: ${padded(early, 5)}`]),
  ];
}

/** The longest bar of the printed histogram. */
const WIDTH = 50;

/** The histogram for a terminal; a page has the figure. */
function barsBlock({ histogram }: TimerResult): Block {
  const all = coarse(histogram);
  const most = Math.max(...all.map((bar) => bar.count));
  const rows = all.flatMap(({ fromNs, toNs, count: own }, i) => {
    if (own === 0) return all[i - 1]?.count === 0 ? [] : [['...', '', '']];
    const hashes = '#'.repeat(Math.max(1, Math.round((own / most) * WIDTH)));
    return [[`${about(fromNs)} to ${about(toNs)}`, count(own), hashes]];
  });
  return { head: ['#lateness', '#ticks', ''], rows, on: 'terminal' };
}

/** Below this the axis of a histogram with both signs is about linear, ns. */
const LINEAR = 10;

/** The outline of the histogram: level over each bar, a gap where a bar is empty. */
const outline = (histogram: readonly Bar[]): Array<readonly [number, number]> =>
  histogram.flatMap(({ fromNs, toNs, count }) =>
    count === 0 ? [[Number.NaN, Number.NaN] as const] : [[fromNs, count] as const, [toNs, count] as const],
  );

function histogramFigure(result: TimerResult): Block {
  const { latenessNs, histogram, ticks, periodNs, backend, cyclictest } = result;
  const signed = histogram.some(({ fromNs }) => fromNs < LINEAR);
  const guides =
    latenessNs === null
      ? []
      : [
          { label: '50 %', at: latenessNs.p50 },
          { label: '99 %', at: latenessNs.p99 },
          { label: '99.9 %', at: latenessNs.p999 },
          { label: 'max', at: latenessNs.max },
        ];
  const describe = (ns: number, own: number) => `${about(ns)}: ${plural(own, 'tick')} in this bar`;
  const own = { label: cyclictest === null ? 'ticks' : 'tscope', as: 'area', style: 0, describe } as const;
  const peer = { style: 1, describe };
  return linesFigure({
    id: 'lateness',
    title:
      latenessNs === null
        ? 'No tick was measured'
        : `Half of the ticks come within ${about(latenessNs.p50)}, 999 of 1,000 within ${about(latenessNs.p999)}, all within ${about(latenessNs.max)}`,
    x: {
      label: 'lateness',
      scale: signed ? 'symlog' : 'log',
      linear: LINEAR,
      ticks: { format: durationText },
    },
    y: { label: 'ticks (count)', scale: 'log', ticks: { format: count }, include: [0.7] },
    series: [
      { ...own, points: outline(histogram) },
      ...(cyclictest === null
        ? []
        : [{ ...peer, label: peerName(cyclictest), points: outline(cyclictest.histogram) }]),
    ],
    points: guides,
    caption: [
      `Lateness is the time from a tick's deadline to the first instruction after the wait; ${plural(ticks, 'tick')}, one every ${exact(periodNs)}, ${BACKENDS[backend]}.`,
      'Both axes are logarithmic, with ten bars to a decade: half of the ticks are left of the line named 50 %.',
      cyclictest === null
        ? ''
        : `${peerName(cyclictest)} ran right before, at the same period, priority and CPU; one run of each, and the tails differ from run to run.`,
    ],
  });
}

/** Equal rates are measured further apart than this many standard errors in one of 370 runs. */
const SIGMAS = 3;

function divergenceTitle(divergence: Divergence): string {
  const { rateRatio, rateStandardError, predictedRateRatio, predictedLowRatio, predictedHighRatio } =
    divergence;
  const reach = SIGMAS * rateStandardError;
  if (Math.abs(rateRatio) <= reach) return 'The TSC deadline and the ktime deadline stay together';
  const perSecond = (rate: number) => `${within(Math.abs(rate) * 1e9, rateStandardError * 1e9)} a second`;
  const runs = `The TSC deadline ${rateRatio > 0 ? 'runs ahead of' : 'falls behind'} the ktime deadline by ${perSecond(rateRatio)}`;
  const asPredicted = rateRatio >= predictedLowRatio - reach && rateRatio <= predictedHighRatio + reach;
  return `${runs}, ${asPredicted ? 'as predicted' : `where ${perSecond(predictedRateRatio)} was predicted`}`;
}

function divergenceBlocks({ divergence, policy }: TimerResult): Block[] {
  if (divergence === null) return [];
  const { points, predictedRateRatio, predictedLowRatio, predictedHighRatio, atEndNs, maxAbsNs } = divergence;
  const unit = timeUnit(Math.max(...points.map(([, ns]) => Math.abs(ns)), 0));
  const last = points.at(-1)?.[0] ?? 0;
  const describe = (s: number, value: number) => `${about(s * 1e9)}: ${about(value * unit.ns, offset)}`;
  const between =
    predictedLowRatio === predictedHighRatio
      ? ''
      : ` (${span(predictedLowRatio, predictedHighRatio, ratio)})`;
  const words: Paragraph = {
    text: `TSC deadline less ktime deadline, policy ${policy}: ${rateText(divergence)} (1 standard error), predicted ${predictedText(divergence)}${between}; ${about(atEndNs, offset)} at the end, at most ${about(maxAbsNs)}.`,
  };
  const figure = linesFigure({
    id: 'divergence',
    title: divergenceTitle(divergence),
    x: { label: 'time (s)', scale: 'linear' },
    y: { label: `TSC deadline - ktime deadline (${unit.unit})`, scale: 'linear', include: [0] },
    series: [
      {
        label: 'measured',
        style: 0,
        points: points.map(([at, ns]) => [at / 1e9, ns / unit.ns] as const),
        describe,
      },
      {
        label: 'predicted',
        as: 'dashes',
        style: 1,
        points: [
          [0, 0],
          [last / 1e9, (predictedRateRatio * last) / unit.ns],
        ],
        describe,
      },
    ],
    caption: [
      'Predicted from the rounding of the period in cycles and from the rate of the TSC.',
      ...(divergence.estimator === 'lattice'
        ? ['The rate is that of the values between two steps of the TSC, which no delay of a reading moves.']
        : []),
    ],
  });
  return [figure, words];
}

/** What the control group's quota took from the run. */
const throttledText = ({ throttled = null }: TimerResult): string =>
  throttled === null || throttled.times === 0
    ? ''
    : ` The control group's CPU quota stopped it ${plural(throttled.times, 'time')}, for ${about(throttled.ns)} in all.`;

const measuredBlocks = (result: TimerResult): Block[] => [
  histogramFigure(result),
  ...latenessTable(result),
  ...(result.bars == null ? [barsBlock(result)] : []),
  ...divergenceBlocks(result),
];

/** The periodic timer on this host: how late it comes, and whether its two deadlines stay together. */
function sections(result: TimerResult): Section[] {
  const { stops, ticks, missed } = result;
  const lead = `Every ${exact(result.periodNs)} for ${about(result.durationNs)}, policy ${result.policy}, ${BACKENDS[result.backend]}: ${plural(ticks, 'tick')}, ${count(missed)} missed.`;
  const left =
    stops === 0
      ? ''
      : ` The thread left ${plural(stops, 'time')} for ${exact(result.stopForNs)}; the timer ended on the ${result.backendAfter === 'hv' ? 'TSC' : 'hrtimer'}.`;
  const opening: Paragraph = { text: `${lead}${left}${throttledText(result)}`, tone: 'lead' };
  const measured = result.latenessNs === null ? [] : measuredBlocks(result);
  return [{ id: 'timer', title: 'The live timer', blocks: [opening, ...measured] }];
}

export const timer: Kind<TimerResult> = {
  method: [
    'The live timer',
    'tscope timer',
    'A thread waits for each deadline and reads the clock at once. Deadlines are on a grid of absolute times, so lateness does not add up.',
  ],
  verdict,
  brief,
  sections,
};

/** As comments, which programs that plot the bars skip. */
const commented = (text: string): string[] => text.split('\n').map((line) => `# ${line}`.trimEnd());

export function timerText(result: TimerResult): string {
  const text = resultText(timer, result);
  return result.bars == null ? text : [...commented(text), ...cyclictestHistogram(result)].join('\n');
}

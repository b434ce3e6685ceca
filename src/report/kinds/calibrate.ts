import { greatest } from 'd3-array';
import {
  about,
  count,
  exactFrequency,
  frequency,
  offset,
  plusMinus,
  ratio,
  size,
  within,
} from '../../digits.ts';
import type { CalibrateResult } from '../../schema/calibrate.ts';
import { columns } from '../columns.ts';
import type { Block, Facts, Kind, Section, Table, Verdict } from '../content.ts';
import { type Dot, dotsFigure } from '../plot/dots.ts';
import { linesFigure } from '../plot/lines.ts';
import { durationText, ratioText } from '../plot/tick-text.ts';
import { orDash, plural } from '../words.ts';

/** A rate and one standard error: `2596.120 121 58 MHz +/- 0.21 ppb`. */
export const rateText = (hz: number, errorRatio: number): string =>
  `${frequency(hz, errorRatio)} +/- ${about(errorRatio, size)}`;

const halfWidthOf = ({ tscHz, tscHzLow, tscHzHigh }: CalibrateResult): number =>
  (tscHzHigh - tscHzLow) / 2 / tscHz;

function certainText(result: CalibrateResult): string {
  const half = halfWidthOf(result);
  return `${frequency(result.tscHzLow, half)} and ${frequency(result.tscHzHigh, half)} (+/- ${about(half, size)})`;
}

/** How far something lies from the measured rate, to the digits that the rate's error leaves. */
const offsetText = (ratioValue: number, { standardErrorRatio }: CalibrateResult): string =>
  within(ratioValue, standardErrorRatio, ratio);

/** The same as words: `0.002 ppb below`. */
const besideText = (ratioValue: number, { standardErrorRatio }: CalibrateResult): string =>
  `${within(Math.abs(ratioValue), standardErrorRatio, size)} ${ratioValue < 0 ? 'below' : 'above'}`;

/** What the TSC's rate is, and whether the true rate is known. */
function verdict(result: CalibrateResult): Verdict {
  const { tscHz, standardErrorRatio, clock, kernel, trueRate, independent } = result;
  const rate = `The TSC runs at ${rateText(tscHz, standardErrorRatio)} against ${clock}`;
  const away = kernel?.offsetRatio ?? null;
  const known = away === null ? '' : `, ${offsetText(away, result)} from what the kernel takes it for`;
  const named = "The TSC's rate";
  if (trueRate !== null) {
    const truth = `By ${trueRate.reference}, its true rate is ${rateText(trueRate.hz, trueRate.errorRatio)}.`;
    return { level: 'good', about: named, text: `${rate}${known}. ${truth}` };
  }
  const same =
    independent === false
      ? ' That clock is made from the TSC itself, so this is the ratio that the kernel uses.'
      : '';
  return { level: 'note', about: named, text: `${rate}${known}.${same} The true rate is not known here.` };
}

function brief(result: CalibrateResult): string[] {
  const { tscHz, standardErrorRatio, durationNs, clock, samples, kernel, trueRate } = result;
  const known =
    kernel?.hz == null || kernel.offsetRatio === null
      ? `kernel: ${result.kernelReason ?? 'not known'}`
      : `kernel: mult ${kernel.mult} >> ${kernel.shift} = ${exactFrequency(kernel.hz)}; measured ${offsetText(kernel.offsetRatio, result)} from it`;
  const truth =
    trueRate === null
      ? 'true rate: not known here; `tscope calibrate` says what would tell it'
      : `true rate: ${rateText(trueRate.hz, trueRate.errorRatio)} by ${trueRate.reference}`;
  return [
    `${rateText(tscHz, standardErrorRatio)} (1 s.e.), n = ${count(samples)} in ${about(durationNs)} against ${clock}`,
    `certainly between ${certainText(result)}`,
    known,
    truth,
  ];
}

/** Up to here the claims' axis is about linear around zero: finer than any claim but the kernel's own. */
const LINEAR = 1e-9;

function dotsOf(result: CalibrateResult): Dot[] {
  const { tscHz, tscHzLow, tscHzHigh, kernel, trueRate, claims, standardErrorRatio } = result;
  const dot = (label: string, value: number, style: number): Dot => ({
    label,
    value,
    text: offsetText(value, result),
    style,
  });
  const measured: Dot = {
    ...dot('measured', 0, 0),
    text: `+/- ${about(standardErrorRatio, size)}`,
    interval: [tscHzLow / tscHz - 1, tscHzHigh / tscHz - 1],
  };
  const known = kernel?.hz == null ? [] : [dot("kernel's mult and shift", kernel.hz / tscHz - 1, 2)];
  const truth: Dot[] = [];
  if (trueRate !== null) {
    const { hz, errorRatio, reference } = trueRate;
    const value = hz / tscHz - 1;
    const text = plusMinus(value, errorRatio, ratio);
    const interval = [value - errorRatio, value + errorRatio] as const;
    truth.push({ ...dot(`true rate by ${reference}`, value, 3), text, interval });
  }
  const others = claims.flatMap(({ source, offsetRatio }) =>
    offsetRatio === null ? [] : [{ ...dot(source, offsetRatio, 1), text: about(offsetRatio, ratio) }],
  );
  return [measured, ...known, ...truth, ...others];
}

function claimsFigure(result: CalibrateResult): Block {
  const [measured, ...others] = dotsOf(result);
  const furthest = greatest(others, ({ value }) => Math.abs(value));
  const known = result.kernel?.offsetRatio ?? null;
  const kernel = known === null ? '' : `The kernel's rate is ${besideText(-known, result)} the measured one`;
  const far = furthest === undefined ? '' : `${furthest.label} claims ${furthest.text}`;
  return dotsFigure({
    id: 'claims',
    title: [kernel, far].filter((part) => part !== '').join('; ') || 'Nobody else claims to know the rate',
    caption: [
      'Each mark is what one source says; the bar around the measured rate is its hard interval. The axis is about linear within 1 ppb of 0 and logarithmic beyond.',
      result.independent === false
        ? `${result.clock} is made from the TSC, so the kernel's agreement proves nothing about its rate.`
        : '',
    ],
    axis: 'offset from the measured rate (ppb, ppm)',
    format: ratioText,
    linear: LINEAR,
    dots: measured === undefined ? others : [measured, ...others],
  });
}

/** How the error shrank while the run went on; nothing where there is too little to draw. */
function convergenceFigure({
  convergence,
  kernel,
  standardErrorRatio,
  durationNs,
}: CalibrateResult): Block[] {
  if (convergence.length < 3) return [];
  const known = kernel?.hz != null;
  // Without the kernel's ratio the last rate is the yardstick, and says nothing about its own error.
  const compared = known ? convergence : convergence.slice(0, -1);
  const describe = (ns: number, error: number) => `${durationText(ns)}: ${about(error, size)}`;
  const figure = linesFigure({
    id: 'convergence',
    title: `The rate was known to ${about(standardErrorRatio, size)} after ${about(durationNs)}`,
    x: { label: 'time measured', scale: 'log', ticks: { format: durationText } },
    y: { label: 'error of the rate (ppb, ppm)', scale: 'log', ticks: { format: ratioText } },
    series: [
      {
        label: 'certain bound',
        style: 1,
        points: convergence.map(({ elapsedNs, boundRatio }) => [elapsedNs, boundRatio] as const),
        describe,
      },
      {
        label: 'standard error',
        as: 'dashes',
        style: 2,
        points: convergence.map((one) => [one.elapsedNs, one.standardErrorRatio] as const),
        describe,
      },
      {
        label: 'error',
        style: 0,
        points: compared.map((one) => [one.elapsedNs, Math.abs(one.offsetRatio)] as const),
        describe,
      },
    ],
    caption: [
      `What this run knew as it went on. The error is the distance from the ${known ? "kernel's own ratio, which is exact here" : 'rate of the whole run, for lack of a better one, so that it vanishes towards the end'}.`,
      'The error has to stay below the certain bound, always; and below twice the standard error most of the time.',
    ],
  });
  return [figure];
}

function kernelFact(result: CalibrateResult): Facts['facts'][number] {
  const { kernel, kernelReason } = result;
  if (kernel === null) return ["kernel's ratio", 'not known', kernelReason ?? ''];
  const { clocksource, mult, shift, hz, tscKhz, offsetRatio } = kernel;
  if (mult === null || shift === null || hz === null || offsetRatio === null) {
    return ["kernel's ratio", `not known, clocksource ${clocksource}`, kernelReason ?? ''];
  }
  const khz = tscKhz === null ? (kernelReason ?? '') : `${tscKhz} kHz`;
  return [
    "kernel's ratio",
    exactFrequency(hz),
    `${khz} as ns = cycles * ${mult} >> ${shift}; measured ${offsetText(offsetRatio, result)} from it`,
  ];
}

const independenceText = ({ independent }: CalibrateResult): string =>
  independent === null
    ? 'whether the two are independent is not known'
    : independent
      ? 'two oscillators: a real comparison'
      : 'the clock is made from the TSC: this says how the kernel scales it, not how true the crystal is';

/** How the rate was estimated; documents of 0.1.0 do not say. */
const estimatorText = ({ estimator, estimatorReason }: CalibrateResult): string =>
  `one standard error${estimator === undefined ? ' of the fit' : `, by ${estimator}`}${estimatorReason === undefined ? '' : `: ${estimatorReason}`}`;

function factsOf(result: CalibrateResult): Facts {
  const { trueRate, trueRateReason, rejected, window, granularityTicks } = result;
  const left = `${count(rejected.wideWindow)} wide, ${count(rejected.cpuChanged)} on two CPUs, ${count(rejected.clockDisturbed)} beside a disturbance`;
  return {
    facts: [
      ['TSC rate', rateText(result.tscHz, result.standardErrorRatio), estimatorText(result)],
      ['certainly between', certainText(result), 'from the brackets alone, whatever the noise'],
      ['measured', `${about(result.durationNs)} against ${result.clock}`, independenceText(result)],
      kernelFact(result),
      trueRate === null
        ? ['true rate', 'not known', trueRateReason ?? '']
        : ['true rate', rateText(trueRate.hz, trueRate.errorRatio), `by ${trueRate.reference}`],
      ['samples', count(result.samples), `left out: ${left}`],
      [
        'window of a sample',
        `${about(window.minNs)} at best, ${about(window.medianNs)} median, ${about(window.p99Ns)} p99`,
        `${granularityTicks === null ? '' : `the TSC advances in steps of ${plural(granularityTicks, 'tick')}; `}from this run's reads alone: no other figure rests on them, and they have no interval`,
      ],
    ],
  };
}

const claimsTable = ({ claims }: CalibrateResult): Table => ({
  title: 'Who else claims to know it',
  head: ['source', '#rate', '#from measured', 'why it may differ'],
  rows: claims.map(({ source, hz, offsetRatio, reason }) => [
    source,
    orDash(hz, (value) => frequency(value, 1e-9)),
    orDash(offsetRatio, (value) => about(value, ratio)),
    reason,
  ]),
});

/** CPUs beyond this many are only counted. */
const MOST_CPUS = 64;

function cpusBlock({ cpus, cpusReason }: CalibrateResult): Block {
  if (cpus.length === 0) return { text: cpusReason === null ? '' : `Across CPUs: not known: ${cpusReason}` };
  const more =
    cpus.length > MOST_CPUS ? [`And ${cpus.length - MOST_CPUS} more; the JSON document has them all.`] : [];
  return {
    title: "Each CPU's TSC against that of the first",
    ...columns(cpus.slice(0, MOST_CPUS), [
      ['TSC of', ({ cpu }) => `CPU ${cpu}`],
      [
        '#offset',
        ({ offsetNs, resolutionNs }) => orDash(offsetNs, (ns) => plusMinus(ns, resolutionNs, offset)),
      ],
      ['#rate', (cpu) => orDash(cpu.rateRatio, (value) => plusMinus(value, cpu.rateResolutionRatio, ratio))],
      ['#rounds', ({ rounds }) => count(rounds)],
      ['#warps', ({ warps }) => count(warps)],
      ['note', ({ reason }) => reason ?? ''],
    ]),
    note: [...more, ...(cpusReason === null ? [] : [cpusReason])].join(' '),
  };
}

const eventsTable = ({ events }: CalibrateResult): Table => ({
  title: 'Events during the measurement',
  head: ['#after', 'event', 'detail'],
  rows: events.map(({ atNs, kind, detail }) => [about(atNs), kind, detail]),
});

const remarksTable = ({ kernelRemarks = [] }: CalibrateResult): Table => ({
  title: 'What the kernel itself said against the TSC',
  head: ['#s after boot', 'message'],
  rows: kernelRemarks.map(({ atS, text }) => [atS.toFixed(1), text]),
});

const sections = (result: CalibrateResult): Section[] => [
  {
    id: 'calibration',
    title: "The TSC's rate",
    blocks: [
      claimsFigure(result),
      factsOf(result),
      ...convergenceFigure(result),
      claimsTable(result),
      cpusBlock(result),
      eventsTable(result),
      remarksTable(result),
    ],
  },
];

export const calibrate: Kind<CalibrateResult> = {
  method: [
    "The TSC's rate",
    'tscope calibrate',
    'The clock is read between two fenced reads of the TSC; what falls between bounds it from both sides. Wide brackets and those that changed CPU are dropped, the rest are fitted. The hard interval follows from the brackets alone.',
  ],
  verdict,
  brief,
  sections,
};

import type { CalibrateResult, CpuTsc } from '../../schema/calibrate.ts';
import { formatCount, formatHz, formatNs, formatRatio } from '../../units.ts';
import { textTable } from './table.ts';

/** A ratio that is a size and has no sign: `0.21 ppb`. */
export const size = (ratio: number): string => formatRatio(Math.abs(ratio)).replace(/^\+/, '');

/** A frequency with as many digits as its error leaves: `2596.120 121 583 MHz`. */
export function preciseHz(hz: number, errorRatio: number): string {
  const decimals = Math.min(
    12,
    Math.max(3, Math.ceil(-Math.log10(Math.max(errorRatio * hz, 1e-6) / 1e6) / 3) * 3),
  );
  const [whole = '', fraction = ''] = (hz / 1e6).toFixed(decimals).split('.');
  return `${whole}.${fraction.replace(/\d{3}(?=\d)/g, '$& ')} MHz`;
}

/** A name, and lines set under one another beside it. */
const paragraph = (name: string, lines: readonly string[]): string =>
  lines.map((line, i) => `${(i === 0 ? name : '').padEnd(12)}${line}`).join('\n');

function measuredLines(result: CalibrateResult): string[] {
  const { window, rejected, granularityTicks, independent } = result;
  const halfWidth = (result.tscHzHigh - result.tscHzLow) / 2 / result.tscHz;
  const step = granularityTicks === null ? 'unknown' : `${granularityTicks}`;
  const kind =
    independent === null
      ? 'whether the two are independent is not known'
      : independent
        ? 'two oscillators: a real comparison'
        : 'the clock is made from the TSC: this says how the kernel scales it, not how true the crystal is';
  return [
    `${preciseHz(result.tscHz, result.standardErrorRatio)} +/- ${size(result.standardErrorRatio)} (1 standard error)`,
    ...(result.estimator === undefined ? [] : [`by ${result.estimator}: ${result.estimatorReason ?? ''}`]),
    `certainly between ${formatHz(result.tscHzLow)} and ${formatHz(result.tscHzHigh)} (+/- ${size(halfWidth)})`,
    `${formatNs(result.durationNs)} against ${result.clock}; ${kind}`,
    `${formatCount(result.samples)} brackets used; left out: ${formatCount(rejected.wideWindow)} wide, ${formatCount(rejected.cpuChanged)} on two CPUs, ${formatCount(rejected.clockDisturbed)} beside a disturbance`,
    `window ${formatNs(window.minNs)} at best, ${formatNs(window.medianNs)} median, ${formatNs(window.p99Ns)} p99; ticks advance in steps of ${step}`,
  ];
}

function kernelLines({ kernel, kernelReason }: CalibrateResult): string[] {
  if (kernel === null) return [`not known: ${kernelReason ?? ''}`];
  const { clocksource, mult, shift, hz, tscKhz, offsetRatio } = kernel;
  if (mult === null || shift === null || hz === null || offsetRatio === null) {
    return [`clocksource ${clocksource}: ${kernelReason ?? ''}`];
  }
  const khz = tscKhz === null ? (kernelReason ?? '') : `${tscKhz} kHz`;
  return [
    `clocksource ${clocksource}: ${khz}, so ns = cycles * ${mult} >> ${shift}`,
    `exactly ${preciseHz(hz, 1e-12)}; measured ${formatRatio(offsetRatio)} from it`,
  ];
}

function trueLines({ trueRate, trueRateReason }: CalibrateResult): string[] {
  if (trueRate === null)
    return (trueRateReason ?? 'not known')
      .split('; ')
      .map((line, i) => (i === 0 ? `not known: ${line}` : line));
  return [
    `${preciseHz(trueRate.hz, trueRate.errorRatio)} +/- ${size(trueRate.errorRatio)} by ${trueRate.reference}`,
  ];
}

/** What the kernel itself said against the TSC. */
const remarks = ({ kernelRemarks = [] }: CalibrateResult): string[] =>
  kernelRemarks.length === 0
    ? []
    : [
        paragraph(
          'Kernel says',
          kernelRemarks.map(({ atS, text }) => `${atS.toFixed(1)} s after boot: ${text}`),
        ),
      ];

function claimsTable(claims: CalibrateResult['claims']): string {
  const rows = claims.map(({ source, hz, offsetRatio, reason }) => [
    source,
    hz === null ? '-' : formatHz(hz),
    offsetRatio === null ? '' : formatRatio(offsetRatio),
    reason,
  ]);
  return textTable(['Who claims what', '#frequency', '#from measured', 'why'], rows);
}

const nsOrDash = (ns: number | null): string => (ns === null ? '-' : formatNs(ns));

function cpuRow({
  cpu,
  offsetNs,
  resolutionNs,
  rateRatio,
  rateResolutionRatio,
  warps,
  reason,
}: CpuTsc): string[] {
  const rate = rateRatio === null ? '-' : `${formatRatio(rateRatio)} +/- ${size(rateResolutionRatio ?? 0)}`;
  if (resolutionNs === 0) return [`CPU ${cpu}`, '-', '-', '-', reason ?? ''];
  const offset = offsetNs === null ? '-' : `${formatNs(offsetNs)} +/- ${nsOrDash(resolutionNs)}`;
  return [`CPU ${cpu}`, offset, rate, String(warps), reason ?? ''];
}

/** CPUs that say nothing, beyond this many, are only counted. */
const MOST_CPUS = 64;

function cpusTable({ cpus, cpusReason }: CalibrateResult): string {
  if (cpus.length === 0) return `Across CPUs: not known: ${cpusReason ?? ''}`;
  const table = textTable(
    ['Across CPUs', '#offset', '#rate', '#warps', ''],
    cpus.slice(0, MOST_CPUS).map(cpuRow),
  );
  const more = cpus.length > MOST_CPUS ? [`and ${cpus.length - MOST_CPUS} more; --json has them all`] : [];
  return [table, ...more, ...(cpusReason === null ? [] : [cpusReason])].join('\n');
}

/** The result for people. */
export function calibrateText(result: CalibrateResult): string {
  return [
    paragraph('TSC', measuredLines(result)),
    paragraph('Kernel', kernelLines(result)),
    paragraph('True rate', trueLines(result)),
    ...remarks(result),
    claimsTable(result.claims),
    cpusTable(result),
  ].join('\n\n');
}

import type { CalibrateResult } from '../../../schema/calibrate.ts';
import { formatCount, formatHz, formatNs, formatRatio } from '../../../units.ts';
import { type Dot, dotPlotFigure } from '../../svg/dot-plot.ts';
import { preciseHz, size } from '../../text/calibrate.ts';
import { caption, facts } from '../markup.ts';
import type { Section } from '../page.ts';
import { claimsTable, cpusTable, eventsTable } from './calibrate-tables.ts';
import { convergenceFigure } from './convergence.ts';

/** Where the claims' axis is linear around zero: finer than any claim that is not the kernel's own. */
const LINEAR = 1e-9;

function offsetMark(ratio: number): string {
  const size = Math.abs(ratio);
  const sign = ratio < 0 ? '-' : ratio > 0 ? '+' : '';
  if (size === 0) return '0';
  if (size >= 0.99e-2) return `${sign}${Math.round(size * 1e2)} %`;
  return size >= 0.99e-6 ? `${sign}${Math.round(size * 1e6)} ppm` : `${sign}${Math.round(size * 1e9)} ppb`;
}

function dotsOf({
  tscHz,
  tscHzLow,
  tscHzHigh,
  kernel,
  trueRate,
  claims,
  standardErrorRatio,
}: CalibrateResult): Dot[] {
  const measured: Dot = {
    label: 'measured',
    value: 0,
    text: `+/- ${size(standardErrorRatio)}`,
    style: 0,
    interval: [tscHzLow / tscHz - 1, tscHzHigh / tscHz - 1],
  };
  const others: Dot[] = claims.flatMap(({ source, hz, offsetRatio }) =>
    hz === null || offsetRatio === null
      ? []
      : [{ label: source, value: offsetRatio, text: formatRatio(offsetRatio), style: 1 }],
  );
  const known: Dot[] =
    kernel?.hz == null
      ? []
      : [
          {
            label: "kernel's mult and shift",
            value: kernel.hz / tscHz - 1,
            text: formatRatio(kernel.hz / tscHz - 1),
            style: 2,
          },
        ];
  const truth: Dot[] =
    trueRate === null
      ? []
      : [
          {
            label: `true rate by ${trueRate.reference}`,
            value: trueRate.hz / tscHz - 1,
            text: `${formatRatio(trueRate.hz / tscHz - 1)} +/- ${size(trueRate.errorRatio)}`,
            style: 3,
            interval: [
              trueRate.hz / tscHz - 1 - trueRate.errorRatio,
              trueRate.hz / tscHz - 1 + trueRate.errorRatio,
            ],
          },
        ];
  return [measured, ...known, ...truth, ...others];
}

function resultFacts(result: CalibrateResult): Array<readonly [string, string, string]> {
  const { kernel, trueRate, rejected, window, granularityTicks } = result;
  const counts = `${formatCount(rejected.wideWindow)} too wide, ${formatCount(rejected.cpuChanged)} moved CPU, ${formatCount(rejected.clockDisturbed)} near a disturbance`;
  return [
    [
      'TSC rate',
      `${preciseHz(result.tscHz, result.standardErrorRatio)} +/- ${size(result.standardErrorRatio)}`,
      'one standard error of the fit',
    ],
    [
      'certainly between',
      `${formatHz(result.tscHzLow)} and ${formatHz(result.tscHzHigh)}`,
      'from the brackets alone, whatever the noise',
    ],
    [
      "kernel's ratio",
      kernel?.hz == null ? 'not known' : preciseHz(kernel.hz, 1e-12),
      kernel?.hz == null
        ? (result.kernelReason ?? '')
        : `${kernel.tscKhz ?? '?'} kHz as mult ${kernel.mult} >> ${kernel.shift}; measured ${kernel.offsetRatio === null ? '-' : formatRatio(kernel.offsetRatio)} from it`,
    ],
    [
      'true rate',
      trueRate === null
        ? 'not known'
        : `${preciseHz(trueRate.hz, trueRate.errorRatio)} +/- ${size(trueRate.errorRatio)}`,
      trueRate === null ? (result.trueRateReason ?? '') : `by ${trueRate.reference}`,
    ],
    [
      'samples',
      formatCount(result.samples),
      `over ${formatNs(result.durationNs)} against ${result.clock}; rejected: ${counts}`,
    ],
    [
      'window of a sample',
      `${formatNs(window.minNs)}, half below ${formatNs(window.medianNs)}, 99 % below ${formatNs(window.p99Ns)}`,
      granularityTicks === null ? '' : `the TSC advances in steps of ${granularityTicks} ticks`,
    ],
  ];
}

/** The TSC's rate, what is certain about it, and who else claims to know it. */
export function calibrateSection(result: CalibrateResult): Section {
  const dots = dotsOf(result);
  const figure = dotPlotFigure(
    {
      title: 'Offset of every known rate of the TSC from the measured one',
      axis: 'offset from the measured rate (ppb to %)',
      format: offsetMark,
      linear: LINEAR,
      dots,
    },
    caption(
      'Each mark is what one source says; the bar around the measured rate is its hard interval. The axis is linear within 1 ppb of 0 and logarithmic beyond.',
      result.independent === false
        ? `${result.clock} is made from the TSC, so that the kernel agrees is no proof of its rate.`
        : '',
    ),
  );
  const html = [
    figure,
    facts(resultFacts(result)),
    convergenceFigure(result),
    claimsTable(result),
    cpusTable(result),
    eventsTable(result),
  ];
  return { id: 'calibration', title: "The TSC's rate", html: html.join('') };
}

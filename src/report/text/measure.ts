import type { CalibrateResult } from '../../schema/calibrate.ts';
import type { DriftResult } from '../../schema/drift.ts';
import type { MeasureResult } from '../../schema/measure.ts';
import { formatCount, formatHz, formatNs, formatRatio } from '../../units.ts';
import { rateText } from './drift.ts';

/** A paragraph: its name, then lines set under one another. */
const paragraph = (name: string, lines: readonly string[]): string =>
  lines.map((line, i) => `${(i === 0 ? name : '').padEnd(8)}${line}`).join('\n');

function calibrateLines(result: CalibrateResult): string[] {
  const { kernel, trueRate, window } = result;
  const error = formatRatio(result.standardErrorRatio).replace(/^\+/, '');
  const measured = `${formatHz(result.tscHz)} +/- ${error} (1 standard error; ${formatNs(result.durationNs)} against ${result.clock}, n = ${formatCount(result.samples)}, window ${formatNs(window.minNs)})`;
  const interval = `certainly between ${formatHz(result.tscHzLow)} and ${formatHz(result.tscHzHigh)}`;
  const known =
    kernel?.hz == null || kernel.offsetRatio === null
      ? `kernel: ${result.kernelReason ?? 'not known'}`
      : `kernel: ${kernel.tscKhz ?? '?'} kHz, mult ${kernel.mult} >> ${kernel.shift} = ${formatHz(kernel.hz)}; measured ${formatRatio(kernel.offsetRatio)} from it`;
  const truth =
    trueRate === null
      ? `true rate: not known here: ${result.trueRateReason ?? ''}`
      : `true rate: ${formatHz(trueRate.hz)} +/- ${formatRatio(trueRate.errorRatio).replace(/^\+/, '')} by ${trueRate.reference}`;
  return [measured, interval, known, truth];
}

function driftLines({ pairs, durationNs, intervalNs, windowNs }: DriftResult): string[] {
  const window = windowNs === null ? '' : `, window ${formatNs(windowNs)}`;
  return [
    `over ${formatNs(durationNs)}, a sample each ${formatNs(intervalNs)}${window}`,
    ...pairs.map((pair) => {
      const same = pair.independent === false ? '; one counter behind both' : '';
      const end = pair.atEndNs === null ? '' : `, ${formatNs(pair.atEndNs)} at the end`;
      const events = pair.events.length === 0 ? 'no event' : `${pair.events.length} events`;
      return `${pair.clock} - ${pair.reference}: ${rateText(pair)}${end}, n = ${formatCount(pair.samples)}, ${events}${same}`;
    }),
  ];
}

/** The run for people: a paragraph for each part, in the order in which they ran. */
export function measureText({ calibrate, drift, skipped }: MeasureResult): string {
  const parts = [
    ...(calibrate === null ? [] : [paragraph('TSC', calibrateLines(calibrate))]),
    ...(drift === null ? [] : [paragraph('Drift', driftLines(drift))]),
    ...skipped.map(({ part, reason }) => paragraph(part, [`skipped: ${reason}`])),
  ];
  return parts.join('\n\n');
}

import type { CalibrateResult } from '../../schema/calibrate.ts';
import { formatRatio } from '../../units.ts';
import { preciseHz, size } from '../text/calibrate.ts';
import type { Verdict } from './verdict.ts';

/** What the TSC's rate is, and whether that can be believed. */
export function calibrateVerdict(result: CalibrateResult): Verdict {
  const { tscHz, standardErrorRatio, clock, kernel, trueRate, independent } = result;
  const rate = `The TSC runs at ${preciseHz(tscHz, standardErrorRatio)} +/- ${size(standardErrorRatio)} against ${clock}`;
  const offset = kernel?.offsetRatio ?? null;
  const known = offset === null ? '' : `, ${formatRatio(offset)} from what the kernel takes it for`;
  const about = "The TSC's rate";
  if (trueRate !== null) {
    const truth = `By ${trueRate.reference}, its true rate is ${preciseHz(trueRate.hz, trueRate.errorRatio)} +/- ${size(trueRate.errorRatio)}.`;
    return { level: 'good', about, text: `${rate}${known}. ${truth}` };
  }
  const same =
    independent === false
      ? ' That clock is made from the TSC itself, so this is the ratio that the kernel uses.'
      : '';
  return { level: 'note', about, text: `${rate}${known}.${same} The true rate is not known here.` };
}

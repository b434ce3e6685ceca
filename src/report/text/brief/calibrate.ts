import type { CalibrateResult } from '../../../schema/calibrate.ts';
import { formatCount, formatHz, formatNs, formatRatio } from '../../../units.ts';
import { preciseHz, size } from '../calibrate.ts';

/** The TSC's rate in a few lines. */
export function calibrateBrief(result: CalibrateResult): string[] {
  const { tscHz, standardErrorRatio, tscHzLow, tscHzHigh, durationNs, clock, samples, kernel, trueRate } =
    result;
  const counted = `n = ${formatCount(samples)} in ${formatNs(durationNs)} against ${clock}`;
  const known =
    kernel?.hz == null || kernel.offsetRatio === null
      ? `kernel: ${result.kernelReason ?? 'not known'}`
      : `kernel: mult ${kernel.mult} >> ${kernel.shift} = ${preciseHz(kernel.hz, 1e-12)}; measured ${formatRatio(kernel.offsetRatio)} from it`;
  const truth =
    trueRate === null
      ? 'true rate: not known here; `tscope calibrate` says what would tell it'
      : `true rate: ${preciseHz(trueRate.hz, trueRate.errorRatio)} +/- ${size(trueRate.errorRatio)} by ${trueRate.reference}`;
  return [
    `${preciseHz(tscHz, standardErrorRatio)} +/- ${size(standardErrorRatio)} (1 s.e.), ${counted}`,
    `certainly between ${formatHz(tscHzLow)} and ${formatHz(tscHzHigh)}`,
    known,
    truth,
  ];
}

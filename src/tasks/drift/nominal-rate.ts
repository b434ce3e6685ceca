import { type Control, quietControl } from '../../clock/control.ts';
import type { CalibrateResult } from '../../schema/calibrate.ts';
import { calibrate } from '../../tsc/calibrate.ts';
import { hostSource } from '../../tsc/source.ts';
import type { SampledHost } from './collection.ts';

/** Long enough to tell the kernel's ratio from its neighbours. */
const CALIBRATION_NS = 200_000_000;

/** The counter's rate as a guest of this host gets it: exact, and in the whole kHz that KVM is told. */
export function guestTsc(result: CalibrateResult): { readonly tscHz: number; readonly tscKhz: number } {
  return {
    tscHz: nominalRate(result).hz,
    tscKhz: result.kernel?.tscKhz ?? Math.round(result.tscHz / 1000),
  };
}

/** The exact rate of the kernel's own conversion where the clocks are made from the TSC, else the measured one. */
export function nominalRate(result: CalibrateResult): SampledHost['nominal'] {
  const hz = result.kernel?.hz ?? null;
  if (hz === null) return { hz: result.tscHz, source: 'measured against monotonic_raw before the run' };
  return { hz, source: `the kernel's mult ${result.kernel?.mult} >> ${result.kernel?.shift}` };
}

/** A calibration before the run. @param control only its cancellation counts. */
export const calibrateBriefly = (control: Control, durationNs: number = CALIBRATION_NS): CalibrateResult =>
  calibrate({ durationNs, clock: 'monotonic_raw' }, hostSource(), {
    ...quietControl,
    cancelled: control.cancelled,
  }).result;

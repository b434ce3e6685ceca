import type { ClockName } from '../host/clocks.ts';
import type { KernelRemark } from '../host/kernel-log.ts';
import type { Estimator } from './rate.ts';

/** What may happen to a clock or to the counter during a run. */
export const clockEventKinds = [
  'step',
  'slew',
  'suspend',
  'counter-rate-change',
  'counter-step',
  'counter-backwards',
  'clocksource-change',
] as const;

/** Something that happened to a clock or to the counter during the run. */
export interface ClockEvent {
  /** Nanoseconds after the start of the run. */
  readonly atNs: number;
  readonly kind: (typeof clockEventKinds)[number];
  readonly detail: string;
}

/** One CPU's TSC against that of the first CPU. Null where it is not known; `reason` says why. */
export interface CpuTsc {
  readonly cpu: number;
  readonly offsetNs: number | null;
  /** Half the interval that the exchange leaves for the offset. */
  readonly resolutionNs: number | null;
  readonly rateRatio: number | null;
  readonly rateResolutionRatio: number | null;
  readonly rounds: number;
  /** Rounds in which a later reading, on the other CPU, was lower. */
  readonly warps: number;
  readonly reason: string | null;
}

/** The kernel's own conversion of the counter into ns. */
export interface KernelConversion {
  readonly clocksource: string;
  readonly derivedFromTsc: boolean;
  /** Null where the ratio is not known, or where several kHz lead to it; `kernelReason` says which. */
  readonly tscKhz: number | null;
  readonly mult: number | null;
  readonly shift: number | null;
  /** 1e9 * 2^shift / mult. */
  readonly hz: number | null;
  /** How far the measured rate lies from `hz`. */
  readonly offsetRatio: number | null;
}

/** A frequency that somebody names for the TSC, against the measured one. */
export interface ComparedClaim {
  readonly source: string;
  readonly hz: number | null;
  /** How far the claim lies from the measured rate. */
  readonly offsetRatio: number | null;
  /** Why it may differ, or why it is not known. */
  readonly reason: string;
}

/** What the run knew at one of its moments. */
export interface Convergence {
  /** From the run's start. */
  readonly elapsedNs: number;
  /** How far the rate by then lies from the kernel's ratio, or from the whole run's rate where that is not known. */
  readonly offsetRatio: number;
  readonly standardErrorRatio: number;
  /** Half the hard interval by then. */
  readonly boundRatio: number;
}

/** `result` of `tscope calibrate`. */
export interface CalibrateResult {
  readonly clock: ClockName;
  readonly tscHz: number;
  /** Certain bounds, whatever the noise. */
  readonly tscHzLow: number;
  readonly tscHzHigh: number;
  readonly standardErrorRatio: number;
  /** How `tscHz` was found, and what in the run decided that. Absent in older documents. */
  readonly estimator?: Estimator | undefined;
  readonly estimatorReason?: string | undefined;
  /** False where the clock is made from the TSC, so that the rate says nothing about the crystal. */
  readonly independent: boolean | null;
  readonly durationNs: number;
  readonly samples: number;
  /** Brackets left out: too wide, the thread moved between their reads, or beside a disturbance. */
  readonly rejected: {
    readonly wideWindow: number;
    readonly cpuChanged: number;
    readonly clockDisturbed: number;
  };
  readonly window: { readonly minNs: number; readonly medianNs: number; readonly p99Ns: number };
  /** The step in which the counter advances; null where too few readings were taken. */
  readonly granularityTicks: number | null;
  readonly kernel: KernelConversion | null;
  readonly kernelReason: string | null;
  readonly trueRate: { readonly hz: number; readonly errorRatio: number; readonly reference: string } | null;
  readonly trueRateReason: string | null;
  /** What the run knew as it went on, from the first moment that allows a rate to its end. */
  readonly convergence: Convergence[];
  readonly claims: ComparedClaim[];
  /** What the kernel itself said of the TSC since it booted. Absent in older documents. */
  readonly kernelRemarks?: KernelRemark[] | undefined;
  readonly cpus: CpuTsc[];
  readonly cpusReason: string | null;
  readonly events: ClockEvent[];
}

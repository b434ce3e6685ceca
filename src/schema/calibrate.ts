import { z } from 'zod';
import { clockName } from './host.ts';
import { count } from './measured.ts';

const kernel = z.strictObject({
  clocksource: z.string(),
  derivedFromTsc: z.boolean(),
  /** Null where the ratio is not known, or where several kHz lead to it; `kernelReason` says which. */
  tscKhz: count.nullable(),
  mult: count.nullable(),
  shift: count.nullable(),
  /** 1e9 * 2^shift / mult. */
  hz: z.number().nullable(),
  /** How far the measured rate lies from `hz`. */
  offsetRatio: z.number().nullable(),
});

const claim = z.strictObject({
  source: z.string(),
  hz: z.number().nullable(),
  /** How far the claim lies from the measured rate. */
  offsetRatio: z.number().nullable(),
  /** Why it may differ, or why it is not known. */
  reason: z.string(),
});

/** Something that happened to a clock or to the counter during the run. */
export const clockEvent = z.strictObject({
  /** Nanoseconds after the start of the run. */
  atNs: z.number(),
  kind: z.enum([
    'step',
    'slew',
    'suspend',
    'counter-rate-change',
    'counter-step',
    'counter-backwards',
    'clocksource-change',
  ]),
  detail: z.string(),
});
export type ClockEvent = z.infer<typeof clockEvent>;

/** One CPU's TSC against that of the first CPU. Null where it is not known; `reason` says why. */
const cpuTsc = z.strictObject({
  cpu: count,
  offsetNs: z.number().nullable(),
  /** Half the interval that the exchange leaves for the offset. */
  resolutionNs: z.number().nullable(),
  rateRatio: z.number().nullable(),
  rateResolutionRatio: z.number().nullable(),
  rounds: count,
  /** Rounds in which a later reading, on the other CPU, was lower. */
  warps: count,
  reason: z.string().nullable(),
});
export type CpuTsc = z.infer<typeof cpuTsc>;

/** `result` of `tscope calibrate`. */
export const calibrateResultSchema = z.strictObject({
  clock: clockName,
  tscHz: z.number(),
  tscHzLow: z.number(),
  tscHzHigh: z.number(),
  standardErrorRatio: z.number(),
  /** False where the clock is made from the TSC, so that the rate says nothing about the crystal. */
  independent: z.boolean().nullable(),
  durationNs: z.number(),
  samples: count,
  rejected: z.strictObject({ wideWindow: count, cpuChanged: count, clockDisturbed: count }),
  window: z.strictObject({ minNs: z.number(), medianNs: z.number(), p99Ns: z.number() }),
  /** The step in which the counter advances; null where too few readings were taken. */
  granularityTicks: count.nullable(),
  kernel: kernel.nullable(),
  kernelReason: z.string().nullable(),
  trueRate: z.strictObject({ hz: z.number(), errorRatio: z.number(), reference: z.string() }).nullable(),
  trueRateReason: z.string().nullable(),
  /** What the run knew as it went on, from the first moment that allows a rate to its end. */
  convergence: z.array(
    z.strictObject({
      /** From the run's start. */
      elapsedNs: z.number(),
      /** How far the rate by then lies from the kernel's ratio, or from the whole run's rate where that is not known. */
      offsetRatio: z.number(),
      standardErrorRatio: z.number(),
      /** Half the hard interval by then. */
      boundRatio: z.number(),
    }),
  ),
  claims: z.array(claim),
  cpus: z.array(cpuTsc),
  cpusReason: z.string().nullable(),
  events: z.array(clockEvent),
});
export type CalibrateResult = z.infer<typeof calibrateResultSchema>;

import { z } from 'zod';
import { estimators } from '../tsc/rate.ts';
import {
  type CalibrateResult,
  type ClockEvent,
  type CpuTsc,
  clockEventKinds,
  type KernelConversion,
} from '../tsc/result.ts';
import { clockName } from './host.ts';
import { count, errorSize } from './measured.ts';

export type { CalibrateResult } from '../tsc/result.ts';

const kernel = z.strictObject({
  clocksource: z.string(),
  derivedFromTsc: z.boolean(),
  tscKhz: count.nullable(),
  mult: count.nullable(),
  shift: count.nullable(),
  hz: z.number().nullable(),
  offsetRatio: z.number().nullable(),
}) satisfies z.ZodType<KernelConversion>;

const claim = z.strictObject({
  source: z.string(),
  hz: z.number().nullable(),
  offsetRatio: z.number().nullable(),
  reason: z.string(),
});

const clockEvent = z.strictObject({
  atNs: z.number(),
  kind: z.enum(clockEventKinds),
  detail: z.string(),
}) satisfies z.ZodType<ClockEvent>;

const cpuTsc = z.strictObject({
  cpu: count,
  offsetNs: z.number().nullable(),
  resolutionNs: z.number().nullable(),
  rateRatio: z.number().nullable(),
  rateResolutionRatio: z.number().nullable(),
  rounds: count,
  warps: count,
  reason: z.string().nullable(),
}) satisfies z.ZodType<CpuTsc>;

/** `result` of `tscope calibrate`; src/tsc/result.ts says what each field means. */
export const calibrateResultSchema = z.strictObject({
  clock: clockName,
  tscHz: z.number(),
  tscHzLow: z.number(),
  tscHzHigh: z.number(),
  standardErrorRatio: errorSize,
  estimator: z.enum(estimators).optional(),
  estimatorReason: z.string().optional(),
  independent: z.boolean().nullable(),
  durationNs: z.number(),
  samples: count,
  rejected: z.strictObject({ wideWindow: count, cpuChanged: count, clockDisturbed: count }),
  window: z.strictObject({ minNs: z.number(), medianNs: z.number(), p99Ns: z.number() }),
  granularityTicks: count.nullable(),
  kernel: kernel.nullable(),
  kernelReason: z.string().nullable(),
  trueRate: z.strictObject({ hz: z.number(), errorRatio: errorSize, reference: z.string() }).nullable(),
  trueRateReason: z.string().nullable(),
  convergence: z.array(
    z.strictObject({
      elapsedNs: z.number(),
      offsetRatio: z.number(),
      standardErrorRatio: errorSize,
      boundRatio: z.number(),
    }),
  ),
  claims: z.array(claim),
  kernelRemarks: z.array(z.strictObject({ atS: z.number(), text: z.string() })).optional(),
  cpus: z.array(cpuTsc),
  cpusReason: z.string().nullable(),
  events: z.array(clockEvent),
}) satisfies z.ZodType<CalibrateResult>;

import { z } from 'zod';
import { absolute, count, errorSize } from './measured.ts';
import { EVENT_KINDS } from './words.ts';

const driftEventSchema = z.strictObject({
  /** Wall-clock time at the sample that showed it. */
  at: z.iso.datetime(),
  kind: z.enum(EVENT_KINDS),
  detail: z.string(),
});
export type DriftEvent = z.infer<typeof driftEventSchema>;

/** A statistic that the record is too short for is null. */
const deviation = z.number().nullable();

/** The deviations at one averaging time. */
export const stabilityRowSchema = z.strictObject({
  tauNs: z.number(),
  adev: deviation,
  oadev: deviation,
  mdev: deviation,
  tdevNs: deviation,
  hdev: deviation,
  n: count,
  /** 95 % interval of oadev; null where the noise gives none. Since version 0.2. */
  oadevLow: deviation.optional(),
  oadevHigh: deviation.optional(),
});

const driftPairSchema = z.strictObject({
  clock: z.string(),
  reference: z.string(),
  /** False: both are made from one counter, so their agreement says nothing about its crystal. Null: unknown. */
  independent: z.boolean().nullable(),
  independentReason: z.string(),
  samples: count,
  rejected: count,
  /** The clock's rate against the reference, less 1; the TSC counts as `nominalTscHz`. */
  rateRatio: z.number().nullable(),
  rateStandardError: errorSize.nullable(),
  /** How far the clock moved against the reference from the first sample to the last, steps and sleep included;
   * they are taken out of every other figure, and listed as events. */
  atEndNs: z.number().nullable(),
  maxTimeIntervalErrorNs: z.number().nullable(),
  stability: z.array(stabilityRowSchema),
  events: z.array(driftEventSchema),
  /** The time error over the run, thinned for drawing: [ns since the start, ns]. */
  timeError: z.array(z.tuple([z.number(), z.number()])),
});
export type DriftPair = z.infer<typeof driftPairSchema>;

export const driftResultSchema = z.strictObject({
  reference: z.string(),
  startKtimeNs: absolute,
  intervalNs: z.number(),
  durationNs: z.number(),
  /** What one TSC tick was taken for. */
  nominalTscHz: z.number(),
  nominalTscSource: z.string(),
  /** Median window of the brackets kept: the resolution of one sample is half of it. */
  windowNs: z.number().nullable(),
  pairs: z.array(driftPairSchema),
  /** Events that were found but are not listed, because there were too many. */
  eventsDropped: count,
});
export type DriftResult = z.infer<typeof driftResultSchema>;

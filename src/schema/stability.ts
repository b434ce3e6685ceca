import { z } from 'zod';
import type { RecordRead } from '../records/record.ts';
import { ESTIMATOR_NAMES } from '../stability/estimators.ts';
import type { HatClock, HatPoint } from '../stability/hat.ts';
import type { Bins } from '../stability/outline.ts';
import type { Preparation } from '../stability/preparation.ts';
import type { Spectrum } from '../stability/spectrum.ts';
import { count } from './measured.ts';

const value = z.number().nullable().optional();

/**
 * What a point holds for each estimator that was asked for: its value; the number of terms; the interval and the
 * degrees of freedom behind it, null where there is none (MTIE, TIE, noise not identified).
 */
const statistics: Record<string, typeof value> = Object.fromEntries(
  ESTIMATOR_NAMES.flatMap((name) => [name, `${name}N`, `${name}Low`, `${name}High`, `${name}Edf`]).map(
    (field) => [field, value],
  ),
);

const stabilityPointSchema = z.strictObject({
  /** Averaging factor. */
  m: z.int().min(1),
  /** Averaging time, s: m tau0. */
  tau: z.number(),
  /** Terms behind the first estimator that was asked for. */
  n: count,
  /** Exponent of the noise's spectrum, 2 (white PM) to -4, and its name. */
  alpha: z.int().min(-4).max(2).nullable(),
  noise: z.string().nullable(),
  ...statistics,
  /** How many times a total variance was too large in the noise identified, which is taken out. */
  totdevBias: value,
  mtotdevBias: value,
  ttotdevBias: value,
  htotdevBias: value,
  /** Their own averaging times, s, where they are not the point's: 0.75 m tau0. */
  theo1Tau: value,
  theobrTau: value,
  theohTau: value,
  /** Why a value is null, or has no interval though the noise is known, by estimator. */
  reasons: z.record(z.string(), z.string()),
});

/** What was understood of a file of readings; src/records/record.ts says what each field means. */
const recordReadSchema = z.strictObject({
  format: z.string(),
  columns: count,
  column: z.int().min(1).nullable(),
  timeColumn: z.int().min(1).nullable(),
  unit: z.string(),
  nominalHz: z.number().nullable(),
  spacing: z.strictObject({
    tau0: z.number(),
    source: z.enum(['given', 'times']),
    times: z.string().nullable(),
  }),
  lines: count,
  readings: count,
  gaps: z.strictObject({ marked: count, zeros: count, absent: count }),
  wraps: z.number().nullable(),
  skipped: z.array(z.strictObject({ what: z.string(), lines: count })).readonly(),
}) satisfies z.ZodType<RecordRead>;

const orNull = z.number().nullable();
/** [seconds from the first reading, value]; null in a gap. */
const outline = z.array(z.tuple([z.number(), orNull]));

const hatClock = z.strictObject({
  name: z.string(),
  variance: orNull,
  covariance: orNull,
  low: orNull,
  high: orNull,
  deviation: orNull,
  edf: orNull,
}) satisfies z.ZodType<HatClock & { name: string }>;

/** The N-cornered hat of several records; src/stability/hat.ts says what each field means. */
const hatSchema = z.strictObject({
  kind: z.enum(['clocks', 'pairs']),
  records: z.array(z.strictObject({ file: z.string(), values: count, gaps: count, read: recordReadSchema })),
  points: z.array(
    z.strictObject({ m: z.int().min(1), tau: z.number(), n: count, clocks: z.array(hatClock) }),
  ) satisfies z.ZodType<HatPoint[]>,
});

/** The overlapping Allan deviation in windows that slide over the record. */
const dynamicSchema = z.strictObject({
  windowPoints: count,
  windows: z.array(
    z.strictObject({
      /** Middle of the window, s from the first reading. */
      at: z.number(),
      points: z.array(
        z.strictObject({
          m: z.int().min(1),
          tau: z.number(),
          n: count,
          oadev: orNull,
          low: orNull,
          high: orNull,
        }),
      ),
    }),
  ),
});

/** What a page draws of the record itself, bounded. */
const picturesSchema = z.strictObject({
  /** Constant frequency that was taken out of `phase`. */
  offsetRatio: z.number(),
  /** The carrier's frequency, where it was given: the spectrum is then drawn as L(f). */
  nominalHz: orNull,
  /** s; the smallest and the largest of each stretch of a long record. */
  phase: outline,
  frequency: outline,
  /** Frequencies in bins of `width`: [lower end, how many]. */
  histogram: z.strictObject({
    width: z.number(),
    bins: z.array(z.tuple([z.number(), count])),
  }) satisfies z.ZodType<Bins>,
  /** One-sided power density of the phase (Welch), s^2/Hz. */
  spectrum: z.array(z.strictObject({ hz: z.number(), phase: z.number() }) satisfies z.ZodType<Spectrum>),
});

const preparation = z.discriminatedUnion('step', [
  z.strictObject({ step: z.literal('drift'), driftPerSecond: z.number() }),
  z.strictObject({
    step: z.literal('outliers'),
    sigmas: z.number(),
    removed: count,
    limitRatio: z.number(),
  }),
]) satisfies z.ZodType<Preparation>;

/** `result` of `tscope stability`. Deviations are fractional frequencies; tdev, ttotdev, mtie and tierms are seconds. */
export const stabilityResultSchema = z.strictObject({
  data: z.enum(['phase', 'frequency']),
  tau0: z.number(),
  /** Values in the file, the missing ones included. */
  values: count,
  gaps: count,
  /** Of the intervals: 0.95 for 95 %. */
  confidence: z.number(),
  /** What was understood of the file; documents of tscope 0.2 have none. */
  read: recordReadSchema.optional(),
  /** What was done to the record before, in order. */
  steps: z.array(preparation).optional(),
  points: z.array(stabilityPointSchema),
  /** As it was named; `standard input` for `-`. */
  file: z.string().optional(),
  hat: hatSchema.optional(),
  dynamic: dynamicSchema.optional(),
  pictures: picturesSchema.optional(),
});
type Result = z.infer<typeof stabilityResultSchema>;
/** Its statistics are under names made from the estimators' (`oadev`, `oadevLow` ...): numbers, null or absent. */
export type StabilityPoint = Result['points'][number] & Readonly<Record<string, unknown>>;
export type StabilityResult = Omit<Result, 'points'> & { readonly points: readonly StabilityPoint[] };

import { z } from 'zod';
import { count } from './measured.ts';

/** The estimators, by their usual short names. */
export const ESTIMATOR_NAMES = [
  'adev',
  'oadev',
  'mdev',
  'tdev',
  'hdev',
  'ohdev',
  'totdev',
  'mtie',
  'tierms',
] as const;

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

export const stabilityPointSchema = z.strictObject({
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
  /** Why a value is null, by estimator. */
  reasons: z.record(z.string(), z.string()),
});

/** `result` of `tscope stability`. Deviations are fractional frequencies; tdev, mtie and tierms are seconds. */
export const stabilityResultSchema = z.strictObject({
  data: z.enum(['phase', 'frequency']),
  tau0: z.number(),
  /** Values in the file, the missing ones included. */
  values: count,
  gaps: count,
  /** Of the intervals: 0.95 for 95 %. */
  confidence: z.number(),
  points: z.array(stabilityPointSchema),
});
type Result = z.infer<typeof stabilityResultSchema>;
/** Its statistics are under names made from the estimators' (`oadev`, `oadevLow` ...): numbers, null or absent. */
export type StabilityPoint = Result['points'][number] & Readonly<Record<string, unknown>>;
export type StabilityResult = Omit<Result, 'points'> & { readonly points: readonly StabilityPoint[] };

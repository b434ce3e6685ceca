import { z } from 'zod';
import { count } from './measured.ts';

/** One of the documents that were compared. */
const side = z.strictObject({
  /** As it was named on the command line. */
  name: z.string(),
  hostname: z.string(),
  startedAt: z.iso.datetime(),
  version: z.string(),
});

/** The judgement of a quantity that both sides have. */
const JUDGEMENTS = [
  /** The interval of the difference does not hold 0; of what repeats exactly, it is not the same. */
  'changed',
  /** It repeats exactly, and did. */
  'same',
  'within-noise',
] as const;

const comparedSchema = z.strictObject({
  part: z.enum(['calibrate', 'timer', 'drift', 'stop', 'kvm']),
  quantity: z.string(),
  /** Of a, b and the difference. */
  unit: z.enum(['hz', 'ns', 'ratio']),
  /** The mean of the side's runs; of durations, the geometric mean. */
  a: z.number(),
  b: z.number(),
  /** b less a; for `hz` as a ratio of a. */
  difference: z.number(),
  /** Such that all figures together give false alarms in `falseAlarmRatio` of the comparisons. */
  differenceLow: z.number(),
  differenceHigh: z.number(),
  /**
   * Standard deviation between runs that was reckoned with: of a duration's natural logarithm, of `hz` as a ratio, else in
   * the unit; null for what repeats exactly.
   */
  spread: z.number().nullable(),
  judgement: z.enum(JUDGEMENTS),
});
export type Compared = z.infer<typeof comparedSchema>;

/** `result` of `tscope compare`. */
export const compareResultSchema = z.strictObject({
  /** The first run of each side. */
  a: side,
  b: side,
  /** Every run of each side, and how many earlier ones of the host the spread was learned from. */
  runs: z.strictObject({ a: z.array(side), b: z.array(side), history: count }),
  /** Of comparisons between which nothing changed, the share in which some figure is called changed. */
  falseAlarmRatio: z.number(),
  /** Facts about the hosts that differ; null where one does not know it. */
  facts: z.array(z.strictObject({ fact: z.string(), a: z.string().nullable(), b: z.string().nullable() })),
  /** Quantities that both have. */
  quantities: z.array(comparedSchema),
  /** Parts that only one of them has. */
  onlyIn: z.strictObject({ a: z.array(z.string()), b: z.array(z.string()) }),
});
export type CompareResult = z.infer<typeof compareResultSchema>;

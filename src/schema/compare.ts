import { z } from 'zod';

/** One of the two documents that were compared. */
const side = z.strictObject({
  /** As it was named on the command line. */
  name: z.string(),
  hostname: z.string(),
  startedAt: z.iso.datetime(),
  version: z.string(),
});

/** What is said of a quantity that both have. */
export const JUDGEMENTS = [
  /** The interval of the difference does not hold 0. */
  'changed',
  'within-noise',
  /** One of the two has no interval; `reason` says why. */
  'not-judged',
] as const;

export const comparedSchema = z.strictObject({
  part: z.enum(['calibrate', 'timer', 'drift', 'stop', 'kvm']),
  quantity: z.string(),
  /** Of a, b and the difference. */
  unit: z.enum(['hz', 'ns', 'ratio']),
  a: z.number(),
  b: z.number(),
  /** b less a; for `hz` as a ratio of a. */
  difference: z.number(),
  differenceLow: z.number().nullable(),
  differenceHigh: z.number().nullable(),
  judgement: z.enum(JUDGEMENTS),
  reason: z.string().nullable(),
});
export type Compared = z.infer<typeof comparedSchema>;

/** `result` of `tscope compare`. */
export const compareResultSchema = z.strictObject({
  a: side,
  b: side,
  /** Facts about the hosts that differ; null where one does not know it. */
  facts: z.array(z.strictObject({ fact: z.string(), a: z.string().nullable(), b: z.string().nullable() })),
  /** Quantities that both have. */
  quantities: z.array(comparedSchema),
  /** Parts that only one of them has. */
  onlyIn: z.strictObject({ a: z.array(z.string()), b: z.array(z.string()) }),
});
export type CompareResult = z.infer<typeof compareResultSchema>;

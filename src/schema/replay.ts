import { z } from 'zod';
import { absolute, count } from './measured.ts';

/** The timer after a step. */
export const timerStateSchema = z.strictObject({
  /** What the guest read; after a `tmcct` step only. */
  value: count.optional(),
  mode: z.enum(['one-shot', 'periodic', 'tsc-deadline', 'reserved']),
  divideCount: count,
  /** ns. */
  period: absolute,
  /** ktime, ns. */
  targetExpiration: absolute,
  /** Guest TSC; 0 is not programmed. */
  tscDeadline: absolute,
  pending: z.int().min(0).max(1),
  hvTimerInUse: z.boolean(),
  /** Host TSC; null when the HV timer is cancelled. */
  hvDeadlineTsc: absolute.nullable(),
  /** ktime, ns; null when the hrtimer is not armed. */
  hrtimerExpires: absolute.nullable(),
  /** Interrupts delivered so far. */
  irqs: count,
  warnings: count,
});

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** A field that is not as the input expected it; null on the side that has no such field. */
export const differenceSchema = z.strictObject({
  scenario: count,
  name: z.string(),
  /** null where it is not about one step: the scale, or the number of states. */
  step: count.nullable(),
  field: z.string(),
  expected: scalar,
  actual: scalar,
});
export type Difference = z.infer<typeof differenceSchema>;

/** `result` of `tscope replay`. */
export const replayResultSchema = z.strictObject({
  scenarios: z.array(
    z.strictObject({
      name: z.string(),
      /** Nanoseconds to guest cycles: shift, then multiply by mult / 2^32. */
      scale: z.strictObject({ mult: count, shift: z.int() }),
      states: z.array(timerStateSchema),
    }),
  ),
  /** States compared with what the input expected. */
  compared: count,
  differences: z.array(differenceSchema),
});
export type ReplayResult = z.infer<typeof replayResultSchema>;

import { z } from 'zod';
import { timerModeNames } from '../lapic/registers.ts';
import type { TimerState } from '../lapic/replay.ts';
import { absolute, count } from './measured.ts';

/** The timer after a step; src/lapic/replay.ts says what each field means. */
export const timerStateSchema = z.strictObject({
  value: count.optional(),
  mode: z.enum(timerModeNames),
  divideCount: count,
  period: absolute,
  targetExpiration: absolute,
  tscDeadline: absolute,
  pending: z.int().min(0).max(1),
  hvTimerInUse: z.boolean(),
  hvDeadlineTsc: absolute.nullable(),
  hrtimerExpires: absolute.nullable(),
  irqs: count,
  warnings: count,
}) satisfies z.ZodType<TimerState>;

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** A field that differs from what the input expects; null on the side that lacks it. */
const differenceSchema = z.strictObject({
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

import { z } from 'zod';
import { calibrateResultSchema } from './calibrate.ts';
import { hostDocument } from './document.ts';
import { driftResultSchema } from './drift.ts';
import { hostResultSchema } from './host.ts';
import { kvmResultSchema } from './kvm.ts';
import { stopResultSchema } from './stop.ts';
import { timerResultSchema } from './timer.ts';

/** The parts of `tscope measure`, in the order in which they run. */
export const PARTS = ['host', 'calibrate', 'timer', 'drift', 'stop', 'kvm'] as const;
export type Part = (typeof PARTS)[number];

/** `result` of `tscope measure`: each part's own result; null has its reason in `skipped`. */
const measureResultSchema = z.strictObject({
  quick: z.boolean(),
  host: hostResultSchema,
  calibrate: calibrateResultSchema.nullable(),
  timer: timerResultSchema.nullable(),
  drift: driftResultSchema.nullable(),
  stop: stopResultSchema.nullable(),
  kvm: kvmResultSchema.nullable(),
  skipped: z.array(z.strictObject({ part: z.enum(PARTS), reason: z.string() })),
});
export type MeasureResult = z.infer<typeof measureResultSchema>;

/** The whole of a run.json. */
export const measureDocumentSchema = hostDocument('measure', measureResultSchema);

import { z } from 'zod';
import { count } from './measured.ts';

const setting = z.strictObject({
  /** As a user would write it; null where it is off. */
  value: z.string().nullable(),
  origin: z.enum(['flag', 'environment', 'file', 'default']),
});

/** `result` of `tscope agent`: what it is told, what that means, and what it did. */
export const agentResultSchema = z.strictObject({
  /** The configuration file that was read. */
  file: z.string().nullable(),
  settings: z.record(z.string(), setting),
  /** What it does with them, a sentence each. */
  plan: z.array(z.string()),
  /** Null with --check. */
  ran: z
    .strictObject({
      address: z.string(),
      durationNs: z.number(),
      samples: count,
      events: count,
      /** Samples that could not be stored before it ended. */
      notStored: count,
    })
    .nullable(),
});
export type AgentResult = z.infer<typeof agentResultSchema>;

import { z } from 'zod';
import type { Warning } from '../warning.ts';

const warningSchema = z.strictObject({
  code: z.string().regex(/^[a-z0-9-]+$/),
  message: z.string(),
  hint: z.string().nullable(),
}) satisfies z.ZodType<Warning>;
/** Parts that every document shares. `host` is left out where the command needs none. */
export const envelope = {
  tool: z.strictObject({ name: z.literal('tscope'), version: z.string() }),
  startedAt: z.iso.datetime(),
  /** The command line, quoted for a shell; documents of 0.1.0 have none. */
  command: z.string().optional(),
  warnings: z.array(warningSchema),
};

/** The value of a document's `schema` field. */
export const schemaId = (kind: string): string => `tscope/${kind}/1`;

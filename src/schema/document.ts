import { z } from 'zod';
import type { Warning } from '../warning.ts';
import { hostSummarySchema } from './host.ts';
import { schemaId } from './words.ts';

const warningSchema = z.strictObject({
  code: z.string().regex(/^[a-z0-9-]+$/),
  message: z.string(),
  hint: z.string().nullable(),
}) satisfies z.ZodType<Warning>;

const envelopeOf = (kind: string) => ({
  schema: z.literal(schemaId(kind)),
  tool: z.strictObject({ name: z.literal('tscope'), version: z.string() }),
  startedAt: z.iso.datetime(),
  /** The command line, quoted for a shell; documents of 0.1.0 have none. */
  command: z.string().optional(),
  warnings: z.array(warningSchema),
});

/** A whole document that speaks of a host. */
export const hostDocument = <Result extends z.ZodType>(kind: string, result: Result) =>
  z.strictObject({ ...envelopeOf(kind), host: hostSummarySchema, result });

/** A whole document that does not depend on a host: a replay, or data from a file. */
export const hostlessDocument = <Result extends z.ZodType>(kind: string, result: Result) =>
  z.strictObject({ ...envelopeOf(kind), result });

import { z } from 'zod';
import { envelope, schemaId } from './envelope.ts';
import { stabilityResultSchema } from './stability.ts';

/** The contract's `result` of each kind of document. */
export const results: Record<string, { result: z.ZodType; host?: z.ZodType }> = {
  stability: { result: stabilityResultSchema },
};

/** The whole document of one kind. */
export function documentSchema(kind: string): z.ZodType {
  const entry = results[kind];
  if (entry === undefined) throw new RangeError(`there is no document of the kind '${kind}'`);
  return z.strictObject({
    schema: z.literal(schemaId(kind)),
    ...envelope,
    ...(entry.host === undefined ? {} : { host: entry.host }),
    result: entry.result,
  });
}

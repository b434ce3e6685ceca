import { z } from 'zod';
import { envelope, schemaId } from './envelope.ts';
import { hostSummarySchema } from './host.ts';

/** A whole document that speaks of a host. */
export const hostDocument = <Result extends z.ZodType>(kind: string, result: Result) =>
  z.strictObject({ schema: z.literal(schemaId(kind)), ...envelope, host: hostSummarySchema, result });

/** A whole document that needs no host: a replay, a simulation, somebody's data. */
export const hostlessDocument = <Result extends z.ZodType>(kind: string, result: Result) =>
  z.strictObject({ schema: z.literal(schemaId(kind)), ...envelope, result });

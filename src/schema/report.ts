import { z } from 'zod';
import { count } from './measured.ts';

/** `result` of `tscope report`: the page that was written. */
export const reportResultSchema = z.strictObject({
  page: z.string(),
  bytes: count,
  /** Null for a record that belongs to no host. */
  hostname: z.string().nullable(),
  measuredAt: z.iso.datetime(),
  /** Parts of the document that the page shows. */
  parts: z.array(z.string()),
});
export type ReportResult = z.infer<typeof reportResultSchema>;

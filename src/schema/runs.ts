import { z } from 'zod';
import { count } from './measured.ts';

const moment = z.iso.datetime({ precision: 3 });

/** `result` of `tscope runs`. */
export const runsResultSchema = z.strictObject({
  /** The store's file. */
  db: z.string(),
  runs: z.array(
    z.strictObject({
      run: z.string(),
      host: z.string(),
      command: z.string(),
      startedAt: moment,
      /** Null while it runs, and where it was cut off. */
      endedAt: moment.nullable(),
      lastSampleAt: moment.nullable(),
      /** Pairs of clocks compared. */
      pairs: count,
      /** Samples that are kept as such; roll-ups may reach further back. */
      samples: count,
      events: count,
      /** True where the whole document of the command is kept, for `tscope report`. */
      document: z.boolean(),
    }),
  ),
  imported: z.strictObject({ file: z.string(), newRows: count }).nullable(),
  exported: z.strictObject({ file: z.string(), rows: count }).nullable(),
});
export type RunsResult = z.infer<typeof runsResultSchema>;

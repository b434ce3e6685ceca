import { z } from 'zod';
import { count } from './measured.ts';

const moment = z.iso.datetime({ precision: 3 });

const rows = z.strictObject({ samples: count, minutes: count, hours: count });

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
  /** `checked` is false for a file without an end mark, as versions before 0.2 wrote them. */
  imported: z.strictObject({ file: z.string(), newRows: count, checked: z.boolean() }).nullable(),
  exported: z.strictObject({ file: z.string(), rows: count }).nullable(),
  /** What `--check` read and found sound. */
  checked: z
    .strictObject({ runs: count, samples: count, rollups: count, events: count, documents: count })
    .nullable(),
  /** What `--prune` deleted, or would delete. */
  pruned: z
    .strictObject({
      dryRun: z.boolean(),
      rolledUp: count,
      deleted: rows,
      events: count,
      runs: count,
      /** What is too old as well, but more than one pass takes. */
      withheld: rows,
    })
    .nullable(),
  /** What differs from what was written, as far as it was read. */
  damage: z.array(
    z.strictObject({
      run: z.string().nullable(),
      what: z.string(),
      /** The time that it covers, ns since the epoch. */
      fromNs: z.string().nullable(),
      toNs: z.string().nullable(),
    }),
  ),
});
export type RunsResult = z.infer<typeof runsResultSchema>;

import { z } from 'zod';
import { count } from './measured.ts';

/** `result` of `tscope fleet init`. */
export const fleetInitResultSchema = z.strictObject({
  hub: z.string(),
  /** Streams and consumers that were made, and that were there. */
  made: z.array(z.string()),
  there: z.array(z.string()),
  /** What is otherwise than asked for; it is left as it is. */
  differences: z.array(
    z.strictObject({ what: z.string(), field: z.string(), is: z.string(), asked: z.string() }),
  ),
  /** The server's configuration, with --print-config; nothing is then made. */
  config: z.string().nullable(),
});
export type FleetInitResult = z.infer<typeof fleetInitResultSchema>;

/** Where every message is that the hub took: received = stored + refused + waiting + expired. */
const fleetLedgerSchema = z.strictObject({
  received: count,
  stored: count,
  refused: count,
  waiting: count,
  /** Messages that the hub's limits took before they were collected. */
  expired: count,
});
export type FleetLedger = z.infer<typeof fleetLedgerSchema>;

/** `/healthz` of a collector. */
const fleetHealthSchema = z.strictObject({
  status: z.enum(['ok', 'degraded']),
  reason: z.string().nullable(),
  code: z.string().nullable(),
  since: z.iso.datetime().nullable(),
  hub: z.string(),
  db: z.string(),
  /** How long ago the hub took the newest message that was stored, s; null before there was one. */
  lagSeconds: z.number().nullable(),
  /** Null while the hub or the store does not answer. */
  ledger: fleetLedgerSchema.nullable(),
});
export type FleetHealth = z.infer<typeof fleetHealthSchema>;

/** `result` of `tscope fleet collect`: what it did until it was ended. */
export const fleetCollectResultSchema = z.strictObject({
  hub: z.string(),
  db: z.string(),
  durationNs: z.number(),
  batches: count,
  rollups: count,
  refused: count,
  ledger: fleetLedgerSchema.nullable(),
});
export type FleetCollectResult = z.infer<typeof fleetCollectResultSchema>;

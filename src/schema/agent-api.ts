import { z } from 'zod';
import { hostlessDocument } from './document.ts';
import { stabilityRowSchema } from './drift.ts';
import { count, errorSize, rowCounts } from './measured.ts';
import { EVENT_KINDS } from './words.ts';

/** A document of the agent's API: `startedAt` is when the agent started. */
const apiDocument = <Result extends z.ZodType>(kind: string, result: Result) =>
  hostlessDocument(`agent-${kind}`, result);

const ratio = z.number().nullable();
const iso = z.iso.datetime();

const pair = {
  clock: z.string(),
  reference: z.string(),
  independent: z.boolean().nullable(),
  independentReason: z.string(),
};

/** `/healthz` is this object itself, without an envelope. */
const agentHealthSchema = z.strictObject({
  status: z.enum(['ok', 'degraded']),
  sampling: z.strictObject({
    ok: z.boolean(),
    reason: z.string().nullable(),
    lastSampleAgeSeconds: z.number().nullable(),
  }),
  store: z.strictObject({
    ok: z.boolean(),
    reason: z.string().nullable(),
    code: z.string().nullable(),
    since: iso.nullable(),
    /** Samples that wait, and those that were given up: the sums of `samples`. */
    pending: count,
    dropped: count,
    failures: count,
  }),
  /** Where every sample is that was taken: taken = stored + waiting + the sum of dropped. */
  samples: z.strictObject({
    taken: count,
    stored: count,
    waiting: count,
    /** By reason: too many waited; the store refused it; no reading was accepted; the agent ended. */
    dropped: z.strictObject({ overflow: count, refused: count, rejected: count, ended: count }),
  }),
  /** How shipping to a fleet's hub goes; absent without --hub. */
  hub: z
    .strictObject({
      ok: z.boolean(),
      reason: z.string().nullable(),
      code: z.string().nullable(),
      since: iso.nullable(),
      /** Its addresses, and the name that this host publishes as. */
      hub: z.string(),
      host: z.string(),
      lastAcknowledgedAt: iso.nullable(),
      /** Messages acknowledged, and those of them that the hub had already; failed attempts. */
      batches: count,
      duplicates: count,
      failures: count,
      /** Rows: acknowledged since the agent started, waiting in the store, taken by retention before they were sent. */
      shipped: rowCounts,
      waiting: rowCounts,
      lost: rowCounts,
    })
    .optional(),
});
export type AgentHealth = z.infer<typeof agentHealthSchema>;

/** What the agent knows at this moment. */
const agentNowSchema = z.strictObject({
  hostname: z.string(),
  version: z.string(),
  intervalNs: z.number(),
  clocksource: z.string().nullable(),
  tsc: z
    .strictObject({
      hz: z.number(),
      standardErrorRatio: errorSize,
      reference: z.string(),
      independent: z.boolean().nullable(),
      nominalHz: z.number().nullable(),
    })
    .nullable(),
  /** When the present run began. */
  runStartedAt: iso.nullable(),
  sampledAt: iso.nullable(),
  pairs: z.array(
    z.strictObject({
      ...pair,
      offsetNs: z.number().nullable(),
      boundNs: z.number().nullable(),
      rateRatio: ratio,
      rateStandardError: errorSize.nullable(),
    }),
  ),
  events: z.record(z.enum(EVENT_KINDS), count),
  health: agentHealthSchema,
});
export type AgentNow = z.infer<typeof agentNowSchema>;

const agentRunsSchema = z.strictObject({
  runs: z.array(
    z.strictObject({
      /** The number that `series` name it by, and the name that `tscope runs` shows. */
      id: count,
      key: z.string(),
      hostname: z.string(),
      command: z.string(),
      startedAt: iso,
      endedAt: iso.nullable(),
      lastSampleAt: iso.nullable(),
    }),
  ),
});

export type AgentRuns = z.infer<typeof agentRunsSchema>;

/** Columns of equal length: a step is one row of all of them. */
const agentSamplesSchema = z.strictObject({
  from: iso,
  to: iso,
  stepNs: z.number(),
  series: z.array(
    z.strictObject({
      run: count,
      ...pair,
      /** Start of each step, Unix seconds. */
      at: z.array(z.number()),
      count: z.array(count),
      /** How far the clock has moved against the reference since its run began, ns; after a run that the wall clock's being set cut short, since that one began. */
      meanNs: z.array(z.number()),
      minNs: z.array(z.number()),
      maxNs: z.array(z.number()),
      rateRatio: z.array(ratio),
    }),
  ),
  /** True where there are more rows than one answer holds: the oldest are left out. */
  truncated: z.boolean(),
});
export type AgentSamples = z.infer<typeof agentSamplesSchema>;

const agentEventSchema = z.strictObject({
  at: iso,
  kind: z.string(),
  detail: z.string(),
  /** Null: the host. */
  clock: z.string().nullable(),
});
const agentEventsSchema = z.strictObject({
  from: iso,
  to: iso,
  events: z.array(agentEventSchema),
  /** True where there are more than were listed. */
  truncated: z.boolean(),
});
export type AgentEvents = z.infer<typeof agentEventsSchema>;

const agentStabilitySchema = z.strictObject({
  from: iso,
  to: iso,
  /** Between two points of the record: a multiple of the sampling interval; where samples were taken less often, their distance. */
  stepNs: z.number(),
  pairs: z.array(z.strictObject({ ...pair, points: z.array(stabilityRowSchema) })),
});
export type AgentStability = z.infer<typeof agentStabilitySchema>;

/** The API's documents by the path under /api/v1/. */
export const agentApi = {
  now: apiDocument('now', agentNowSchema),
  runs: apiDocument('runs', agentRunsSchema),
  samples: apiDocument('samples', agentSamplesSchema),
  events: apiDocument('events', agentEventsSchema),
  stability: apiDocument('stability', agentStabilitySchema),
} as const;

import type { z } from 'zod';
import { agentResultSchema } from './agent.ts';
import { agentApi } from './agent-api.ts';
import { compareResultSchema } from './compare.ts';
import { hostDocument, hostlessDocument } from './document.ts';
import { fleetDocuments } from './fleet.ts';
import { fleetBatchSchema } from './fleet-batch.ts';
import { fleetCollectResultSchema, fleetInitResultSchema } from './fleet-hub.ts';
import { replayResultSchema } from './replay.ts';
import { reportResultSchema } from './report.ts';
import { runsResultSchema } from './runs.ts';
import { shownDocuments } from './shown.ts';

/** Every kind of document that a command prints or an agent sends. Each becomes schema/KIND.json in the package. */
export const documents: Readonly<Record<string, z.ZodType>> = {
  ...shownDocuments,
  replay: hostlessDocument('replay', replayResultSchema),
  report: hostlessDocument('report', reportResultSchema),
  compare: hostlessDocument('compare', compareResultSchema),
  agent: hostDocument('agent', agentResultSchema),
  runs: hostlessDocument('runs', runsResultSchema),
  'fleet-batch': fleetBatchSchema,
  'fleet-init': hostlessDocument('fleet-init', fleetInitResultSchema),
  'fleet-collect': hostlessDocument('fleet-collect', fleetCollectResultSchema),
  ...fleetDocuments,
  ...Object.fromEntries(Object.entries(agentApi).map(([path, document]) => [`agent-${path}`, document])),
};

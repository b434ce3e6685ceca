import type { z } from 'zod';
import { agentResultSchema } from './agent.ts';
import { agentApi } from './agent-api.ts';
import { calibrateResultSchema } from './calibrate.ts';
import { compareResultSchema } from './compare.ts';
import { hostDocument, hostlessDocument } from './document.ts';
import { driftResultSchema } from './drift.ts';
import { fleetDocuments } from './fleet.ts';
import { fleetBatchSchema } from './fleet-batch.ts';
import { fleetCollectResultSchema, fleetInitResultSchema } from './fleet-hub.ts';
import { hostResultSchema } from './host.ts';
import { kvmResultSchema } from './kvm.ts';
import { measureDocumentSchema } from './measure.ts';
import { replayResultSchema } from './replay.ts';
import { reportResultSchema } from './report.ts';
import { runsResultSchema } from './runs.ts';
import { stabilityResultSchema } from './stability.ts';
import { stopResultSchema } from './stop.ts';
import { timerResultSchema } from './timer.ts';

/** Every kind of document that a command prints or an agent sends. Each becomes schema/KIND.json in the package. */
export const documents: Readonly<Record<string, z.ZodType>> = {
  measure: measureDocumentSchema,
  host: hostDocument('host', hostResultSchema),
  calibrate: hostDocument('calibrate', calibrateResultSchema),
  timer: hostDocument('timer', timerResultSchema),
  drift: hostDocument('drift', driftResultSchema),
  stop: hostDocument('stop', stopResultSchema),
  replay: hostlessDocument('replay', replayResultSchema),
  kvm: hostDocument('kvm', kvmResultSchema),
  report: hostlessDocument('report', reportResultSchema),
  compare: hostlessDocument('compare', compareResultSchema),
  stability: hostlessDocument('stability', stabilityResultSchema),
  agent: hostDocument('agent', agentResultSchema),
  runs: hostlessDocument('runs', runsResultSchema),
  'fleet-batch': fleetBatchSchema,
  'fleet-init': hostlessDocument('fleet-init', fleetInitResultSchema),
  'fleet-collect': hostlessDocument('fleet-collect', fleetCollectResultSchema),
  ...fleetDocuments,
  ...Object.fromEntries(Object.entries(agentApi).map(([path, document]) => [`agent-${path}`, document])),
};

import { calibrateResultSchema } from './calibrate.ts';
import { hostDocument, hostlessDocument } from './document.ts';
import { driftResultSchema } from './drift.ts';
import { hostResultSchema } from './host.ts';
import { kvmResultSchema } from './kvm.ts';
import { measureDocumentSchema } from './measure.ts';
import { stabilityResultSchema } from './stability.ts';
import { stopResultSchema } from './stop.ts';
import { timerResultSchema } from './timer.ts';

/** The documents that a report can show, by their kinds. */
export const shownDocuments = {
  measure: measureDocumentSchema,
  host: hostDocument('host', hostResultSchema),
  calibrate: hostDocument('calibrate', calibrateResultSchema),
  timer: hostDocument('timer', timerResultSchema),
  drift: hostDocument('drift', driftResultSchema),
  stop: hostDocument('stop', stopResultSchema),
  kvm: hostDocument('kvm', kvmResultSchema),
  stability: hostlessDocument('stability', stabilityResultSchema),
} as const;

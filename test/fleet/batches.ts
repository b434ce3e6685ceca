import { gzipSync } from 'node:zlib';
import type { Received } from '../../src/fleet/store/rows.ts';
import type {
  FleetBatch,
  FleetCalibration,
  FleetFacts,
  FleetRollup,
  FleetRun,
} from '../../src/schema/fleet-batch.ts';

/** 2026-01-01T00:00:00Z, ms; minutes and hours begin with it. */
export const T0 = Date.UTC(2026, 0, 1);
export const MINUTE = T0 / 60_000;
export const NS = 1_000_000n;

export const facts: FleetFacts = {
  cpu: 'AMD EPYC 9B14',
  cpus: 2,
  memoryBytes: 1024,
  kernel: '6.1.0-13-amd64',
  clocksource: 'tsc',
  derivedFromTsc: true,
  tscInvariant: true,
  virtualization: 'none',
  discipline: 'told',
  kernelRemarks: [],
};

/** Minutes from `first` on of six samples each, whose clock gains `ppm`. */
export const minutes = (first: number, count: number, ppm = 1): FleetRollup[] =>
  Array.from({ length: count }, (_, i): FleetRollup => {
    const at = (i: number, s: number) => (i * 60 + s) * ppm * 1000;
    return [first + i, 6, at(i, 0), at(i, 50), at(i, 25), 0, at(i, 0), 50e9, at(i, 50)];
  });

export const run = (own: Partial<FleetRun> = {}, rows = minutes(MINUTE, 3)): FleetRun => ({
  key: '20260101-000000-aaaaaa',
  command: 'agent',
  startedAtNs: String(BigInt(T0) * NS),
  endedAtNs: null,
  boot: 'boot-1',
  series: [
    {
      clock: 'tsc',
      reference: 'realtime',
      independent: true,
      reason: 'realtime is disciplined',
      originNs: '0',
      minutes: rows,
    },
  ],
  ...own,
});

/** A calibration; `own` takes the place of parts of it. */
export const calibrated = (own: Partial<FleetCalibration>): FleetCalibration => ({
  atNs: String(BigInt(T0) * NS),
  clock: 'monotonic_raw',
  tscHz: 2_596_129_999.5,
  tscHzLow: 2_596_129_000,
  tscHzHigh: 2_596_131_000,
  standardErrorRatio: 1e-9,
  independent: true,
  clocksource: 'tsc',
  derivedFromTsc: true,
  kernelHz: 2_596_130_000,
  trueRate: null,
  claims: [{ source: 'cpuid-15h', hz: 2_600_000_000, offsetRatio: 0.0015 }],
  ...own,
});

/** A batch of host `id`; `own` takes the place of parts of it. */
export const batch = (
  id: string,
  own: Partial<FleetBatch> = {},
  host: Partial<FleetBatch['host']> = {},
): FleetBatch => ({
  schema: 'tscope/fleet-batch/1',
  host: {
    id,
    hostname: `${id}.example`,
    machine: `machine of ${id}`,
    instance: `store of ${id}`,
    boot: 'boot-1',
    version: '0.1.0',
    labels: { site: 'ber' },
    ...host,
  },
  sentAtNs: String(BigInt(T0) * NS),
  facts,
  runs: [run()],
  lost: { minutes: 0, samples: 0, events: 0, documents: 0 },
  ...own,
});

let sequence = 0;

/** A batch as delivered. */
export const received = (of: FleetBatch, receivedAtMs = T0, number?: number): Received => {
  sequence += 1;
  return { batch: of, sequence: number ?? sequence, receivedAtMs };
};

/** A document as a batch carries it. */
export const packed = (document: unknown): string => gzipSync(JSON.stringify(document)).toString('base64');

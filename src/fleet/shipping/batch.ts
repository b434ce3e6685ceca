import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { FleetBatch, FleetCalibration, FleetRollup, FleetRun } from '../../schema/fleet-batch.ts';
import { MOST_BATCH_BYTES } from '../../schema/words.ts';
import { HOUR_NS, MINUTE_NS } from '../../store/buckets.ts';
import type { Rollup } from '../../store/rollups.ts';
import type { Sample } from '../../store/samples.ts';
import type { UnshippedRun } from '../../store/unshipped.ts';

/** What a batch says besides the rows. */
export type BatchHead = Pick<FleetBatch, 'host' | 'facts' | 'lost'>;

/** A batch as it is sent. */
export interface Packed {
  readonly data: Uint8Array;
  /** The same for the same host and rows: a repeat is recognised by the server. */
  readonly id: string;
}

const rollupOf = (width: bigint, { atNs, count, ...rollup }: Rollup): FleetRollup => [
  Number(atNs / width),
  count,
  rollup.minNs,
  rollup.maxNs,
  rollup.meanNs,
  Number(rollup.firstAtNs - atNs),
  rollup.firstNs,
  Number(rollup.lastAtNs - atNs),
  rollup.lastNs,
];

function columnsOf(samples: readonly Sample[]) {
  const baseNs = samples[0]?.atNs ?? 0n;
  return {
    baseNs: String(baseNs),
    sinceNs: samples.map(({ atNs }) => Number(atNs - baseNs)),
    offsetsNs: samples.map(({ offsetNs }) => offsetNs),
    windowsNs: samples.map(({ windowNs }) => windowNs),
  };
}

/** The boot that a run's options name. */
function bootOf(options: string | null): string | null {
  try {
    const { boot } = JSON.parse(options ?? '{}') as { boot?: unknown };
    return typeof boot === 'string' ? boot : null;
  } catch {
    return null;
  }
}

function runOf(run: UnshippedRun): FleetRun {
  const { series, events, calibrations, document } = run;
  return {
    key: run.key,
    command: run.command,
    startedAtNs: String(run.startedAtNs),
    endedAtNs: run.endedAtNs === null ? null : String(run.endedAtNs),
    boot: bootOf(run.options),
    ...(series.length === 0
      ? {}
      : {
          series: series.map(
            ({ clock, reference, independent, reason, originNs, minutes, hours, samples }) => ({
              clock,
              reference,
              independent,
              reason,
              originNs: String(originNs),
              ...(minutes.length === 0 ? {} : { minutes: minutes.map((one) => rollupOf(MINUTE_NS, one)) }),
              ...(hours.length === 0 ? {} : { hours: hours.map((one) => rollupOf(HOUR_NS, one)) }),
              ...(samples.length === 0 ? {} : { samples: columnsOf(samples) }),
            }),
          ),
        }),
    ...(events.length === 0
      ? {}
      : {
          events: events.map(({ atNs, kind, detail, pair }) => ({
            atNs: String(atNs),
            kind: kind.slice(0, 64),
            detail: detail.slice(0, 4_096),
            pair: pair === null ? null : [pair[0], pair[1]],
          })),
        }),
    ...(calibrations.length === 0
      ? {}
      : { calibrations: calibrations.map((json) => JSON.parse(json) as FleetCalibration) }),
    ...(document === null ? {} : { document: gzipSync(document).toString('base64') }),
  };
}

/**
 * Packs what is to be sent.
 *
 * @param nowNs the wall clock.
 * @returns null where it is larger than a batch may be: ask for less.
 */
export function packBatch(
  { host, facts, lost }: BatchHead,
  unshipped: readonly UnshippedRun[],
  nowNs: bigint,
): Packed | null {
  const runs = unshipped.map(runOf);
  const batch: FleetBatch = {
    schema: 'tscope/fleet-batch/1',
    host,
    sentAtNs: String(nowNs),
    ...(facts === undefined ? {} : { facts }),
    runs,
    lost,
  };
  const data = Buffer.from(JSON.stringify(batch));
  if (data.length > MOST_BATCH_BYTES) return null;
  const rows = createHash('sha256').update(JSON.stringify([host, facts ?? null, runs, lost]));
  // Without rows it is a sign of life, and each is one of its own.
  if (runs.length === 0) rows.update(String(nowNs));
  return { data, id: `${host.id} ${rows.digest('base64url').slice(0, 24)}` };
}

import type { Control } from '../../clock/control.ts';
import type { ClockName } from '../../host/clocks.ts';
import type { DriftPair, DriftResult } from '../../schema/drift.ts';
import type { BracketSource } from '../../tsc/source.ts';
import type { KeptRun } from '../kept-run.ts';
import { Collection } from './collection.ts';
import type { ComparedClock } from './pair.ts';
import { PhaseRecord } from './phase-record.ts';
import type { Watcher } from './watchers.ts';

/** What to compare, how often and for how long. */
export interface DriftOptions {
  readonly durationNs: number;
  readonly intervalNs: number;
  readonly clocks: readonly ComparedClock[];
  readonly reference: ClockName;
  /** Where the samples are kept besides. */
  readonly kept?: KeptRun;
}

/** What drift needs of a host; tests script it. */
export interface DriftHost {
  readonly source: Pick<BracketSource, 'readBrackets'>;
  /** What one TSC tick is taken for, and why. */
  readonly nominal: { readonly hz: number; readonly source: string };
  /** ktime, ns. */
  now(): bigint;
  date(): Date;
  /** Waits until a ktime; false where the user asked to stop. */
  waitUntil(ktime: bigint): boolean;
  /** Looked at about once a second. */
  readonly watchers: readonly Watcher[];
  independence(
    clock: ComparedClock,
    reference: ClockName,
  ): Pick<DriftPair, 'independent' | 'independentReason'>;
}

/** Follows a collection while it is taken. */
export interface Follower {
  /** A sample has just been taken. @param atNs time since the start. */
  sample(collection: Collection, atNs: number): void;
  /** There will be no more. */
  flush(collection: Collection): void;
}

/**
 * Compares clocks on a regular grid, in bounded memory however long it runs.
 *
 * @param follower sees every sample, to keep it.
 * @returns what was sampled so far where `control` asks to stop.
 */
export function drift(
  host: DriftHost,
  options: DriftOptions,
  control: Control,
  follower: Follower | null = null,
): DriftResult {
  const { intervalNs, reference } = options;
  const collection = new Collection(host, options.clocks, reference, () => new PhaseRecord());
  const start = host.now();
  const points = Math.floor(options.durationNs / intervalNs) + 1;
  let point = 0;
  while (point < points) {
    const due = Math.floor(Number(host.now() - start) / intervalNs);
    for (; point < due && point < points - 1; point++) collection.miss();
    if (!host.waitUntil(start + BigInt(Math.round(point * intervalNs)))) break;
    const atNs = Number(host.now() - start);
    collection.sample(atNs);
    follower?.sample(collection, atNs);
    point += 1;
    control.progress(point, points);
    if (control.cancelled()) break;
  }
  follower?.flush(collection);
  const windows = collection.sampler.clocks.map((clock) => clock.halfWindow * 2).sort((a, b) => a - b);
  return {
    reference,
    startKtimeNs: String(start),
    intervalNs,
    durationNs: Number(host.now() - start),
    nominalTscHz: host.nominal.hz,
    nominalTscSource: host.nominal.source,
    windowNs: windows[windows.length >> 1] ?? null,
    pairs: collection.pairs.map((pair) =>
      pair.result(intervalNs, reference, host.independence(pair.clock, reference), collection.hostLog),
    ),
    eventsDropped: collection.pairs.reduce((sum, pair) => sum + pair.log.dropped, collection.hostLog.dropped),
  };
}

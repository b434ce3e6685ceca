import type { Control } from '../../clock/control.ts';
import type { ClockName } from '../../host/clocks.ts';
import type { DriftPair, DriftResult } from '../../schema/drift.ts';
import { sorted } from '../../statistics.ts';
import { bounds } from '../../units.ts';
import type { KeptRun } from '../kept-run.ts';
import { Collection, type SampledHost, samples } from './collection.ts';
import type { ComparedClock } from './pair.ts';
import { PhaseRecord } from './phase-record.ts';

/** What to compare, how often and for how long. */
export interface DriftOptions {
  readonly durationNs: number;
  readonly intervalNs: number;
  readonly clocks: readonly ComparedClock[];
  readonly reference: ClockName;
  /** Where the samples are kept besides. */
  readonly kept?: KeptRun;
}

/** What is accepted; an agent's runs have bounds of their own. */
export const driftBounds = { durationNs: bounds('10ms', '3650d'), intervalNs: bounds('1ms', '1h') };

/** What drift needs of a host; tests script it. */
export interface DriftHost extends SampledHost {
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
 * @returns what was sampled so far where `control` is cancelled.
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
  for (const { point, atNs } of samples(host, collection, start, intervalNs, points)) {
    follower?.sample(collection, atNs);
    control.progress(point + 1, points);
    if (control.cancelled()) break;
  }
  follower?.flush(collection);
  const windows = sorted(collection.sampler.clocks.map((clock) => clock.halfWindow * 2));
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

import { analysePhase, rateOfPhase } from '../../tasks/drift/analysis.ts';
import { Collection, type SampledHost, samples } from '../../tasks/drift/collection.ts';
import type { PairTracker } from '../../tasks/drift/pair.ts';
import type { AgentEvent, PairSample, SamplingMessage, SamplingOptions } from './messages.ts';
import { RecentRecord } from './recent-record.ts';

/** What the loop needs of a host; tests script it. */
export interface SamplingHost extends SampledHost {
  /** Measures the TSC's rate anew, for at most so many ns, and tells. */
  recalibrate(mostNs: number): void;
}

type Tracker = PairTracker<RecentRecord>;

/** The stability of a long record costs tens of milliseconds: it is renewed so seldom that it takes 0.01 % of a CPU. */
const STABILITY_SHARE = 1e-4;

/** The wall clock may be off the run's own time by so much, ms, before the run has to end, and for so many samples, in
 * which what happened to it is recognised. */
const OFF_MS = 1_000;
const OFF_SAMPLES = 3;

/** Share of an interval that a calibration may take. */
const CALIBRATION_SHARE = 0.25;

function pairSample(pair: Tracker, collection: Collection<RecentRecord>, interval: number): PairSample {
  const { latest } = pair;
  const of = (name: string) => collection.sampler.clocks.find((clock) => clock.name === name);
  const reads = [of(pair.clock), collection.reference];
  const moved = reads.reduce((sum, read) => sum + (read?.moved ?? 0), 0);
  const rejected = reads.reduce((sum, read) => sum + (read?.rejected ?? 0), 0);
  const { rateRatio, rateStandardError } = rateOfPhase(Float64Array.from(pair.record.recent), interval);
  return {
    clock: pair.clock,
    ns: latest?.ns ?? null,
    boundNs: latest?.boundNs ?? null,
    rateRatio,
    rateStandardError,
    rejected: { wide: rejected - moved, moved },
  };
}

/** The events since the last sample; a pair whose rate changed forgets the old one. */
function drainEvents(collection: Collection<RecentRecord>): AgentEvent[] {
  const events: AgentEvent[] = collection.hostLog.drain().map((event) => ({ ...event, clock: null }));
  for (const pair of collection.pairs) {
    const own = pair.log.drain();
    if (own.some(({ kind }) => kind === 'frequency-step')) pair.record.forgetRecent();
    events.push(...own.map((event) => ({ ...event, clock: pair.clock })));
  }
  return events;
}

const stabilityOf = ({ clock, record }: Tracker, interval: number) => ({
  clock,
  points: analysePhase(record.points, interval * record.stride).stability,
});

/**
 * Samples on a regular grid until the host says that it is enough.
 *
 * @param tell receives everything, from the start on.
 * @returns `clock-set` where the wall clock no longer agrees with the times of the run, so that another one should
 * begin.
 */
export function sampleUntilStopped(
  host: SamplingHost,
  { interval, clocks, reference, recalibrate }: SamplingOptions,
  tell: (message: SamplingMessage) => void,
): 'stopped' | 'clock-set' {
  const collection = new Collection(host, clocks, reference, () => new RecentRecord());
  const startMs = host.date().getTime();
  const start = host.now();
  const elapsed = (): number => Number(host.now() - start);
  let recalibrateAt = recalibrate;
  let stabilityAt = 0;
  let off = 0;
  const origins = collection.pairs.map(({ clock }) => ({
    clock,
    ns: clock === 'tsc' ? 0n : collection.sampler.difference(clock, reference),
  }));
  tell({ kind: 'started', nominal: host.nominal, atMs: startMs, origins });
  for (const { atNs, lateNs, missed } of samples(host, collection, start, interval)) {
    const atMs = startMs + atNs / 1e6;
    const events = drainEvents(collection);
    const pairs = collection.pairs.map((pair) => pairSample(pair, collection, interval));
    tell({ kind: 'sample', atMs, pairs, events, missed, lateNs });
    if (atNs >= stabilityAt) {
      const begun = host.now();
      tell({ kind: 'stability', pairs: collection.pairs.map((pair) => stabilityOf(pair, interval)) });
      stabilityAt = atNs + Number(host.now() - begun) / STABILITY_SHARE;
    }
    if (atNs >= recalibrateAt) {
      recalibrateAt = atNs + recalibrate;
      host.recalibrate(interval * CALIBRATION_SHARE);
    }
    off = Math.abs(host.date().getTime() - startMs - elapsed() / 1e6) > OFF_MS ? off + 1 : 0;
    if (off >= OFF_SAMPLES) return 'clock-set';
  }
  return 'stopped';
}

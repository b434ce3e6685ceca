import { Collection, type SampledHost, samples } from '../../tasks/drift/collection.ts';
import type { PairTracker } from '../../tasks/drift/pair.ts';
import { PhaseRecord } from '../../tasks/drift/phase-record.ts';
import { fittedRate, known } from '../../tasks/drift/rate.ts';
import type { AgentEvent, PairRecord, PairSample, SamplingMessage, SamplingOptions } from './messages.ts';

/** What the loop needs of a host; tests script it. */
export interface SamplingHost extends SampledHost {
  /** Measures the TSC's rate again, for at most this many ns, and reports it. */
  recalibrate(mostNs: number): void;
}

/** Points behind the present rate: ten minutes at the default interval. */
const RECENT = 60;
/** Points behind the stability: two days at the default interval; then every second one goes, and so on. */
const CAPACITY = 2 ** 14;

/** A record for a run of months: the whole in bounded memory, and the last points one by one. */
class RecentRecord extends PhaseRecord {
  /** The last points and how far each may be off, ns. */
  readonly recent: { readonly phase: number; readonly bound: number }[] = [];

  constructor() {
    super(CAPACITY);
  }

  override push(phase: number, bound = Number.NaN): void {
    super.push(phase);
    this.recent.push({ phase, bound });
    if (this.recent.length > RECENT) this.recent.shift();
  }

  /** What came before is no longer how this clock runs. */
  forgetRecent(): void {
    this.recent.length = 0;
  }
}

type Tracker = PairTracker<RecentRecord>;

/** Points that the shortest averaging time needs: with fewer, there is nothing to tell. */
const LEAST_POINTS = 3;
/**
 * The stability of a long record costs tens of milliseconds: it is renewed when the record is longer by this share, and
 * every hour.
 */
const LONGER = 0.1;
const HOUR_NS = 3600e9;

/** The wall clock may be off the times of the samples by this many ms before these follow it, and for this many samples,
 * in which what happened to it is recognised. */
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
  const { recent } = pair.record;
  const phase = Float64Array.from(recent, (point) => point.phase);
  const bounds = Float64Array.from(recent, (point) => point.bound);
  const { rateRatio, rateStandardError } = fittedRate(known(phase, interval, bounds));
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

const recordOf = ({ clock, record }: Tracker, interval: number): PairRecord => ({
  clock,
  phase: record.points.slice(),
  intervalNs: interval * record.stride,
  breaks: record.breaks,
});

/**
 * Samples on a regular grid until the host says that it is enough. Where the wall clock was set, a new run begins with
 * the right times; what is followed goes on: offsets count from the same origin, and no statistic is lost.
 *
 * @param tell receives everything, from the start on.
 */
export function sampleUntilCancelled(
  host: SamplingHost,
  { interval, clocks, reference, recalibrate }: SamplingOptions,
  tell: (message: SamplingMessage) => void,
): void {
  const start = host.now();
  const elapsed = (): number => Number(host.now() - start);
  let startMs = host.date().getTime();
  // Events have the times of the samples that show them, also where the wall clock has just been set.
  const date = (): Date => new Date(startMs + elapsed() / 1e6);
  const timed = { source: host.source, nominal: host.nominal, watchers: host.watchers, date };
  const collection = new Collection(timed, clocks, reference, () => new RecentRecord());
  let recalibrateAt = recalibrate;
  let recordsAt = LEAST_POINTS * interval;
  let off = 0;
  const origins = collection.pairs.map(({ clock }) => ({
    clock,
    ns: clock === 'tsc' ? 0n : collection.sampler.clock(clock).minus(collection.reference),
  }));
  const begin = (atMs: number, goesOn: boolean): void =>
    tell({ kind: 'started', nominal: host.nominal, atMs, origins, goesOn });
  begin(startMs, false);
  for (const { atNs, lateNs, missed } of samples(host, collection, start, interval)) {
    const atMs = startMs + atNs / 1e6;
    const events = drainEvents(collection);
    const pairs = collection.pairs.map((pair) => pairSample(pair, collection, interval));
    tell({ kind: 'sample', atMs, pairs, events, missed, lateNs });
    if (atNs >= recordsAt) {
      recordsAt = atNs + Math.min(HOUR_NS, atNs * LONGER);
      tell({ kind: 'records', pairs: collection.pairs.map((pair) => recordOf(pair, interval)) });
    }
    if (atNs >= recalibrateAt) {
      recalibrateAt = atNs + recalibrate;
      host.recalibrate(interval * CALIBRATION_SHARE);
    }
    const ahead = host.date().getTime() - date().getTime();
    off = Math.abs(ahead) > OFF_MS ? off + 1 : 0;
    if (off < OFF_SAMPLES) continue;
    off = 0;
    startMs += ahead;
    begin(date().getTime(), true);
  }
}

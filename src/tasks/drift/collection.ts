import { OffsetWatch } from '../../clock/changes.ts';
import type { ClockName } from '../../host/clocks.ts';
import type { BracketSource } from '../../tsc/source.ts';
import { formatNs } from '../../units.ts';
import { EventLog, type Watcher, watchName } from './events.ts';
import { type ComparedClock, PairTracker } from './pair.ts';
import type { PhaseRecord } from './phase-record.ts';
import { type SampledClock, Sampler } from './sampler.ts';

/** What sampling needs of a host; tests script it. */
export interface SampledHost {
  readonly source: Pick<BracketSource, 'readBrackets'>;
  /** What one TSC tick is taken for, and why. */
  readonly nominal: { readonly hz: number; readonly source: string };
  /** ktime, ns. */
  now(): bigint;
  date(): Date;
  /** Waits until a ktime; false where sampling is to end. */
  waitUntil(ktime: bigint): boolean;
  /** Looked at about once a second. */
  readonly watchers: readonly Watcher[];
}

/** When a sample was taken. */
interface Taken {
  /** Grid point: 0 for the first. */
  readonly point: number;
  /** Since the start, ns. */
  readonly atNs: number;
  /** Past its grid point, ns. */
  readonly lateNs: number;
  /** Grid points so far that passed unsampled, because the thread was late by more than an interval. */
  readonly missed: number;
}

/**
 * Samples a collection on a regular grid, the first point at `start`, until the host says that it is enough or `points`
 * points have passed.
 *
 * @param start ktime, ns.
 */
export function* samples<R extends PhaseRecord>(
  host: Pick<SampledHost, 'now' | 'waitUntil'>,
  collection: Collection<R>,
  start: bigint,
  intervalNs: number,
  points = Infinity,
): Generator<Taken, void, undefined> {
  const elapsed = (): number => Number(host.now() - start);
  let missed = 0;
  for (let point = 0; point < points; point++) {
    if (!host.waitUntil(start + BigInt(Math.round(point * intervalNs)))) return;
    const due = Math.min(Math.floor(elapsed() / intervalNs), points - 1);
    for (; point < due; point++) {
      collection.miss();
      missed += 1;
    }
    const atNs = elapsed();
    collection.sample(atNs);
    yield { point, atNs, lateNs: atNs - point * intervalNs, missed };
  }
}

/** Both clocks come from one counter, so that nothing but sleep parts them by more than this, ns. */
const LEAST_SLEEP_NS = 1_000;

/** Notices that the host slept: CLOCK_BOOTTIME counts that time and CLOCK_MONOTONIC does not. */
function sleepWatch(boottime: SampledClock, monotonic: SampledClock): () => number {
  const offset = new OffsetWatch();
  return () => {
    if (!boottime.fresh || !monotonic.fresh) return 0;
    const ahead = boottime.phase - monotonic.phase;
    const bound = boottime.halfWindow + monotonic.halfWindow;
    const jump = offset.push(ahead - bound, ahead + bound);
    return jump > LEAST_SLEEP_NS ? jump : 0;
  };
}

/** Sampled whether asked for or not: they show steps and suspends. */
const WATCHED: readonly ClockName[] = ['monotonic', 'boottime'];
const LOOK_NS = 1e9;

/** Everything that is sampled together, and what follows it. */
export class Collection<R extends PhaseRecord = PhaseRecord> {
  readonly sampler: Sampler;
  readonly pairs: readonly PairTracker<R>[];
  readonly hostLog = new EventLog();
  readonly reference: SampledClock;
  readonly #host: Pick<SampledHost, 'date' | 'watchers'>;
  /** How long the host slept since the last sample, ns; 0 where it did not, or it cannot be told yet. */
  readonly #slept: () => number;
  readonly #watchCpu: Watcher;
  #lookAt = 0;
  #lastAt: Date;

  /** @param record makes the record of each pair. */
  constructor(
    host: Pick<SampledHost, 'source' | 'nominal' | 'date' | 'watchers'>,
    clocks: readonly ComparedClock[],
    reference: ClockName,
    record: () => R,
  ) {
    const kernelClocks = clocks.filter((clock) => clock !== 'tsc');
    const names = [...new Set([reference, ...kernelClocks, ...WATCHED])];
    this.#host = host;
    this.sampler = new Sampler(host.source, names, host.nominal.hz);
    this.reference = this.sampler.clock(reference);
    this.pairs = clocks
      .filter((clock) => clock !== reference)
      .map(
        (clock) =>
          new PairTracker(
            clock,
            clock === 'tsc' ? null : this.sampler.clock(clock),
            this.reference,
            record(),
          ),
      );
    this.#slept = sleepWatch(this.sampler.clock('boottime'), this.sampler.clock('monotonic'));
    this.#watchCpu = watchName('cpu-migration', () =>
      this.sampler.cpu === -1 ? null : `CPU ${this.sampler.cpu}`,
    );
    this.#lastAt = host.date();
  }

  /** One sample of everything. @param atNs time since the start. */
  sample(atNs: number): void {
    this.sampler.take();
    const at = this.#host.date();
    const slept = this.#slept();
    if (slept > 0) this.hostLog.add(this.#lastAt, 'suspend', `the host slept for ${formatNs(slept)}`);
    for (const event of this.#watchCpu()) this.hostLog.add(at, event.kind, event.detail);
    for (const pair of this.pairs) pair.sample(atNs, at, slept > 0);
    if (atNs >= this.#lookAt) {
      this.#lookAt = atNs + LOOK_NS;
      for (const watch of this.#host.watchers) {
        for (const event of watch()) this.hostLog.add(at, event.kind, event.detail);
      }
    }
    this.#lastAt = at;
  }

  /** A grid point that passed unsampled: the thread was late by more than an interval. */
  miss(): void {
    for (const pair of this.pairs) pair.miss();
  }
}

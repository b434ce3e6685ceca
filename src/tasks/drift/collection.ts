import type { ClockName } from '../../host/clocks.ts';
import { formatNs } from '../../units.ts';
import type { DriftHost } from './drift.ts';
import { EventLog } from './event-log.ts';
import { type ComparedClock, PairTracker } from './pair.ts';
import type { PhaseRecord } from './phase-record.ts';
import { type ClockPhase, Sampler } from './sampler.ts';
import { SuspendWatch } from './suspend.ts';
import { type Watcher, watchCpu } from './watchers.ts';

/** What a collection needs of a host. */
export type CollectionHost = Pick<DriftHost, 'source' | 'nominal' | 'date' | 'watchers'>;

/** Sampled whether asked for or not: they show steps and suspends. */
const WATCHED: readonly ClockName[] = ['monotonic', 'boottime'];
const LOOK_NS = 1e9;

/** Everything that is sampled together, and what follows it. */
export class Collection<Record extends PhaseRecord = PhaseRecord> {
  readonly sampler: Sampler;
  readonly pairs: readonly PairTracker<Record>[];
  readonly hostLog = new EventLog();
  readonly reference: ClockPhase;
  readonly #host: CollectionHost;
  readonly #suspend: SuspendWatch;
  readonly #watchCpu: Watcher;
  #lookAt = 0;
  #lastAt: Date;

  /** @param record makes the record of each pair. */
  constructor(
    host: CollectionHost,
    clocks: readonly ComparedClock[],
    reference: ClockName,
    record: () => Record,
  ) {
    const kernelClocks = clocks.filter((clock) => clock !== 'tsc');
    const names = [...new Set([reference, ...kernelClocks, ...WATCHED])];
    this.#host = host;
    this.sampler = new Sampler(host.source, names, host.nominal.hz);
    this.reference = this.#phase(reference);
    this.pairs = clocks
      .filter((clock) => clock !== reference)
      .map(
        (clock) =>
          new PairTracker(clock, clock === 'tsc' ? null : this.#phase(clock), this.reference, record()),
      );
    this.#suspend = new SuspendWatch(this.#phase('boottime'), this.#phase('monotonic'));
    this.#watchCpu = watchCpu(() => this.sampler.cpu);
    this.#lastAt = host.date();
  }

  #phase(name: ClockName): ClockPhase {
    const found = this.sampler.clocks.find((clock) => clock.name === name);
    if (found === undefined) throw new RangeError(`${name} is not sampled`);
    return found;
  }

  /** One sample of everything. @param atNs time since the start. */
  sample(atNs: number): void {
    this.sampler.take();
    const at = this.#host.date();
    const slept = this.#suspend.slept();
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

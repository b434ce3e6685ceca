import type { Control } from '../../clock/control.ts';
import type { ClockName } from '../../host/clocks.ts';
import type { DriftPair, DriftResult } from '../../schema/drift.ts';
import type { BracketSource } from '../../tsc/source.ts';
import { formatNs } from '../../units.ts';
import { EventLog } from './event-log.ts';
import { type ComparedClock, PairTracker } from './pair.ts';
import { type ClockPhase, Sampler } from './sampler.ts';
import { SuspendWatch } from './suspend.ts';
import { type Watcher, watchCpu } from './watchers.ts';

/** What to compare, how often and for how long. */
export interface DriftOptions {
  readonly durationNs: number;
  readonly intervalNs: number;
  readonly clocks: readonly ComparedClock[];
  readonly reference: ClockName;
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

/** Sampled whether asked for or not: they show steps and suspends. */
const WATCHED: readonly ClockName[] = ['monotonic', 'boottime'];
const LOOK_NS = 1e9;

/** Everything that is sampled together, and what follows it. */
class Collection {
  readonly sampler: Sampler;
  readonly pairs: readonly PairTracker[];
  readonly hostLog = new EventLog();
  readonly #host: DriftHost;
  readonly #suspend: SuspendWatch;
  readonly #watchCpu: Watcher;
  #lookAt = 0;
  #lastAt: Date;

  constructor(host: DriftHost, { clocks, reference }: DriftOptions) {
    const kernelClocks = clocks.filter((clock) => clock !== 'tsc');
    const names = [...new Set([reference, ...kernelClocks, ...WATCHED])];
    this.#host = host;
    this.sampler = new Sampler(host.source, names, host.nominal.hz);
    this.pairs = clocks
      .filter((clock) => clock !== reference)
      .map(
        (clock) =>
          new PairTracker(clock, clock === 'tsc' ? null : this.#phase(clock), this.#phase(reference)),
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

/**
 * Compares clocks on a regular grid, in bounded memory however long it runs.
 *
 * @returns what was sampled so far where `control` asks to stop.
 */
export function drift(host: DriftHost, options: DriftOptions, control: Control): DriftResult {
  const { intervalNs, reference } = options;
  const collection = new Collection(host, options);
  const start = host.now();
  const points = Math.floor(options.durationNs / intervalNs) + 1;
  let point = 0;
  while (point < points) {
    const due = Math.floor(Number(host.now() - start) / intervalNs);
    for (; point < due && point < points - 1; point++) collection.miss();
    if (!host.waitUntil(start + BigInt(Math.round(point * intervalNs)))) break;
    collection.sample(Number(host.now() - start));
    point += 1;
    control.progress(point, points);
    if (control.stopRequested()) break;
  }
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

import { TscopeError } from '../../errors.ts';
import { appendEvents } from '../../store/events.ts';
import { appendSamples, type Sample } from '../../store/samples.ts';
import { addSeries } from '../../store/series.ts';
import { openStore, type Store } from '../../store/store.ts';
import type { Warning } from '../../warning.ts';
import type { KeptRun } from '../kept-run.ts';
import type { Collection } from './collection.ts';
import type { DriftHost, Follower } from './drift.ts';
import type { EventLog } from './events.ts';

/** Samples wait at most this long for their transaction, in ns of the run. */
const FLUSH_NS = 1e9;

/** Puts the samples and the events of a collection into a store while it runs. One that fails costs them their place in it, not the run. */
export class StoredCollection implements Follower {
  /** Why the samples are not in the store from there on. */
  readonly warnings: Warning[] = [];
  readonly #store: Store;
  readonly #run: KeptRun;
  readonly #host: DriftHost;
  #series: number[] = [];
  #waiting: [number, Sample][] = [];
  #flushAt = FLUSH_NS;
  #stored = new Map<EventLog, number>();

  /** @throws TscopeError where the store cannot be opened. */
  constructor(host: DriftHost, run: KeptRun) {
    this.#host = host;
    this.#run = run;
    this.#store = openStore(run.db);
  }

  #attempt(work: () => void): void {
    if (this.warnings.length > 0) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof TscopeError)) throw error;
      const message = `The samples from here on are not in the store: ${error.message}`;
      this.warnings.push({ code: 'not-stored', message, hint: error.hint });
    }
  }

  sample(collection: Collection, atNs: number): void {
    this.#attempt(() => this.#take(collection, atNs));
  }

  flush(collection: Collection): void {
    this.#attempt(() => this.#storeAll(collection));
  }

  #take(collection: Collection, atNs: number): void {
    if (this.#series.length === 0)
      this.#series = collection.pairs.map(({ clock }) => this.#add(collection, clock));
    const at = this.#run.startedAtNs + BigInt(Math.round(atNs));
    for (const [i, pair] of collection.pairs.entries()) {
      const { latest } = pair;
      if (latest === null) continue;
      const sample = { atNs: at, offsetNs: latest.ns, windowNs: 2 * latest.boundNs };
      this.#waiting.push([this.#series[i] ?? 0, sample]);
    }
    if (atNs >= this.#flushAt) {
      this.#flushAt = atNs + FLUSH_NS;
      this.#storeAll(collection);
    }
  }

  #storeAll(collection: Collection): void {
    if (this.#waiting.length > 0) appendSamples(this.#store, this.#waiting);
    this.#waiting = [];
    this.#storeEvents(collection.hostLog, null);
    for (const [i, pair] of collection.pairs.entries()) this.#storeEvents(pair.log, this.#series[i] ?? null);
  }

  /** Closes the store. */
  close(): void {
    this.#store.close();
  }

  #add(collection: Collection, clock: Collection['pairs'][number]['clock']): number {
    const reference = collection.reference.name;
    const { independent, independentReason: reason } = this.#host.independence(clock, reference);
    return addSeries(this.#store, this.#run.id, { clock, reference, independent, reason, originNs: 0n });
  }

  #storeEvents(log: EventLog, series: number | null): void {
    const fresh = log.events.slice(this.#stored.get(log) ?? 0);
    if (fresh.length === 0) return;
    const events = fresh.map(({ at, kind, detail }) => {
      return { series, kind, detail, atNs: BigInt(Date.parse(at)) * 1_000_000n };
    });
    appendEvents(this.#store, this.#run.id, events);
    this.#stored.set(log, log.events.length);
  }
}

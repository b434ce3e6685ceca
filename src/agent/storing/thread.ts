import { rmSync } from 'node:fs';
import { maintain, type Retention, usedBytes } from '../../store/retention.ts';
import { openStore, openStoreToRead, type Store } from '../../store/store.ts';
import { identityOf } from '../../store/store-on.ts';
import {
  countingLost,
  countUnshipped,
  instanceOf,
  lostUnshipped,
  type Marks,
  markShipped,
  readUnshipped,
  type ShippedParts,
} from '../../store/unshipped.ts';
import { stabilityOfPhase } from '../../tasks/drift/analysis.ts';
import { runThread } from '../../thread.ts';
import type { PairRecord } from '../sampling/messages.ts';
import { errorOf, failureOf } from './failure.ts';
import type { Entry, Failure, TimeRange, Written } from './messages.ts';
import { eventsIn, runsIn, samplesIn } from './read.ts';
import { stabilityIn } from './stability.ts';
import { Writer } from './write.ts';

/**
 * How long a statement waits for another process, ms: short, so that what waits behind it (readers, the end of the
 * agent) does not wait long; the queue tries again.
 */
const BUSY_MS = 250;

/** The store as it is open: to write, or where that is refused to read only, or not at all. */
class OpenStore {
  readonly #path: string;
  #store: Store | null = null;
  #writer: Writer | null = null;
  /** The log that is open, once there is one. */
  #log: string | null = null;
  /** Why it cannot be written; null while it can. */
  readonly refusal: Failure | null = null;

  constructor(path: string) {
    this.#path = path;
    try {
      this.#store = openStore(path, BUSY_MS);
      this.#writer = new Writer(this.#store);
    } catch (error) {
      this.refusal = failureOf(error, false);
      this.#store = openToRead(path);
    }
  }

  /** @throws TscopeError where it cannot be read. */
  get readable(): Store {
    if (this.#store === null) throw new Error(this.refusal?.message ?? 'the store is not open');
    return this.#store;
  }

  get isWritable(): boolean {
    return this.#writer !== null;
  }

  /** @throws TscopeError where it cannot be written. */
  get writable(): Store {
    if (this.#writer !== null) return this.readable;
    throw errorOf(this.#failure);
  }

  get #failure(): Failure {
    return this.refusal ?? failureOf(new RangeError('the store is not open'), false);
  }

  write(entries: readonly Entry[]): Written {
    if (this.#writer === null) {
      const nothing = { done: 0, stored: 0, rejected: 0, refused: 0, mended: null, usedBytes: null };
      return { ...nothing, failure: this.#failure };
    }
    const written = this.#writer.write(entries);
    if (written.failure?.code === 'STORE_REMOVED') this.#removeLog();
    else this.#log ??= identityOf(`${this.#path}-wal`);
    return { ...written, usedBytes: written.failure === null ? usedBytes(this.readable) : null };
  }

  /**
   * The log of a store whose file was moved or removed would be taken for that of the next file of this name. What it
   * holds goes into the file, wherever that is now.
   */
  #removeLog(): void {
    if (this.#log === null || identityOf(`${this.#path}-wal`) !== this.#log) return;
    try {
      this.#store?.connection.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // Nobody can open a removed file again.
    }
    for (const log of [`${this.#path}-wal`, `${this.#path}-shm`]) rmSync(log, { force: true });
  }

  close(): void {
    this.#store?.close();
    this.#store = null;
    this.#writer = null;
  }
}

function openToRead(path: string): Store | null {
  try {
    return openStoreToRead(path, BUSY_MS);
  } catch {
    return null;
  }
}

/** What the thread may be asked; what it answers crosses to the other thread. */
const callsOn = (store: OpenStore) => ({
  write: (entries: readonly Entry[]): Written => store.write(entries),
  /** The next four are questions of the API, and answer with the JSON of its `result`. */
  runs: (): string => JSON.stringify(runsIn(store.readable)),
  samples: (hostKey: string, range: TimeRange, stepNs: bigint): string =>
    JSON.stringify(samplesIn(store.readable, hostKey, range, stepNs)),
  events: (hostKey: string, range: TimeRange): string =>
    JSON.stringify(eventsIn(store.readable, hostKey, range)),
  stability: (hostKey: string, range: TimeRange, stepNs: bigint): string =>
    JSON.stringify(stabilityIn(store.readable, hostKey, range, stepNs)),
  /** Nothing of the store: it is work that must delay neither samples nor HTTP. */
  stabilityOf: (records: readonly PairRecord[]) =>
    records.map(({ clock, phase, intervalNs, breaks }) => ({
      clock,
      points: stabilityOfPhase(phase, intervalNs, breaks),
    })),
  /** @param shipped what is sent to a hub, so that what is deleted unsent is counted; null where nothing is. */
  maintain: (retention: Retention, shipped: ShippedParts | null): void => {
    if (!store.isWritable) return;
    const open = store.writable;
    if (shipped === null) maintain(open, retention);
    else countingLost(open, shipped, () => maintain(open, retention));
  },
  instance: () => ({ instance: instanceOf(store.writable), lost: lostUnshipped(store.writable) }),
  /** What is sent next, what there is besides, and what retention took before it was sent. */
  unshipped: (parts: ShippedParts, bytes: number, nowNs: bigint) => {
    const open = store.writable;
    const unshipped = readUnshipped(open, parts, bytes, nowNs);
    return { unshipped, waiting: countUnshipped(open, parts), lost: lostUnshipped(open) };
  },
  shipped: (marks: Marks): void => markShipped(store.writable, marks),
  close: (): void => store.close(),
});

export type Calls = ReturnType<typeof callsOn>;
export type CallName = keyof Calls;

/** Messages to and from the thread. The first one from it, of id 0, says whether the store is open. */
export interface Asked {
  readonly id: number;
  readonly name: CallName;
  readonly values: readonly unknown[];
}
export type Answered =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: Failure };

await runThread<string, Answered>((path, { say, hear }) => {
  const store = new OpenStore(path);
  const calls = callsOn(store);
  say(store.refusal === null ? { id: 0, result: null } : { id: 0, failure: store.refusal });
  return hear<Asked>(({ id, name, values }) => {
    try {
      say({ id, result: (calls[name] as (...values: readonly unknown[]) => unknown)(...values) });
    } catch (error) {
      say({ id, failure: failureOf(error) });
    }
  });
});

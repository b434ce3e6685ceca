import { resolve } from 'node:path';
import { TscopeError } from '../../errors.ts';
import { maintain, type Retention } from '../../store/retention.ts';
import { openStore, openStoreToRead, type Store } from '../../store/store.ts';
import type { Log } from '../log.ts';
import { collectGarbage, isOpen } from './release.ts';
import { type Entry, writeEntries } from './run-record.ts';
import { putBack, salvage } from './salvage.ts';
import type { StoreHealth } from './store-health.ts';

/** Entries that wait at most while nothing can be stored: two days of samples at the default interval. */
const MOST_PENDING = 20_000;
/** Entries in one transaction when a backlog is written. */
const BATCH = 500;
/** After so many failures in a row the store is opened anew: a file system that came back needs it. */
const REOPEN_AFTER = 3;
/** How long to wait for a closed store to let go of its files, ms, and how often at most. */
const RELEASE_MS = 50;
const MOST_WAITS = 40;

/** The store cannot be written now, but later perhaps; anything else at the start is a mistake of the user's. */
const PASSING = ['STORE_FULL', 'STORE_READ_ONLY', 'STORE_BUSY'];

const hasCode = (error: unknown, ...codes: string[]): boolean =>
  error instanceof TscopeError && codes.includes(error.code);

/** Writes what is sampled, and waits in memory while that cannot be done. */
export class Recorder {
  readonly #path: string;
  readonly #log: Log;
  #store: Store | null = null;
  #pending: Entry[] = [];
  #dropped = 0;
  #failures = 0;
  #inARow = 0;
  #failure: { readonly reason: string; readonly code: string; readonly since: Date } | null = null;
  /** The file that is open is no longer at its place. */
  #removed = false;
  /** A removed store was closed: whether there is a copy to put back. */
  #copied: boolean | null = null;
  #waits = 0;
  #timer: NodeJS.Timeout | null = null;

  /** @throws TscopeError where the file is no store of ours or cannot be made; one that is full is waited for. */
  constructor(path: string, log: Log) {
    this.#path = resolve(path);
    this.#log = log;
    try {
      this.#store = openStore(path);
    } catch (error) {
      if (!hasCode(error, ...PASSING)) throw error;
      this.#fail(error);
      this.#store = this.#openToRead();
    }
  }

  /** The store to read from; null where it cannot be opened, or not yet again. */
  get store(): Store | null {
    return this.#store;
  }

  get health(): StoreHealth {
    return {
      ok: this.#failure === null,
      reason: this.#failure?.reason ?? null,
      code: this.#failure?.code ?? null,
      since: this.#failure?.since.toISOString() ?? null,
      pending: this.#pending.filter(({ kind }) => kind === 'sample').length,
      dropped: this.#dropped,
      failures: this.#failures,
    };
  }

  /** Takes entries and writes everything that waits, if that is possible. */
  add(...entries: Entry[]): void {
    this.#pending.push(...entries);
    while (this.#pending.length > MOST_PENDING) {
      if (this.#pending.shift()?.kind === 'sample') this.#dropped += 1;
    }
    this.flush();
  }

  /** Writes everything that waits, if that is possible. */
  flush(): void {
    try {
      if (!this.#ready()) return;
      while (this.#pending.length > 0) this.#writeSome();
      if (this.#failure !== null) this.#log('info', 'the store can be written again', { db: this.#path });
      this.#failure = null;
      this.#inARow = 0;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Rolls up and deletes what is too old. */
  maintain(retention: Retention): void {
    if (this.#store === null || this.#store.readOnly || this.#failure !== null) return;
    try {
      maintain(this.#store, retention);
    } catch (error) {
      this.#fail(error);
    }
  }

  close(): void {
    this.flush();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#store?.close();
    this.#store = null;
  }

  /** Writes the entries at the head that are of one kind. */
  #writeSome(): void {
    const kind = this.#pending[0]?.kind;
    const end = this.#pending.findIndex((entry) => entry.kind !== kind);
    const batch = this.#pending.slice(0, Math.min(BATCH, end < 0 ? this.#pending.length : end));
    if (this.#store === null || this.#store.readOnly) {
      throw new TscopeError('STORE_READ_ONLY', `${this.#path} cannot be written.`);
    }
    try {
      writeEntries(this.#store, batch);
    } catch (error) {
      if (error instanceof TscopeError) throw error;
      // A defect must not keep everything that follows from being stored.
      const message = error instanceof Error ? error.message : String(error);
      this.#log('error', `entries could not be stored and are left out: ${message}`, {
        entries: batch.length,
      });
    }
    this.#pending = this.#pending.slice(batch.length);
  }

  /** Sees to it that a store is open to write, as far as that can be. @returns false where that takes a moment more. */
  #ready(): boolean {
    if (this.#removed && this.#store !== null) this.#leaveRemoved(this.#store);
    else if (this.#store !== null && this.#inARow >= REOPEN_AFTER) this.#leave(this.#store);
    if (this.#store !== null) return true;
    // Opened only when nothing of the old one is left: looking at a file that this process has open would lose its
    // locks, and an old log must not be taken for the new one's.
    if (isOpen(this.#path) && this.#waits < MOST_WAITS) {
      this.#waits += 1;
      collectGarbage();
      this.#timer ??= setTimeout(() => {
        this.#timer = null;
        this.flush();
      }, RELEASE_MS);
      return false;
    }
    this.#open();
    return true;
  }

  #open(): void {
    this.#waits = 0;
    this.#inARow = 0;
    if (this.#copied !== null) {
      putBack(this.#path, this.#copied);
      // The numbers of runs in another file mean nothing here.
      if (!this.#copied) for (const { run } of this.#pending) run.place = null;
      const message = this.#copied ? 'the store is back with all it held' : 'another store is in its place';
      this.#log('warn', message, { db: this.#path });
      this.#copied = null;
    }
    try {
      this.#store = openStore(this.#path);
    } catch (error) {
      this.#store = this.#openToRead();
      throw error;
    }
  }

  /** Until it is copied, the open file is the only copy of what was stored, and is not let go. */
  #leaveRemoved(removed: Store): void {
    if (!stillThere(removed)) {
      this.#copied = salvage(removed);
      this.#leave(removed);
    }
    this.#removed = false;
  }

  #leave(store: Store): void {
    this.#store = null;
    store.close();
  }

  #openToRead(): Store | null {
    try {
      return openStoreToRead(this.#path);
    } catch {
      return null;
    }
  }

  #fail(error: unknown): void {
    const code = error instanceof TscopeError ? error.code : 'DEFECT';
    const reason = error instanceof Error ? error.message : String(error);
    this.#failures += 1;
    this.#inARow += 1;
    if (code === 'STORE_REMOVED') this.#removed = true;
    if (this.#failure?.code === code) return;
    this.#failure = { code, reason, since: this.#failure?.since ?? new Date() };
    this.#log('error', reason, { code, db: this.#path });
  }
}

/** True where the file is at its place: the disk that it is on was away for a while, and has come back. */
function stillThere(store: Store): boolean {
  try {
    store.transaction(() => {});
    return true;
  } catch (error) {
    if (hasCode(error, 'STORE_REMOVED')) return false;
    throw error;
  }
}

import { TscopeError } from '../../errors.ts';
import { maintain, type Retention } from '../../store/retention.ts';
import { openStore, openStoreToRead, type Store } from '../../store/store.ts';
import type { Log } from '../log.ts';
import { restore } from './restore.ts';
import { type Entry, writeEntries } from './run-record.ts';
import type { StoreHealth } from './store-health.ts';

/** Entries that wait at most while nothing can be stored: two days of samples at the default interval. */
const MOST_PENDING = 20_000;
/** Entries in one transaction when a backlog is written. */
const BATCH = 500;
/** After so many failures in a row the store is opened anew: a file system that came back needs it. */
const REOPEN_AFTER = 3;

/** The store cannot be written now, but later perhaps; anything else at the start is a mistake of the user's. */
const PASSING = ['STORE_FULL', 'STORE_READ_ONLY', 'STORE_BUSY'];

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

  /** @throws TscopeError where the file is no store of ours or cannot be made; one that is full is waited for. */
  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
    try {
      this.#store = openStore(path);
    } catch (error) {
      if (!(error instanceof TscopeError && PASSING.includes(error.code))) throw error;
      this.#fail(error);
      this.#store = this.#openToRead();
    }
  }

  /** The store to read from; null where it cannot be opened at all. */
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

  /** Takes an entry and writes everything that waits, if that is possible. */
  add(...entries: Entry[]): void {
    this.#pending.push(...entries);
    while (this.#pending.length > MOST_PENDING) {
      if (this.#pending.shift()?.kind === 'sample') this.#dropped += 1;
    }
    this.flush();
  }

  /** @returns true where nothing waits any more. */
  flush(): boolean {
    try {
      this.#reopen();
      while (this.#pending.length > 0) this.#writeSome();
      if (this.#failure !== null) this.#log('info', 'the store can be written again', { db: this.#path });
      this.#failure = null;
      this.#inARow = 0;
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
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
    this.#store?.close();
    this.#store = null;
  }

  /** Writes the entries at the head that are of one kind. */
  #writeSome(): void {
    const store = this.#store;
    const kind = this.#pending[0]?.kind;
    const end = this.#pending.findIndex((entry) => entry.kind !== kind);
    const count = Math.min(BATCH, end < 0 ? this.#pending.length : end);
    const batch = this.#pending.slice(0, count);
    if (store === null || store.readOnly)
      throw new TscopeError('STORE_READ_ONLY', `${this.#path} is not open.`);
    try {
      writeEntries(store, batch);
    } catch (error) {
      if (error instanceof TscopeError) throw error;
      // A defect must not keep everything that follows from being stored.
      const message = error instanceof Error ? error.message : String(error);
      this.#log('error', `entries could not be stored and are left out: ${message}`, { entries: count });
    }
    this.#pending = this.#pending.slice(count);
  }

  #openToRead(): Store | null {
    try {
      return openStoreToRead(this.#path);
    } catch {
      return null;
    }
  }

  /** Opens the store where it is not open to write, or has failed again and again. */
  #reopen(): void {
    if (this.#failure?.code === 'STORE_REMOVED' && this.#store !== null) this.#restore(this.#store);
    const open = this.#store !== null && !this.#store.readOnly;
    if (open && this.#inARow < REOPEN_AFTER) return;
    // Closed first: looking at a file that this process has open would lose its locks on it.
    this.#store?.close();
    this.#store = null;
    try {
      this.#store = openStore(this.#path);
    } catch (error) {
      this.#store = this.#openToRead();
      throw error;
    }
    this.#inARow = 0;
  }

  #restore(removed: Store): void {
    const restored = restore(removed);
    this.#store = null;
    // The numbers of runs in another file mean nothing here.
    if (!restored) for (const { run } of this.#pending) run.place = null;
    const message = restored ? 'the store is back with all it held' : 'another store has taken its place';
    this.#log('warn', message, { db: this.#path });
  }

  #fail(error: unknown): void {
    const code = error instanceof TscopeError ? error.code : 'DEFECT';
    const reason = error instanceof Error ? error.message : String(error);
    this.#failures += 1;
    this.#inARow += 1;
    if (this.#failure?.code !== code) {
      this.#failure = { code, reason, since: this.#failure?.since ?? new Date() };
      this.#log('error', reason, { code, db: this.#path });
    }
  }
}

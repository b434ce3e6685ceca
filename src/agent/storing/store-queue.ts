import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TscopeError } from '../../errors.ts';
import { bootId, hostIdentity } from '../../host/identity.ts';
import type { AgentHealth } from '../../schema/agent-api.ts';
import type { Retention } from '../../store/retention.ts';
import type { ShippedParts } from '../../store/unshipped.ts';
import type { Log } from '../log.ts';
import type {
  AgentEvent,
  PairIdentity,
  PairRecord,
  PairStability,
  SampleMessage,
  SamplingOptions,
  StartedMessage,
} from '../sampling/messages.ts';
import { Trouble } from '../trouble.ts';
import { EventBudget } from './event-budget.ts';
import { errorOf } from './failure.ts';
import { type Ledger, nothingDropped } from './ledger.ts';
import { type Entry, type Failure, nsOf, type RunRecord, type Written } from './messages.ts';
import { StoreThread } from './store-thread.ts';
import type { Calls } from './thread.ts';

/** Entries that wait at most while nothing can be stored: two days of samples at the default interval. */
export const MOST_WAITING = 20_000;
/** Entries in one request when a backlog is written. */
const BATCH = 500;
/** Waits before the next attempt, ms: the first after which a fault may have passed, the longest. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4_000;
/** Questions under way at once: each is answered after those before it. */
const MOST_QUESTIONS = 8;
/** A thread that has ended has a successor after this time, ms. */
const REPLACED_MS = 100;
/** A store that takes longer than this to open is waited for in the background, ms. */
const OPENING_MS = 2_000;

/** The store cannot be written now, but later perhaps; anything else at the start is a mistake of the user's. */
const PASSING = ['STORE_FULL', 'STORE_READ_ONLY', 'STORE_BUSY'];

/** Questions that readers ask. */
export type Question = 'runs' | 'samples' | 'events' | 'stability';

/** How the store is. */
export type StoreHealth = Omit<AgentHealth['store'], 'pending' | 'dropped'>;

const samplesIn = (entries: readonly Entry[]): number =>
  entries.reduce((count, { kind }) => count + (kind === 'sample' ? 1 : 0), 0);

/** Hands everything that is sampled to the store's thread, and keeps it until the thread has said that it is stored. */
export class StoreQueue {
  readonly #path: string;
  readonly #log: Log;
  readonly #budget = new EventBudget();
  readonly #fail: (error: TscopeError) => void;
  #thread: StoreThread;
  /** With the thread, and not yet acknowledged. */
  #inFlight: Entry[] = [];
  #waiting: Entry[] = [];
  readonly #runs = new Map<number, RunRecord>();
  #run: RunRecord | null = null;
  #begun = 0;
  #lastMs = 0;
  /** One that came before its run. */
  #calibration: { readonly atMs: number; readonly result: string } | null = null;
  #taken = 0;
  #stored = 0;
  readonly #dropped = nothingDropped();
  #questions = 0;
  readonly #trouble: Trouble;
  #waitMs = FIRST_WAIT_MS;
  /** Set while nothing is to be tried, with what is to be done then. */
  #later: { readonly timer: NodeJS.Timeout; readonly work: () => void } | null = null;
  #opening = true;
  #closed = false;
  #wasOpen = false;
  /** Bytes of the store in use, as of the last write; null before. */
  usedBytes: number | null = null;

  /** @param fail is called where the file turns out to be no store of ours only after `open` has returned. */
  constructor(path: string, log: Log, fail: (error: TscopeError) => void) {
    this.#path = resolve(path);
    this.#log = log;
    this.#fail = fail;
    this.#thread = new StoreThread(this.#path);
    this.#trouble = new Trouble(log, 'the store can be written again');
  }

  /** @throws TscopeError where the file is not a store of ours or cannot be made; one that is full or busy is waited for. */
  async open(): Promise<void> {
    const opened = this.#opened();
    await Promise.race([opened, sleep(OPENING_MS, undefined, { ref: false })]);
    // Told to whoever runs the agent.
    opened.catch((error: TscopeError) => this.#fail(error));
  }

  get ledger(): Ledger {
    const waiting = samplesIn(this.#inFlight) + samplesIn(this.#waiting);
    return { taken: this.#taken, stored: this.#stored, waiting, dropped: { ...this.#dropped } };
  }

  get health(): StoreHealth {
    return this.#trouble.state;
  }

  /** How long the thread has owed an answer, ms. */
  get stuckMs(): number {
    return this.#thread.waitingMs;
  }

  /** A new run begins; the one before, if there was one, has ended. */
  begin(started: StartedMessage, pairs: readonly PairIdentity[], options: SamplingOptions): void {
    this.end();
    const { atMs, origins, nominal } = started;
    this.#lastMs = atMs;
    this.#begun += 1;
    const described = {
      ...options,
      nominalTscHz: nominal.hz,
      nominalTscSource: nominal.source,
      boot: bootId(),
    };
    this.#run = {
      number: this.#begun,
      run: {
        host: { ...hostIdentity(), facts: null },
        command: 'agent',
        startedAtNs: nsOf(atMs),
        options: JSON.stringify(described),
      },
      pairs,
      origins,
    };
    this.#runs.set(this.#run.number, this.#run);
    if (this.#calibration !== null) this.calibrated(this.#calibration.atMs, this.#calibration.result);
  }

  /** Takes a calibration, JSON; one that comes before its run waits for it. */
  calibrated(atMs: number, result: string): void {
    this.#calibration = this.#run === null ? { atMs, result } : null;
    if (this.#run === null) return;
    this.#waiting.push({ kind: 'calibration', run: this.#run.number, atMs, result });
    this.#bound();
  }

  /** Takes a sample. @returns its events that are stored. */
  add({ atMs, pairs, events }: SampleMessage): readonly AgentEvent[] {
    this.#taken += 1;
    const run = this.#run?.number;
    if (run === undefined) {
      this.#dropped.rejected += 1;
      return [];
    }
    this.#lastMs = atMs;
    const readings = pairs.map(({ clock, ns, boundNs }) => ({ clock, ns, boundNs }));
    this.#waiting.push({ kind: 'sample', run, atMs, pairs: readings });
    const stored = this.#budget.within(events, performance.now());
    if (stored.length > 0) this.#waiting.push({ kind: 'events', run, events: stored });
    this.#bound();
    this.#pump();
    return stored;
  }

  /** The present run is over. */
  end(): void {
    if (this.#run === null) return;
    this.#waiting.push({ kind: 'end', run: this.#run.number, atMs: this.#lastMs });
    this.#run = null;
    this.#pump();
  }

  /**
   * Asks the store. @returns the JSON of an answer's `result`.
   *
   * @throws TscopeError STORE_BUSY where too many ask already; as the store.
   */
  async read<Name extends Question>(name: Name, ...values: Parameters<Calls[Name]>): Promise<string> {
    if (this.#questions >= MOST_QUESTIONS) {
      throw new TscopeError('STORE_BUSY', `The store is answering ${MOST_QUESTIONS} questions already.`);
    }
    this.#questions += 1;
    try {
      return await this.#ask(name, ...values);
    } finally {
      this.#questions -= 1;
    }
  }

  /** A thread that ends before it answers is replaced by one that may. */
  async #ask<Name extends Question>(name: Name, ...values: Parameters<Calls[Name]>): Promise<string> {
    const thread = this.#thread;
    try {
      await thread.opened;
      return await thread.ask(name, ...values);
    } catch (error) {
      if (!thread.hasEnded || this.#closed) throw error;
      await sleep(REPLACED_MS, undefined, { ref: false });
      if (this.#thread === thread) throw error;
      await this.#thread.opened;
      return await this.#thread.ask(name, ...values);
    }
  }

  /** Works out the stability of records on the store's thread; null where that cannot be done now. */
  async stabilityOf(records: readonly PairRecord[]): Promise<readonly PairStability[] | null> {
    return this.#thread.ask('stabilityOf', records).catch(() => null);
  }

  /** Asks the store about what is shipped. @throws TscopeError as the store; STORE_BUSY while it cannot be written. */
  async shipping<Name extends 'instance' | 'unshipped' | 'shipped'>(
    name: Name,
    ...values: Parameters<Calls[Name]>
  ): Promise<ReturnType<Calls[Name]>> {
    await this.#thread.opened;
    return await this.#thread.ask(name, ...values);
  }

  /** Rolls up and deletes what is too old. @param shipped what is sent to a hub; null where nothing is. */
  async maintain(retention: Retention, shipped: ShippedParts | null): Promise<void> {
    if (this.#opening || !this.#trouble.state.ok) return;
    try {
      await this.#thread.ask('maintain', retention, shipped);
    } catch (error) {
      if (!(error instanceof TscopeError)) throw error;
      this.#failed({ code: error.code, message: error.message, reopen: false });
    }
  }

  /** Stores what waits and closes the store, in at most `ms`. What is not stored by then is counted as dropped. */
  async close(ms: number): Promise<void> {
    this.end();
    const until = performance.now() + ms;
    this.#waitMs = FIRST_WAIT_MS;
    if (this.#later !== null) this.#now();
    while (this.#waiting.length + this.#inFlight.length > 0 && performance.now() < until) await sleep(20);
    this.#closed = true;
    if (this.#later !== null) clearTimeout(this.#later.timer);
    const closed = this.#thread
      .ask('close')
      .catch(() => {})
      .then(() => this.#thread.end());
    const left = Math.max(500, until - performance.now());
    await Promise.race([closed, sleep(left, undefined, { ref: false })]);
    this.#thread.abandon();
    this.#dropped.ended += samplesIn(this.#inFlight) + samplesIn(this.#waiting);
    this.#inFlight = [];
    this.#waiting = [];
  }

  async #opened(): Promise<void> {
    const refusal = await this.#thread.opened;
    this.#opening = false;
    if (refusal !== null && !this.#wasOpen && !PASSING.includes(refusal.code)) throw errorOf(refusal);
    if (refusal !== null) this.#failed(refusal);
    else this.#wasOpen = true;
    this.#pump();
  }

  /** Gives up the oldest of what is not with the thread. */
  #bound(): void {
    const excess = this.#waiting.length + this.#inFlight.length - MOST_WAITING;
    if (excess > 0) this.#dropped.overflow += samplesIn(this.#waiting.splice(0, excess));
  }

  /** Hands the next entries over, unless some are under way or it is not yet time to try again. */
  #pump(): void {
    const busy = this.#opening || this.#closed || this.#later !== null || this.#inFlight.length > 0;
    if (busy || this.#waiting.length === 0) return;
    this.#inFlight = this.#waiting.splice(0, BATCH);
    const numbers = new Set(this.#inFlight.map(({ run }) => run));
    const runs = [...numbers].flatMap((number) => this.#runs.get(number) ?? []);
    this.#thread.ask('write', runs, this.#inFlight).then(
      (written) => this.#written(written),
      (error: TscopeError) => {
        this.#putBack(0);
        this.#failed({ code: error.code, message: error.message, reopen: true });
      },
    );
  }

  #written({ done, stored, rejected, refused, mended, failure, usedBytes }: Written): void {
    this.#stored += stored;
    this.#dropped.rejected += rejected;
    this.#dropped.refused += refused;
    for (const entry of this.#inFlight.slice(0, done)) if (entry.kind === 'end') this.#runs.delete(entry.run);
    this.#putBack(done);
    this.usedBytes = usedBytes ?? this.usedBytes;
    if (refused > 0) this.#log('error', `${refused} samples were refused by the store and are given up`);
    if (failure !== null) {
      this.#failed(failure);
      return;
    }
    this.#waitMs = FIRST_WAIT_MS;
    if (mended === null) this.#trouble.better({ db: this.#path });
    else this.#trouble.worse({ code: 'STORE_ROW_GONE', message: mended }, { db: this.#path }, 'code');
    this.#pump();
  }

  #putBack(done: number): void {
    this.#waiting.unshift(...this.#inFlight.slice(done));
    this.#inFlight = [];
  }

  #failed({ code, message, reopen }: Pick<Failure, 'code' | 'message' | 'reopen'>): void {
    this.#trouble.worse({ code, message }, { db: this.#path }, 'code');
    if (this.#closed || this.#later !== null) return;
    const work = (): void => (reopen ? void this.#reopen() : this.#pump());
    this.#later = { timer: setTimeout(() => this.#now(), this.#waitMs), work };
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
  }

  /** Does what was put off. */
  #now(): void {
    const later = this.#later;
    this.#later = null;
    clearTimeout(later?.timer);
    later?.work();
  }

  /** Only a thread that has ended has let go of the file, its log and its locks. */
  async #reopen(): Promise<void> {
    this.#opening = true;
    await this.#thread.end();
    if (this.#closed) return;
    this.#thread = new StoreThread(this.#path);
    await this.#opened().catch((error: TscopeError) => {
      this.#failed({ code: error.code, message: error.message, reopen: true });
    });
  }
}

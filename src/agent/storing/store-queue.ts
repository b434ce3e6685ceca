import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff } from '../../backoff.ts';
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
import { errorOf } from './failure.ts';
import { type Entry, type Failure, nsOf, type RunRecord, type Written } from './messages.ts';
import { StoreThread } from './store-thread.ts';
import type { CallName, Calls } from './thread.ts';

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
/** Events of one kind that are stored in an hour. A disturbed host finds one at each sample; all of them are counted. */
const EVENTS_AN_HOUR = 60;
const HOUR_MS = 3_600_000;

/** The store cannot be written now, but later perhaps; anything else at the start is a mistake of the user's. */
const PASSING = ['STORE_FULL', 'STORE_READ_ONLY', 'STORE_BUSY'];

/** Questions that readers ask. */
export type Question = 'runs' | 'samples' | 'events' | 'stability';

/** Where every sample is that was taken: taken = stored + waiting + the sum of dropped. */
export type Ledger = AgentHealth['samples'];

/** How the store is. */
export type StoreHealth = Omit<AgentHealth['store'], 'pending' | 'dropped'>;

const samplesIn = (entries: readonly Entry[]): number =>
  entries.reduce((count, { kind }) => count + (kind === 'sample' ? 1 : 0), 0);

/** What the queue is doing. */
type Phase =
  /** The thread is not started yet, or opens the store. */
  | { readonly name: 'opening' }
  /** Whatever comes next is handed over at once. */
  | { readonly name: 'idle' }
  /** The thread has these, and has not said yet what became of them. */
  | { readonly name: 'writing'; readonly entries: readonly Entry[] }
  /** Something failed: until the timer nothing is tried. */
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout; readonly reopen: boolean }
  /** Nothing is handed over any more; the thread may still say what became of these. */
  | { readonly name: 'closed'; readonly entries: readonly Entry[] };

/** The run that samples belong to; before it begins, the calibration that came before it. */
type Present =
  | { readonly run: RunRecord; lastMs: number }
  | { readonly run: null; readonly calibration: { readonly atMs: number; readonly result: string } | null };

/** Lets through what a disturbed host may store. */
class EventBudget {
  readonly #spent = new Map<string, { until: number; count: number }>();

  /** @returns those that are to be stored. */
  within(events: readonly AgentEvent[], nowMs: number): AgentEvent[] {
    return events.filter(({ clock, kind }) => {
      const key = `${kind} ${clock}`;
      const known = this.#spent.get(key);
      const spent =
        known === undefined || nowMs >= known.until ? { until: nowMs + HOUR_MS, count: 0 } : known;
      spent.count += 1;
      this.#spent.set(key, spent);
      return spent.count <= EVENTS_AN_HOUR;
    });
  }
}

/** Hands everything that is sampled to the store's thread, and keeps it until the thread has said that it is stored. */
export class StoreQueue {
  readonly #path: string;
  readonly #log: Log;
  readonly #budget = new EventBudget();
  readonly #backoff = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
  readonly #trouble: Trouble;
  #phase: Phase = { name: 'opening' };
  #thread: StoreThread | null = null;
  /** Not with the thread, the oldest first. */
  #waiting: Entry[] = [];
  #present: Present = { run: null, calibration: null };
  #begun = 0;
  readonly #counts = { taken: 0, stored: 0, dropped: { overflow: 0, refused: 0, rejected: 0, ended: 0 } };
  #questions = 0;
  /** Bytes of the store in use, as of the last write; null before. */
  usedBytes: number | null = null;

  constructor(path: string, log: Log) {
    this.#path = resolve(path);
    this.#log = log;
    this.#trouble = new Trouble(log, 'the store can be written again');
  }

  /**
   * @param fail is called where the file turns out to be no store of ours only after this has returned.
   * @throws TscopeError where the file is not a store of ours or cannot be made; one that is full or busy is waited for.
   */
  async open(fail: (error: TscopeError) => void): Promise<void> {
    const opened = this.#start().then((refusal) => {
      if (refusal !== null && !PASSING.includes(refusal.code)) throw errorOf(refusal);
      this.#opened(refusal);
    });
    await Promise.race([opened, sleep(OPENING_MS, undefined, { ref: false })]);
    // Told to whoever runs the agent.
    opened.catch(fail);
  }

  get ledger(): Ledger {
    const { taken, stored, dropped } = this.#counts;
    const waiting = samplesIn(this.#unanswered) + samplesIn(this.#waiting);
    return { taken, stored, waiting, dropped: { ...dropped } };
  }

  get health(): StoreHealth {
    return this.#trouble.state;
  }

  /** How long the thread has owed an answer, ms. */
  get stuckMs(): number {
    return this.#thread?.waitingMs ?? 0;
  }

  /** A new run begins; the one before, if there was one, has ended. */
  begin(started: StartedMessage, pairs: readonly PairIdentity[], options: SamplingOptions): void {
    this.end();
    const { atMs, origins, nominal } = started;
    this.#begun += 1;
    const described = {
      ...options,
      nominalTscHz: nominal.hz,
      nominalTscSource: nominal.source,
      boot: bootId(),
    };
    const run: RunRecord = {
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
    const before = this.#present.run === null ? this.#present.calibration : null;
    this.#present = { run, lastMs: atMs };
    if (before !== null) this.calibrated(before.atMs, before.result);
  }

  /** Takes a calibration, JSON; one that comes before its run waits for it. */
  calibrated(atMs: number, result: string): void {
    const { run } = this.#present;
    if (run === null) this.#present = { run, calibration: { atMs, result } };
    else this.#put({ kind: 'calibration', run, atMs, result });
  }

  /** Takes a sample. @returns its events that are stored. */
  add({ atMs, pairs, events }: SampleMessage): readonly AgentEvent[] {
    this.#counts.taken += 1;
    const present = this.#present;
    if (present.run === null) {
      this.#counts.dropped.rejected += 1;
      return [];
    }
    const { run } = present;
    present.lastMs = atMs;
    const readings = pairs.map(({ clock, ns, boundNs }) => ({ clock, ns, boundNs }));
    const stored = this.#budget.within(events, performance.now());
    this.#put({ kind: 'sample', run, atMs, pairs: readings });
    if (stored.length > 0) this.#put({ kind: 'events', run, events: stored });
    this.#pump();
    return stored;
  }

  /** The present run is over. */
  end(): void {
    const present = this.#present;
    if (present.run === null) return;
    this.#put({ kind: 'end', run: present.run, atMs: present.lastMs });
    this.#present = { run: null, calibration: null };
    this.#pump();
  }

  /**
   * Asks for a reader. @returns the JSON of an answer's `result`.
   *
   * @throws TscopeError STORE_BUSY where too many ask already; as the store.
   */
  async read<Name extends Question>(name: Name, ...values: Parameters<Calls[Name]>): Promise<string> {
    if (this.#questions >= MOST_QUESTIONS) {
      throw new TscopeError('STORE_BUSY', `The store is answering ${MOST_QUESTIONS} questions already.`);
    }
    this.#questions += 1;
    try {
      return await this.#askAgain(name, ...values);
    } finally {
      this.#questions -= 1;
    }
  }

  /** A thread that ends before it answers is replaced by one that may. */
  async #askAgain<Name extends Question>(name: Name, ...values: Parameters<Calls[Name]>): Promise<string> {
    const thread = this.#open;
    try {
      await thread.opened;
      return await thread.ask(name, ...values);
    } catch (error) {
      if (!thread.hasEnded || this.#phase.name === 'closed') throw error;
      await sleep(REPLACED_MS, undefined, { ref: false });
      if (this.#thread === thread) throw error;
      return await this.ask(name, ...values);
    }
  }

  get #open(): StoreThread {
    if (this.#thread === null) throw new Error('the store is not open yet');
    return this.#thread;
  }

  /** Works out the stability of records on the store's thread; null where that cannot be done now. */
  async stabilityOf(records: readonly PairRecord[]): Promise<readonly PairStability[] | null> {
    return this.#open.ask('stabilityOf', records).catch(() => null);
  }

  /** Asks the store. @throws TscopeError as the store; STORE_BUSY while it cannot be written. */
  async ask<Name extends CallName>(
    name: Name,
    ...values: Parameters<Calls[Name]>
  ): Promise<ReturnType<Calls[Name]>> {
    await this.#open.opened;
    return await this.#open.ask(name, ...values);
  }

  /** Rolls up and deletes what is too old. @param shipped what is sent to a hub; null where nothing is. */
  async maintain(retention: Retention, shipped: ShippedParts | null): Promise<void> {
    if (this.#phase.name === 'opening' || !this.#trouble.state.ok) return;
    try {
      await this.#open.ask('maintain', retention, shipped);
    } catch (error) {
      if (!(error instanceof TscopeError)) throw error;
      this.#failed(error, false);
    }
  }

  /** Stores what waits and closes the store, in at most `ms`. What is not stored by then is counted as dropped. */
  async close(ms: number): Promise<void> {
    this.end();
    const until = performance.now() + ms;
    this.#backoff.reset();
    this.#tryAgain();
    while (this.#waiting.length + this.#unanswered.length > 0 && performance.now() < until) await sleep(20);
    if (this.#phase.name === 'waiting') clearTimeout(this.#phase.timer);
    this.#phase = { name: 'closed', entries: this.#unanswered };
    const thread = this.#thread;
    const closed = thread
      ?.ask('close')
      .catch(() => {})
      .then(() => thread.end());
    const left = Math.max(500, until - performance.now());
    await Promise.race([closed, sleep(left, undefined, { ref: false })]);
    thread?.abandon();
    this.#counts.dropped.ended += this.ledger.waiting;
    this.#phase = { name: 'closed', entries: [] };
    this.#waiting = [];
  }

  /** What the thread has and has not answered for. */
  get #unanswered(): readonly Entry[] {
    return 'entries' in this.#phase ? this.#phase.entries : [];
  }

  async #start(): Promise<Failure | null> {
    this.#thread = new StoreThread(this.#path);
    return await this.#thread.opened;
  }

  #opened(refusal: Failure | null): void {
    if (this.#phase.name !== 'opening') return;
    this.#phase = { name: 'idle' };
    if (refusal === null) this.#pump();
    else this.#failed(refusal, refusal.reopen);
  }

  /** Keeps an entry; too many, and the oldest that are not with the thread are given up. */
  #put(entry: Entry): void {
    this.#waiting.push(entry);
    const excess = this.#waiting.length + this.#unanswered.length - MOST_WAITING;
    if (excess > 0) this.#counts.dropped.overflow += samplesIn(this.#waiting.splice(0, excess));
  }

  /** Hands the next entries over, if there are any and it is time. */
  #pump(): void {
    if (this.#phase.name !== 'idle' || this.#waiting.length === 0) return;
    const entries = this.#waiting.splice(0, BATCH);
    this.#phase = { name: 'writing', entries };
    this.#open.ask('write', entries).then(
      (written) => this.#written(entries, written),
      (error: TscopeError) => {
        this.#takeBack(entries, 0);
        this.#failed(error, true);
      },
    );
  }

  /** The thread has dealt with the first `done` of them. @returns false where they were given up before. */
  #takeBack(entries: readonly Entry[], done: number): boolean {
    if (this.#unanswered !== entries) return false;
    this.#waiting.unshift(...entries.slice(done));
    this.#phase = this.#phase.name === 'closed' ? { name: 'closed', entries: [] } : { name: 'idle' };
    return true;
  }

  #written(entries: readonly Entry[], written: Written): void {
    const { done, stored, rejected, refused, mended, failure, usedBytes } = written;
    if (!this.#takeBack(entries, done)) return;
    this.#counts.stored += stored;
    this.#counts.dropped.rejected += rejected;
    this.#counts.dropped.refused += refused;
    this.usedBytes = usedBytes ?? this.usedBytes;
    if (refused > 0) this.#log('error', `${refused} samples were refused by the store and are given up`);
    if (failure !== null) {
      this.#failed(failure, failure.reopen);
      return;
    }
    this.#backoff.reset();
    if (mended === null) this.#trouble.better({ db: this.#path });
    else this.#trouble.worse({ code: 'STORE_ROW_GONE', message: mended }, { db: this.#path }, 'code');
    this.#pump();
  }

  /** @param reopen true where only opening the store again can help. */
  #failed({ code, message }: Pick<TscopeError, 'code' | 'message'>, reopen: boolean): void {
    this.#trouble.worse({ code, message }, { db: this.#path }, 'code');
    // What is under way shows for itself how the store is.
    if (this.#phase.name !== 'idle') return;
    const timer = setTimeout(() => this.#tryAgain(), this.#backoff.next());
    this.#phase = { name: 'waiting', timer, reopen };
  }

  /** Ends a wait. */
  #tryAgain(): void {
    if (this.#phase.name !== 'waiting') return;
    const { timer, reopen } = this.#phase;
    clearTimeout(timer);
    this.#phase = reopen ? { name: 'opening' } : { name: 'idle' };
    if (reopen) void this.#reopen();
    else this.#pump();
  }

  /** Only a thread that has ended has let go of the file, its log and its locks. */
  async #reopen(): Promise<void> {
    await this.#thread?.end();
    if (this.#phase.name === 'opening') this.#opened(await this.#start());
  }
}

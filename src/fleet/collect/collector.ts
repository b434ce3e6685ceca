import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumerMessages, JetStreamClient, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { HubAccess } from '../../agent/config/hub.ts';
import type { Log } from '../../agent/log.ts';
import { faultOf, Trouble } from '../../agent/trouble.ts';
import { Backoff } from '../../backoff.ts';
import { TscopeError } from '../../errors.ts';
import { MOST_BATCH_BYTES } from '../../schema/words.ts';
import { connectHub, hubName } from '../hub/connect.ts';
import { foreignStream, hubError } from '../hub/hub-error.ts';
import { CONSUMER, isOurs, REFUSED_STREAM, REFUSED_SUBJECT, STREAM, SUBJECT } from '../hub/names.ts';
import type { FleetStore } from '../store/fleet-store.ts';
import type { Received } from '../store/rows.ts';
import { type HubDelivery, writeDelivery } from '../store/write.ts';
import { readBatch } from './read-batch.ts';

/** Messages in one transaction at most: beyond some hundred more gain nothing. */
const BATCH = 500;
/** Messages that are asked for ahead, and as many that wait in memory: of the largest, 256 MB each. */
const AHEAD = 1_000;
/** Without news the hub's state is asked for this often, ms. */
const LOOK_MS = 5_000;
/** Between two attempts, ms. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** What a sentence about a refused message may take of a header, characters. */
const MOST_REASON = 500;

/** What is known of the collector, and of the whole stream. */
export interface CollectorState {
  /** Since this process began. */
  readonly here: {
    messages: number;
    batches: number;
    rollups: number;
    refused: number;
    again: number;
    transactions: number;
  };
  /** By the hub; null before it was asked. */
  hub: {
    /** Messages that the stream ever took. */
    readonly received: number;
    /** Not yet acknowledged: those under way, and those that nobody has asked for. */
    readonly waiting: number;
    readonly at: Date;
  } | null;
  /** Of the newest message that was stored: how long ago the hub took it, ms. */
  lagMs: number | null;
}

/** Errors of a store that will not pass, whatever is tried; what was removed is made anew by the next process. */
const FINAL = ['STORE_REFUSED', 'STORE_REMOVED', 'UNSUPPORTED'];
/** Errors of a store that pass: what could not be stored is tried again. */
const PASSING = ['STORE_BUSY', 'STORE_FULL', 'STORE_READ_ONLY', 'IO'];
/** Errors that one message may be to blame for. */
const ABOUT_ROWS = ['STORE_FAILED', 'STORE_ROW_GONE', 'DEFECT', 'USAGE'];

const rollupsIn = (received: readonly Received[]): number =>
  received
    .flatMap(({ batch }) => batch.runs.flatMap(({ series = [] }) => series))
    .reduce((sum, { minutes = [], hours = [] }) => sum + minutes.length + hours.length, 0);

/** What goes into one transaction, and is acknowledged after it. */
interface Taken {
  readonly received: ReadonlyArray<Received & { readonly message: JsMsg }>;
  readonly refused: ReadonlyArray<{ readonly message: JsMsg; readonly reason: string }>;
}

/** Takes messages from the hub and puts them into the store, until it is ended. */
export class Collector {
  readonly #access: HubAccess;
  readonly #store: FleetStore;
  readonly #log: Log;
  readonly #ending = new AbortController();
  readonly state: CollectorState = {
    here: { messages: 0, batches: 0, rollups: 0, refused: 0, again: 0, transactions: 0 },
    hub: null,
    lagMs: null,
  };
  /** Why nothing is collected now. */
  readonly trouble: Trouble;
  /** The stream as it is counted in the store: a stream that is made anew counts from 1 again. */
  #stream = STREAM;

  constructor(access: HubAccess, store: FleetStore, log: Log) {
    this.#access = access;
    this.#store = store;
    this.#log = log;
    this.trouble = new Trouble(log, 'collecting again');
  }

  /** The stream's name in the store's ledger. */
  get stream(): string {
    return this.#stream;
  }

  /** Ends `run` after what is under way. */
  end(): void {
    this.#ending.abort();
  }

  /** Collects until `end`. @throws TscopeError where the store will never take anything. */
  async run(): Promise<void> {
    const backoff = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS, Math.random);
    while (!this.#ending.signal.aborted) {
      const begun = performance.now();
      try {
        await this.#session();
      } catch (error) {
        const failure = hubError(error, hubName(this.#access));
        if (FINAL.includes(failure.code)) throw failure;
        this.trouble.worse(failure, { hint: failure.hint });
      }
      if (performance.now() - begun > LONGEST_WAIT_MS) backoff.reset();
      if (!this.#ending.signal.aborted)
        await sleep(backoff.next(), undefined, { signal: this.#ending.signal }).catch(() => {});
    }
  }

  /** One connection to the hub, from its first message to its end. */
  async #session(): Promise<void> {
    const connection = await connectHub(this.#access, 'tscope fleet collect');
    try {
      const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
      const manager = await jetstreamManager(connection);
      const client = jetstream(connection);
      await this.#look(manager);
      const consumer = await client.consumers.get(STREAM, CONSUMER);
      const messages = await consumer.consume({ max_messages: AHEAD, expires: 5_000 });
      const end = (): void => messages.stop();
      this.#ending.signal.addEventListener('abort', end);
      const looking = setInterval(() => void this.#look(manager).catch(() => {}), LOOK_MS);
      // What goes wrong with the connection ends the messages.
      void connection.closed().then(end);
      try {
        // What is wrong with the store only a write can show to be over.
        if (this.trouble.state.code === 'HUB') this.trouble.better();
        await this.#take(client, messages);
      } finally {
        clearInterval(looking);
        this.#ending.signal.removeEventListener('abort', end);
      }
      const reason = await Promise.race([connection.closed(), sleep(0, null)]);
      if (reason instanceof Error) throw reason;
      if (!this.#ending.signal.aborted) throw new Error('the connection ended');
    } finally {
      await close(connection);
    }
  }

  async #look(manager: JetStreamManager): Promise<void> {
    const [stream, consumer] = await Promise.all([
      manager.streams.info(STREAM),
      manager.consumers.info(STREAM, CONSUMER),
    ]);
    if (!isOurs(stream.config)) throw foreignStream(hubName(this.#access), STREAM);
    this.#stream = `${STREAM} ${stream.created}`;
    this.state.hub = {
      received: stream.state.last_seq,
      waiting: consumer.num_pending + consumer.num_ack_pending,
      at: new Date(),
    };
    if (consumer.num_pending + consumer.num_ack_pending === 0) this.state.lagMs = 0;
  }

  /** Hands messages on in groups: the next is received while one is stored. */
  async #take(client: JetStreamClient, messages: ConsumerMessages): Promise<void> {
    const waiting: JsMsg[] = [];
    let group: JsMsg[] = [];
    let ended = false;
    let failure: unknown = null;
    const bell = { ring: (): void => {} };
    const rung = (): Promise<void> =>
      new Promise((resolve) => {
        bell.ring = resolve;
      });
    const reading = (async () => {
      for await (const message of messages) {
        waiting.push(message);
        bell.ring();
        while (waiting.length >= AHEAD && failure === null) await sleep(1);
      }
    })().then(
      () => {
        ended = true;
        bell.ring();
      },
      (error: unknown) => {
        ended = true;
        failure ??= error;
        bell.ring();
      },
    );
    try {
      for (;;) {
        if (waiting.length === 0) {
          if (ended) break;
          const next = rung();
          if (waiting.length === 0 && !ended) await next;
          continue;
        }
        group = waiting.splice(0, BATCH);
        await this.#settle(client, group);
        group = [];
      }
      if (failure !== null) throw failure;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      messages.stop();
      await reading;
      // Whoever asks next gets them, without a wait for the time after which they count as lost. While this one still asked
      // they would come to it again, and be lost with its connection.
      for (const message of [...group, ...waiting]) message.nak();
    }
  }

  /** Stores a group, then acknowledges it. */
  async #settle(client: JetStreamClient, messages: readonly JsMsg[]): Promise<void> {
    this.state.here.messages += messages.length;
    const taken = this.#read(messages);
    await this.#put(client, taken);
    const last = taken.received.at(-1);
    if (last !== undefined) this.state.lagMs = Math.max(0, Date.now() - last.receivedAtMs);
  }

  #read(messages: readonly JsMsg[]): Taken {
    const received: Array<Received & { message: JsMsg }> = [];
    const refused: { message: JsMsg; reason: string }[] = [];
    for (const message of messages) {
      // It may be stored already; a server that lost its last messages counts anew, so only the rows can tell.
      if (message.info.deliveryCount > 1) this.state.here.again += 1;
      try {
        const batch = readBatch(message.data, message.subject.slice(SUBJECT.length + 1));
        const receivedAtMs = Math.floor(message.info.timestampNanos / 1e6);
        received.push({ batch, sequence: message.seq, receivedAtMs, message });
      } catch (error) {
        if (!(error instanceof TscopeError)) throw error;
        refused.push({ message, reason: error.message });
      }
    }
    return { received, refused };
  }

  /** Where one message keeps the others out it is found by halves, and put aside. */
  async #put(client: JetStreamClient, { received, refused }: Taken): Promise<void> {
    for (const one of refused) await this.#putAside(client, one.message, one.reason);
    try {
      const sequences = refused.map(({ message }) => message.seq);
      await this.#write({ stream: this.#stream, received, refused: sequences });
    } catch (error) {
      const { code, message: reason } = faultOf(error);
      if (!ABOUT_ROWS.includes(code) || received.length === 0) throw error;
      if (received.length === 1 && refused.length === 0) {
        const blamed = received.map(({ message }) => ({ message, reason }));
        await this.#put(client, { received: [], refused: blamed });
        return;
      }
      await this.#put(client, { received: [], refused });
      const middle = received.length >> 1;
      for (const half of [received.slice(0, middle), received.slice(middle)]) {
        if (half.length > 0) await this.#put(client, { received: half, refused: [] });
      }
      return;
    }
    this.state.here.transactions += 1;
    this.state.here.batches += received.length;
    this.state.here.rollups += rollupsIn(received);
    this.state.here.refused += refused.length;
    for (const { message } of [...received, ...refused]) message.ack();
  }

  /**
   * Stores, however long the store takes nothing. The hub counts what is not acknowledged for a minute as lost and gives it to
   * whoever asks: stored by two it is stored once.
   */
  async #write(delivery: HubDelivery): Promise<void> {
    const backoff = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS, Math.random);
    for (;;) {
      try {
        await writeDelivery(this.#store, delivery);
        this.trouble.better();
        return;
      } catch (error) {
        const passes = error instanceof TscopeError && PASSING.includes(error.code);
        if (!passes || this.#ending.signal.aborted) throw error;
        this.trouble.worse(error, { hint: error.hint });
        await sleep(backoff.next(), undefined, { signal: this.#ending.signal }).catch(() => {});
      }
    }
  }

  async #putAside(client: JetStreamClient, message: JsMsg, reason: string): Promise<void> {
    const { headers } = await import('@nats-io/transport-node');
    const word = message.subject.slice(SUBJECT.length + 1);
    const head = headers();
    head.set('Tscope-Reason', reason.replace(/[^\x20-\x7e]/g, '?').slice(0, MOST_REASON));
    head.set('Tscope-Sequence', String(message.seq));
    head.set('Tscope-Bytes', String(message.data.length));
    this.#log('warn', `a message was put aside: ${reason}`, { host: word, sequence: message.seq });
    await client.publish(`${REFUSED_SUBJECT}.${word}`, message.data.subarray(0, MOST_BATCH_BYTES), {
      msgID: `${this.#stream} ${message.seq}`,
      headers: head,
      expect: { streamName: REFUSED_STREAM },
    });
  }
}

async function close(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  // Acknowledgements that were written reach the server.
  await Promise.race([connection.flush().catch(() => {}), sleep(1_000)]);
  await connection.close();
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamClient } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { HubAccess } from '../../agent/config/hub.ts';
import type { Shipping, ShippingHealth, ShippingView } from '../../agent/shipping-view.ts';
import { Trouble } from '../../agent/trouble.ts';
import { Backoff } from '../../backoff.ts';
import type { FleetBatch } from '../../schema/fleet-batch.ts';
import type { RowCounts, Unshipped } from '../../store/unshipped.ts';
import { version } from '../../version.ts';
import { connectHub, hubName } from '../hub/connect.ts';
import { hubError } from '../hub/hub-error.ts';
import { registryKey, STREAM, subjectOf } from '../hub/names.ts';
import { packBatch } from './batch.ts';

/** A message a minute; those of a fleet come at all times of it. */
const EVERY_MS = 60_000;
/** About how much is packed at once, bytes of JSON; what comes out larger is packed again with less. */
const BATCH_BYTES = 200_000;
/** Less than this cannot be asked for: one row that is still too large is given up. */
const LEAST_BYTES = 1;
/** Of the time that catching up takes, this much is left to everything else. */
const REST = 4;
/** A batch that the hub has not acknowledged by then is sent again, ms. */
const ACKNOWLEDGED_MS = 10_000;
/** The wait for an acknowledgement tells that a connection is dead; the server is hardly asked, ms. */
const PING_MS = 600_000;
/** The agents of a fleet that start at once, as after an upgrade, make themselves known over this many ms. */
const START_MS = 20_000;
/** The first wait after a failure, ms; the longest is the time between two messages. */
const FIRST_WAIT_MS = 1_000;
/** With nothing to say a host says so every five minutes: silence means that something is wrong. */
const SILENT_MS = 300_000;

const NO_ROWS = { minutes: 0, samples: 0, events: 0, documents: 0 };

const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** Sends what the store has and the hub has not, until it is ended. */
class Shipper implements Shipping {
  readonly #view: ShippingView;
  readonly #everyMs: number;
  readonly #access: HubAccess;
  readonly #ending = new AbortController();
  readonly #backoff: Backoff;
  readonly #ended: Promise<void>;
  #host: FleetBatch['host'] | null = null;
  #sentFacts: string | null = null;
  #sentAt = Number.NEGATIVE_INFINITY;
  #connection: NatsConnection | null = null;
  #client: JetStreamClient | null = null;
  readonly #trouble: Trouble;
  /** What was done so far, and what is left. */
  readonly #done = {
    lastAcknowledgedAt: null as string | null,
    batches: 0,
    duplicates: 0,
    shipped: { ...NO_ROWS },
    waiting: NO_ROWS as RowCounts,
    lost: NO_ROWS as RowCounts,
  };

  constructor(view: ShippingView, everyMs: number) {
    this.#view = view;
    this.#everyMs = everyMs;
    this.#access = view.access;
    this.#trouble = new Trouble(view.log, 'the hub takes batches again');
    this.#backoff = new Backoff(FIRST_WAIT_MS, everyMs, Math.random);
    this.#ended = this.#run();
  }

  get health(): ShippingHealth {
    const { word } = this.#access;
    return structuredClone({ ...this.#trouble.state, hub: hubName(this.#access), host: word, ...this.#done });
  }

  async end(ms: number): Promise<void> {
    this.#ending.abort();
    await Promise.race([this.#ended, sleep(ms, undefined, { ref: false })]);
    await this.#connection?.close().catch(() => {});
  }

  /** A host's own second of the minute, so that the hosts of a fleet do not send all at once. */
  #phaseMs(): number {
    let sum = 0;
    for (const character of this.#access.word) sum = (sum * 31 + character.charCodeAt(0)) % EVERY_MS;
    return sum;
  }

  async #wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ending.signal, ref: false }).catch(() => {});
  }

  async #run(): Promise<void> {
    const everyMs = this.#everyMs;
    await this.#wait(Math.random() * Math.min(START_MS, everyMs));
    while (!this.#ending.signal.aborted) {
      let waitMs = everyMs - ((Date.now() - (this.#phaseMs() % everyMs)) % everyMs);
      try {
        await this.#shipAll();
        this.#backoff.reset();
        this.#trouble.better({ hub: hubName(this.#access) });
      } catch (error) {
        const failure = hubError(error, hubName(this.#access));
        this.#trouble.worse(failure, { hint: failure.hint });
        await this.#disconnect();
        waitMs = this.#backoff.next();
      }
      await this.#wait(waitMs);
    }
    // What was measured until the end goes out too, if the hub is there.
    if (this.#trouble.state.ok) await this.#shipAll().catch(() => {});
    await this.#disconnect();
  }

  async #disconnect(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    this.#client = null;
    await connection?.close().catch(() => {});
  }

  async #connected(): Promise<JetStreamClient> {
    if (this.#client !== null && this.#connection?.isClosed() === false) return this.#client;
    await this.#disconnect();
    this.#connection = await connectHub(this.#access, `tscope agent ${this.#access.word}`, PING_MS);
    const { jetstream } = await import('@nats-io/jetstream');
    this.#client = jetstream(this.#connection, { timeout: ACKNOWLEDGED_MS });
    await this.#register(this.#client);
    return this.#client;
  }

  async #sender(): Promise<FleetBatch['host']> {
    if (this.#host === null) {
      const { word } = this.#access;
      const { hostname, machine, boot, labels } = this.#view;
      const { instance, lost } = await this.#view.instance();
      this.#host = { id: word, hostname, machine, instance, boot, version, labels };
      this.#done.lost = lost;
    }
    return this.#host;
  }

  /** Says in the registry who publishes under this word. */
  async #register(client: JetStreamClient): Promise<void> {
    const host = await this.#sender();
    await client.publish(
      registryKey(host.id),
      JSON.stringify({ ...host, startedAt: new Date().toISOString() }),
    );
  }

  /** Batch after batch, each after the one before is acknowledged: memory holds one. */
  async #shipAll(): Promise<void> {
    const client = await this.#connected();
    const host = await this.#sender();
    for (let more = true, first = true; more && (first || !this.#ending.signal.aborted); first = false) {
      const begun = performance.now();
      const found = await this.#view.unshipped(BATCH_BYTES);
      this.#done.lost = found.lost;
      this.#done.waiting = found.waiting;
      more = await this.#ship(client, host, found);
      if (more) await this.#wait(Math.min(1_000, REST * (performance.now() - begun)));
    }
  }

  /** @returns whether there is more. */
  async #ship(
    client: JetStreamClient,
    host: FleetBatch['host'],
    { unshipped, lost, waiting }: Awaited<ReturnType<ShippingView['unshipped']>>,
  ): Promise<boolean> {
    const facts = this.#view.facts();
    const text = JSON.stringify(facts);
    const fresh = text !== this.#sentFacts;
    const quiet = performance.now() - this.#sentAt < SILENT_MS;
    if (unshipped.runs.length === 0 && !fresh && quiet) return false;
    const head = { host, lost, ...(fresh && { facts }) };
    let part: Unshipped = unshipped;
    let packed = packBatch(head, part.runs, nowNs());
    for (let bytes = BATCH_BYTES; packed === null; packed = packBatch(head, part.runs, nowNs())) {
      if (bytes <= LEAST_BYTES) {
        await this.#giveUp(part);
        return true;
      }
      bytes = Math.max(LEAST_BYTES, Math.floor(bytes / 4));
      part = (await this.#view.unshipped(bytes)).unshipped;
    }
    const acknowledged = await client.publish(subjectOf(host.id), packed.data, {
      msgID: packed.id,
      expect: { streamName: STREAM },
    });
    await this.#view.shipped(part.marks);
    this.#sentFacts = text;
    this.#sentAt = performance.now();
    this.#done.lastAcknowledgedAt = new Date().toISOString();
    this.#done.batches += 1;
    if (acknowledged.duplicate) this.#done.duplicates += 1;
    this.#count(part, waiting);
    return part.more || part !== unshipped;
  }

  #count({ runs }: Unshipped, waiting: RowCounts): void {
    const sent = { ...NO_ROWS };
    for (const { series, events, document } of runs) {
      for (const { minutes, samples } of series) {
        sent.minutes += minutes.length;
        sent.samples += samples.length;
      }
      sent.events += events.length;
      sent.documents += document === null ? 0 : 1;
    }
    const left = { ...waiting };
    for (const kind of Object.keys(sent) as (keyof RowCounts)[]) {
      this.#done.shipped[kind] += sent[kind];
      left[kind] = Math.max(0, left[kind] - sent[kind]);
    }
    this.#done.waiting = left;
  }

  /** A single row that no batch can hold: a document of many megabytes. It stays in the local store. */
  async #giveUp({ runs, marks }: Unshipped): Promise<void> {
    const keys = runs.map(({ key }) => key);
    this.#view.log('error', 'a document is too large for the hub and is not sent', { runs: keys });
    await this.#view.shipped(marks);
  }
}

/**
 * Starts to ship. It never throws: what goes wrong is told by `health` and in the log, and tried again.
 *
 * @param everyMs between two messages.
 */
export const startShipping = (view: ShippingView, everyMs = EVERY_MS): Shipping => new Shipper(view, everyMs);

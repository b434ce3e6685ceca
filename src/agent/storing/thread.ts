import { rmSync, statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { maintain, usedBytes } from '../../store/retention.ts';
import { openStore, openStoreToRead, type Store } from '../../store/store.ts';
import {
  countingLost,
  countUnshipped,
  instanceOf,
  lostUnshipped,
  markShipped,
  readUnshipped,
} from '../../store/unshipped.ts';
import { stabilityOfPhase } from '../../tasks/drift/analysis.ts';
import { answerTo } from './answer.ts';
import { errorOf, failureOf } from './failure.ts';
import type { Answered, Answers, Asked, Failure, Request, Written } from './messages.ts';
import { Writer } from './write.ts';

/**
 * How long a statement waits for another process, ms: short, so that what waits behind it (readers, the end of the
 * agent) does not wait long; the queue tries again.
 */
const BUSY_MS = 250;

const path = workerData as string;

function identityOf(file: string): string | null {
  const entry = statSync(file, { throwIfNoEntry: false, bigint: true });
  return entry === undefined ? null : `${entry.dev}:${entry.ino}`;
}

/** The store as it is open: to write, or where that is refused to read only, or not at all. */
class OpenStore {
  #store: Store | null = null;
  #writer: Writer | null = null;
  /** The log that is open, once there is one. */
  #log: string | null = null;
  /** Why it cannot be written; null while it can. */
  #refusal: Failure | null = null;

  open(): Failure | null {
    try {
      this.#store = openStore(path, { busyTimeoutMs: BUSY_MS });
      this.#writer = new Writer(this.#store);
      this.#refusal = null;
    } catch (error) {
      this.#refusal = failureOf(error, false);
      this.#store = openToRead();
    }
    return this.#refusal;
  }

  write({ runs, entries }: Extract<Request, { kind: 'write' }>): Written {
    if (this.#writer === null || this.#store === null) {
      const failure = this.#refusal ?? failureOf(new RangeError('the store is not open'), false);
      const nothing = { done: 0, stored: 0, rejected: 0, refused: 0, mended: null, usedBytes: null };
      return { ...nothing, failure };
    }
    const written = this.#writer.write(runs, entries);
    if (written.failure?.code === 'STORE_REMOVED') this.#removeLog();
    else this.#log ??= identityOf(`${path}-wal`);
    return { ...written, usedBytes: written.failure === null ? usedBytes(this.#store) : null };
  }

  /** @throws TscopeError where it cannot be read. */
  read(): Store {
    if (this.#store === null) throw new Error(this.#refusal?.message ?? 'the store is not open');
    return this.#store;
  }

  maintain({ retention, shipped }: Extract<Request, { kind: 'maintain' }>): Answers['maintain'] {
    if (this.#writer === null || this.#store === null) return { deleted: 0 };
    const store = this.#store;
    const work = () => maintain(store, retention);
    const { deleted } = shipped === null ? work() : countingLost(store, shipped, work);
    return { deleted: deleted.samples };
  }

  /** The store as it can be written. @throws TscopeError where it cannot. */
  writable(): Store {
    if (this.#writer !== null && this.#store !== null) return this.#store;
    throw errorOf(this.#refusal ?? failureOf(new RangeError('the store is not open'), false));
  }

  /**
   * The log of a store whose file was moved or removed would be taken for that of the next file of this name. What it
   * holds goes into the file, wherever that is now.
   */
  #removeLog(): void {
    if (this.#log === null || identityOf(`${path}-wal`) !== this.#log) return;
    try {
      this.#store?.connection.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // Nobody can open a removed file again.
    }
    for (const log of [`${path}-wal`, `${path}-shm`]) rmSync(log, { force: true });
  }

  close(): null {
    this.#store?.close();
    this.#store = null;
    this.#writer = null;
    return null;
  }
}

function openToRead(): Store | null {
  try {
    return openStoreToRead(path, { busyTimeoutMs: BUSY_MS });
  } catch {
    return null;
  }
}

function answer(store: OpenStore, request: Request): Answers[Request['kind']] {
  if (request.kind === 'write') return store.write(request);
  if (request.kind === 'read') return answerTo(store.read(), request.query);
  if (request.kind === 'stability') {
    return request.records.map(({ clock, phase, intervalNs, breaks }) => ({
      clock,
      points: stabilityOfPhase(phase, intervalNs, breaks),
    }));
  }
  if (request.kind === 'maintain') return store.maintain(request);
  if (request.kind === 'close') return store.close();
  const open = store.writable();
  if (request.kind === 'instance') return { instance: instanceOf(open), lost: lostUnshipped(open) };
  if (request.kind === 'shipped') {
    markShipped(open, request.marks);
    return null;
  }
  const { parts, bytes, nowNs } = request;
  const unshipped = readUnshipped(open, parts, bytes, nowNs);
  return { unshipped, waiting: countUnshipped(open, parts), lost: lostUnshipped(open) };
}

const port = parentPort;
if (port !== null) {
  const say = (message: Answered): void => port.postMessage(message);
  const store = new OpenStore();
  const refusal = store.open();
  say(refusal === null ? { id: 0, result: null } : { id: 0, failure: refusal });
  port.on('message', ({ id, ...request }: Asked) => {
    try {
      say({ id, result: answer(store, request) });
    } catch (error) {
      say({ id, failure: failureOf(error) });
    }
  });
}

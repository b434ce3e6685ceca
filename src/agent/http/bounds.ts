import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Connections open at once: many times what scrapers and browsers need, and little memory. */
const MOST_CONNECTIONS = 128;
/** TLS handshakes under way. */
const MOST_HANDSHAKES = 128;
/** Requests of one connection that are not yet answered to the end: those after them are refused. */
export const MOST_PIPELINED = 8;
/** A connection that goes on asking in spite of refusals is closed. */
const MOST_REFUSED = 8;
/** Requests that are being worked on at once, of all connections. */
const MOST_WORKING = 32;
/** Bytes of answers that a client has not read yet: of one connection, of all. */
const MOST_UNSENT = 4 * 2 ** 20;
const MOST_UNSENT_IN_ALL = 16 * 2 ** 20;

/** Bytes that are parsed at once: some ten requests. */
const SLICE = 1024;

/**
 * Feeds the parser of a connection a little at a time. Node reads 64 KiB and parses them to the end, also where the
 * connection is closed meanwhile: more than a thousand requests, each of which costs memory until then.
 */
function feedSlowly(socket: Socket): void {
  const [feed] = socket.listeners('data') as ((chunk: Buffer) => void)[];
  if (feed === undefined) return;
  socket.off('data', feed);
  socket.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length && !socket.destroyed && !socket.writableEnded; at += SLICE)
      feed(chunk.subarray(at, at + SLICE));
  });
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/** What one connection has asked for and not yet read. */
interface Load {
  /** Requests not yet answered to the end. */
  requests: number;
  /** Bytes handed over and not yet sent. */
  bytes: number;
}

/** What is to be done with a request. */
export type Admission = 'answer' | 'refuse' | 'ignore';

/** Bounds what clients can make a server hold: connections, requests under way and answers that nobody reads. */
export class Bounds {
  /** In the order of their last request: a Map keeps insertion order. */
  readonly #loads = new Map<Socket, Load>();
  readonly #spared: (socket: Socket) => boolean;
  /** Connections that have not shaken hands yet, by their other end, the oldest first. */
  readonly #shaking = new Map<string, Socket>();
  #working = 0;

  /** @param spared connections that are quiet for a good reason. */
  constructor(spared: (socket: Socket) => boolean) {
    this.#spared = spared;
  }

  /**
   * Watches a server's connections. When there are too many, the one that has been quiet for longest gives way to the
   * newcomer, so that idle connections, however many, keep nobody out.
   */
  watch(server: Server, event: 'connection' | 'secureConnection'): void {
    server.on(event, (socket: Socket) => this.#open(socket));
  }

  /** Bounds the TLS handshakes under way: the oldest gives way to the newcomer, so that silent ones keep nobody out. */
  watchHandshakes(server: Server): void {
    server.on('connection', (socket: Socket) => {
      const peer = peerOf(socket);
      this.#shaking.set(peer, socket);
      socket.on('close', () => {
        if (this.#shaking.get(peer) === socket) this.#shaking.delete(peer);
      });
      const [oldest] = this.#shaking;
      if (oldest === undefined || this.#shaking.size <= MOST_HANDSHAKES) return;
      this.#shaking.delete(oldest[0]);
      oldest[1].destroy();
    });
    // Another object than the one that connected, with the same other end.
    server.on('secureConnection', (socket: Socket) => this.#shaking.delete(peerOf(socket)));
  }

  /** Counts a request in. */
  admit({ socket }: IncomingMessage, response: ServerResponse): Admission {
    const load = this.#loads.get(socket);
    // Closed: what the parser had already read is answered to nobody.
    if (load === undefined || socket.destroyed) return 'ignore';
    this.#loads.delete(socket);
    this.#loads.set(socket, load);
    load.requests += 1;
    response.on('close', () => {
      load.requests -= 1;
    });
    if (load.requests > MOST_PIPELINED + MOST_REFUSED) {
      socket.destroy();
      this.#loads.delete(socket);
      return 'ignore';
    }
    return load.requests > MOST_PIPELINED || load.bytes > MOST_UNSENT ? 'refuse' : 'answer';
  }

  /** Counts an answer's bytes until they are sent. Where all clients together read too little, the slowest is closed. */
  sending({ socket }: IncomingMessage, response: ServerResponse, bytes: number): void {
    const load = this.#loads.get(socket);
    if (load === undefined) return;
    load.bytes += bytes;
    response.on('close', () => {
      load.bytes -= bytes;
    });
    let total = 0;
    for (const { bytes } of this.#loads.values()) total += bytes;
    if (total > MOST_UNSENT_IN_ALL) this.#closeLargest();
  }

  /** Works on a request, unless too many are being worked on: then null. */
  async work<T>(job: () => T | Promise<T>): Promise<T | null> {
    if (this.#working >= MOST_WORKING) return null;
    this.#working += 1;
    try {
      return await job();
    } finally {
      this.#working -= 1;
    }
  }

  #open(socket: Socket): void {
    this.#loads.set(socket, { requests: 0, bytes: 0 });
    feedSlowly(socket);
    socket.on('close', () => this.#loads.delete(socket));
    if (this.#loads.size <= MOST_CONNECTIONS) return;
    for (const candidate of this.#loads.keys()) {
      if (this.#spared(candidate)) continue;
      this.#loads.delete(candidate);
      candidate.destroy();
      break;
    }
  }

  #closeLargest(): void {
    const [largest] = [...this.#loads].reduce((a, b) => (b[1].bytes > a[1].bytes ? b : a));
    this.#loads.delete(largest);
    largest.destroy();
  }
}

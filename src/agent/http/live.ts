import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { errorReply, send, writeHead } from './reply.ts';

/** Browsers that may follow at once. */
const MOST_CLIENTS = 32;
/** Bytes that may wait for a client that reads too slowly. */
const MOST_WAITING = 256 * 1024;
/** Quiet connections are closed by proxies and by the server itself. */
const HEARTBEAT_MS = 15_000;

/** Everybody who follows the stream of server-sent events. */
export class LiveClients {
  readonly #clients = new Set<ServerResponse>();
  #heartbeat: NodeJS.Timeout | null = null;

  get size(): number {
    return this.#clients.size;
  }

  follows(socket: Socket): boolean {
    return [...this.#clients].some((client) => client.socket === socket);
  }

  /** Answers a request with the stream. @param greeting sent at once, so that the page knows where it is. */
  add(response: ServerResponse, greeting: unknown): void {
    if (this.#clients.size >= MOST_CLIENTS) {
      const message = `${MOST_CLIENTS} clients follow already; try again later.`;
      send(response, errorReply(503, message, { 'retry-after': '30' }), false);
      return;
    }
    writeHead(response, 200, { 'content-type': 'text/event-stream; charset=utf-8' });
    this.#clients.add(response);
    response.on('close', () => this.#remove(response));
    response.write('retry: 2000\n\n');
    this.#write(response, format('hello', greeting));
    this.#heartbeat ??= setInterval(() => this.#writeAll(':\n\n'), HEARTBEAT_MS);
  }

  /** Tells everybody. */
  tell(event: string, data: unknown): void {
    this.#writeAll(format(event, data));
  }

  /** Ends all streams. */
  close(): void {
    for (const client of this.#clients) client.end();
  }

  #writeAll(text: string): void {
    for (const client of this.#clients) this.#write(client, text);
  }

  #write(client: ServerResponse, text: string): void {
    if (client.writableLength > MOST_WAITING) client.destroy();
    else client.write(text);
  }

  #remove(client: ServerResponse): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0 || this.#heartbeat === null) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = null;
  }
}

const format = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { TscopeError } from '../../errors.ts';
import type { ListenAddress } from '../config/listen-address.ts';
import { formatListenAddress } from '../config/listen-address.ts';
import type { Log } from '../log.ts';
import { boundConnections } from './connections.ts';
import { type Rules, refusalOf } from './guard.ts';
import type { LiveClients } from './live.ts';
import { errorReply, type Reply, send } from './reply.ts';

/** Answers one path. @param ifNoneMatch the tag of what the client has already. */
export type Handler = (query: URLSearchParams, ifNoneMatch: string | undefined) => Reply | Promise<Reply>;

/** What a server serves. */
export interface Site {
  /** By exact path: nothing in a path ever leads to a file. */
  readonly routes: ReadonlyMap<string, Handler>;
  /** The path of the stream, and its first message. */
  readonly live: { readonly path: string; readonly clients: LiveClients; greeting(): unknown };
  /** Looked at for each request: a new configuration may change them. */
  rules(): Rules;
  readonly log: Log;
}

const LIMITS = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
  noDelay: true,
} as const;
const MOST_HEADERS = 64;
/** A client that neither reads nor writes for so long is gone. */
const QUIET_MS = 45_000;

/** A bad request that the routes found: one sentence in the message. */
const isBadRequest = (error: unknown): error is TscopeError =>
  error instanceof TscopeError && error.code === 'USAGE';

async function replyOf(handler: Handler, request: IncomingMessage, log: Log): Promise<Reply> {
  const [path = '', query = ''] = splitUrl(request);
  try {
    return await handler(new URLSearchParams(query), request.headers['if-none-match']);
  } catch (error) {
    if (isBadRequest(error)) return errorReply(400, error.message);
    const message = error instanceof Error ? error.message : String(error);
    log('error', `a request failed: ${message}`, { path });
    const stored = error instanceof TscopeError;
    return errorReply(stored ? 503 : 500, stored ? message : 'The agent could not answer; its log says why.');
  }
}

const splitUrl = ({ url }: IncomingMessage): string[] => (url ?? '').split('?', 2);

async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const head = request.method === 'HEAD';
  const refusal = refusalOf(request, site.rules());
  if (refusal !== null) {
    send(response, refusal, head);
    return;
  }
  const [path = ''] = splitUrl(request);
  if (path === site.live.path && !head) {
    site.live.clients.add(response, site.live.greeting());
    return;
  }
  const handler = site.routes.get(path);
  const reply =
    handler === undefined
      ? errorReply(404, 'There is nothing here; the pages start at /.')
      : await replyOf(handler, request, site.log);
  if (!response.destroyed) send(response, reply, head);
}

/** What HTTP itself says about a request that cannot be parsed. */
const PARSE_ERRORS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

function rejectBadRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = PARSE_ERRORS[error.code ?? ''] ?? 400;
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  socket.end(head, () => socket.destroy());
}

/** Makes a server that no client can make slow, large or talkative. It does not listen yet. */
export function createSite(site: Site): Server {
  const server = createServer(LIMITS, (request, response) => void answer(site, request, response));
  server.maxHeadersCount = MOST_HEADERS;
  server.timeout = QUIET_MS;
  server.on('clientError', rejectBadRequest);
  server.on('connect', (_request, socket) => socket.destroy());
  boundConnections(server, (socket) => site.live.clients.follows(socket));
  return server;
}

/**
 * Listens.
 *
 * @returns the address, with the port that was taken.
 * @throws TscopeError IO where the address cannot be had.
 */
export function listen(server: Server, address: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const place = formatListenAddress(address);
      const hint =
        error.code === 'EADDRINUSE' ? 'Another program listens there; --listen takes another.' : null;
      reject(new TscopeError('IO', `cannot listen on ${place} (${error.code}).`, hint, { cause: error }));
    });
    server.listen({ host: address.host, port: address.port, backlog: 256 }, () => {
      const bound = server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
      resolve({ host: address.host, port });
    });
  });
}

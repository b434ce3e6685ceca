import {
  createServer as createPlainServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { TscopeError } from '../../errors.ts';
import type { ListenAddress } from '../config/listen-address.ts';
import { formatListenAddress } from '../config/listen-address.ts';
import type { TlsFiles } from '../config/tls.ts';
import type { Log } from '../log.ts';
import { Bounds } from './bounds.ts';
import { isAuthorized, misshapen, type Rules, refusalOf } from './guard.ts';
import type { LiveClients } from './live.ts';
import { errorReply, type Reply, send } from './reply.ts';

/** Answers one path. @param ifNoneMatch the tag of what the client has already. */
export type Handler = (query: URLSearchParams, ifNoneMatch: string | undefined) => Reply | Promise<Reply>;

/** What a server serves. */
export interface Site {
  /** By exact path: nothing in a path ever leads to a file. */
  readonly routes: ReadonlyMap<string, Handler>;
  /** The path of the stream, and its first message, where there is one. */
  readonly live?: { readonly path: string; readonly clients: LiveClients; greeting(): unknown };
  /** What probes may ask without a token, however busy the agent is; it is worth nothing to a stranger. */
  readonly probe: { readonly path: string; reply(): Reply };
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
/** A client that neither reads nor writes for this long is gone. */
const QUIET_MS = 45_000;
const HANDSHAKE_MS = 5_000;
/** When to try again, s. */
const RETRY = { 'retry-after': '1' };

const busy = (headers: Readonly<Record<string, string>> = RETRY): Reply =>
  errorReply(503, 'Too many requests are under way; try again in a second.', headers);

const splitUrl = ({ url }: IncomingMessage): string[] => (url ?? '').split('?', 2);

async function replyOf(handler: Handler, request: IncomingMessage, log: Log): Promise<Reply> {
  const [path = '', query = ''] = splitUrl(request);
  try {
    return await handler(new URLSearchParams(query), request.headers['if-none-match']);
  } catch (error) {
    const known = error instanceof TscopeError ? error : null;
    if (known?.code === 'USAGE') return errorReply(400, known.message);
    const message = error instanceof Error ? error.message : String(error);
    if (known?.code !== 'STORE_BUSY') log('error', `a request failed: ${message}`, { path });
    if (known !== null && known.code !== 'DEFECT') return errorReply(503, message, RETRY);
    return errorReply(500, 'The agent could not answer; its log says why.');
  }
}

/** Answers a request from the site, within bounds. */
async function answer(
  { live, probe, routes, rules: rulesNow, log }: Site,
  bounds: Bounds,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const say = (reply: Reply): void => {
    bounds.sending(request, response, reply.body.length);
    send(response, reply, request.method === 'HEAD');
  };
  const admission = bounds.admit(request, response);
  if (admission === 'ignore') return;
  if (admission === 'refuse') return say(busy({ ...RETRY, connection: 'close' }));
  const [path = ''] = splitUrl(request);
  const rules = rulesNow();
  if (path === probe.path && !isAuthorized(request, rules)) return say(misshapen(request) ?? probe.reply());
  const refusal = refusalOf(request, rules);
  if (refusal !== null) return say(refusal);
  if (path === live?.path && request.method !== 'HEAD') return live.clients.add(response, live.greeting());
  const handler = routes.get(path);
  if (handler === undefined) return say(errorReply(404, 'There is nothing here; the pages start at /.'));
  const reply = await bounds.work(() => replyOf(handler, request, log));
  if (!response.destroyed) say(reply ?? busy());
}

/** What HTTP itself says about a request that cannot be parsed. */
const PARSE_ERRORS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

function rejectBadRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  // What has not shaken hands cannot be told anything: the words would wait for that forever, and the connection with them.
  const heard = /^HPE_|^ERR_HTTP_/.test(error.code ?? '') && socket.writable;
  if (!heard) {
    socket.destroy();
    return;
  }
  const status = PARSE_ERRORS[error.code ?? ''] ?? 400;
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  socket.end(head, () => socket.destroy());
}

/**
 * Makes a server that no client can make slow, large or talkative. It does not listen yet.
 *
 * @param tls null for plain HTTP.
 */
export function createSite(site: Site, tls: TlsFiles | null): Server {
  const bounds = new Bounds((socket) => site.live?.clients.follows(socket) ?? false);
  const listener: RequestListener = (request, response) => void answer(site, bounds, request, response);
  const server =
    tls === null
      ? createPlainServer(LIMITS, listener)
      : process
          .getBuiltinModule('node:https')
          .createServer({ ...LIMITS, handshakeTimeout: HANDSHAKE_MS, ...tls }, listener);
  server.maxHeadersCount = MOST_HEADERS;
  server.timeout = QUIET_MS;
  server.on('clientError', rejectBadRequest);
  server.on('connect', (_request, socket) => socket.destroy());
  if (tls !== null) bounds.watchHandshakes(server);
  bounds.watch(server, tls === null ? 'connection' : 'secureConnection');
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
        error.code === 'EADDRINUSE' ? 'Another program listens there; `listen` takes another address.' : null;
      reject(new TscopeError('IO', `cannot listen on ${place} (${error.code}).`, hint, { cause: error }));
    });
    server.listen({ host: address.host, port: address.port, backlog: 256 }, () => {
      const bound = server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
      resolve({ host: address.host, port });
    });
  });
}

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { sameToken } from '../config/token.ts';
import { errorReply, type Reply } from './reply.ts';

/** What a request must satisfy. */
export interface Rules {
  /** Null asks for none. */
  readonly token: string | null;
  /** Names, in lower case, that this host may be called by, besides its addresses. */
  readonly hostNames: readonly string[];
}

/** What the guard looks at. */
export type Asked = Pick<IncomingMessage, 'method' | 'headers' | 'rawHeaders'>;

function wrongMethod({ method }: Asked): Reply | null {
  if (method === 'GET' || method === 'HEAD') return null;
  return errorReply(405, 'Only GET and HEAD are answered here.', { allow: 'GET, HEAD', connection: 'close' });
}

function withBody({ headers }: Asked): Reply | null {
  const empty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
  return empty ? null : errorReply(413, 'A request must not carry a body here.', { connection: 'close' });
}

/**
 * A page of another site whose name suddenly means this host (DNS rebinding) sends that name. An address cannot be
 * rebound, so addresses pass.
 */
function wrongHost({ headers, rawHeaders }: Asked, { hostNames }: Rules): Reply | null {
  const count = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::\d{1,5})?$/i.exec(headers.host ?? '');
  if (count !== 1 || match === null) return errorReply(400, 'One valid Host header is needed.');
  const name = (match[1] ?? match[2] ?? '').toLowerCase();
  if (isIP(name) !== 0 || name === 'localhost' || hostNames.includes(name)) return null;
  return errorReply(
    421,
    `This agent is not known as '${name}'; allow the name with --host-names, or use an address.`,
  );
}

/** The token of `Authorization: Bearer TOKEN`, or the password of Basic, which browsers ask for by themselves. */
function tokenOf(header: string | undefined): string | null {
  const [scheme = '', credentials = ''] = (header ?? '').split(' ', 2);
  if (/^bearer$/i.test(scheme)) return credentials;
  if (!/^basic$/i.test(scheme)) return null;
  const text = Buffer.from(credentials, 'base64').toString('utf8');
  return text.slice(text.indexOf(':') + 1);
}

function unauthorized({ headers }: Asked, { token }: Rules): Reply | null {
  if (token === null) return null;
  const given = tokenOf(headers.authorization);
  if (given !== null && sameToken(given, token)) return null;
  return errorReply(401, 'The token is missing or wrong.', {
    'www-authenticate': 'Basic realm="tscope", charset="UTF-8"',
  });
}

/** @returns the refusal, or null where the request may be answered. */
export const refusalOf = (asked: Asked, rules: Rules): Reply | null =>
  wrongMethod(asked) ?? withBody(asked) ?? wrongHost(asked, rules) ?? unauthorized(asked, rules);

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { sameToken } from '../config/token.ts';
import { errorReply, type Reply } from './reply.ts';

/** What a request must satisfy. */
export interface Rules {
  /** Null asks for none. */
  readonly token: string | null;
  /** Names, in lower case, that this host may be called by, besides its addresses. */
  readonly hostNames: readonly string[];
}

/** @param names of this host besides its own. */
export const rulesOf = (token: string | null, names: readonly string[]): Rules => ({
  token,
  hostNames: [hostname(), ...names].map((name) => name.toLowerCase()),
});

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

/** A page of another site may not ask through its reader's browser: it could not read the answer, but make it work. */
function fromAnotherSite({ headers }: Asked): Reply | null {
  if (headers['sec-fetch-site'] !== 'cross-site') return null;
  return errorReply(403, 'A page of another site asked; open the address yourself.');
}

/** The one name that a request calls this host by; null where it names none or several. */
function nameIn({ headers, rawHeaders }: Asked): string | null {
  const count = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::\d{1,5})?$/i.exec(headers.host ?? '');
  return count !== 1 || match === null ? null : (match[1] ?? match[2] ?? '').toLowerCase();
}

/**
 * A page of another site whose name suddenly means this host (DNS rebinding) sends that name. An address cannot be
 * rebound, so addresses pass; a bearer token passes too, because such a page does not have it.
 */
function wrongHost(asked: Asked, { hostNames, token }: Rules): Reply | null {
  const name = nameIn(asked);
  if (name === null) return errorReply(400, 'One valid Host header is needed.');
  if (isIP(name) !== 0 || name === 'localhost' || hostNames.includes(name)) return null;
  const { scheme, given } = credentialsIn(asked.headers.authorization);
  if (token !== null && scheme === 'bearer' && given !== null && sameToken(given, token)) return null;
  return errorReply(
    421,
    `This agent is not known as '${name}'; allow the name with \`hostNames\`, or use an address or a bearer token.`,
  );
}

/** The token of `Authorization: Bearer TOKEN`, or the password of Basic, which browsers ask for by themselves. */
function credentialsIn(header: string | undefined): { scheme: string; given: string | null } {
  const [word = '', credentials = ''] = (header ?? '').split(' ', 2);
  const scheme = word.toLowerCase();
  if (scheme === 'bearer') return { scheme, given: credentials };
  if (scheme !== 'basic') return { scheme, given: null };
  const text = Buffer.from(credentials, 'base64').toString('utf8');
  return { scheme, given: text.slice(text.indexOf(':') + 1) };
}

/** Whether a request shows the token, where one is asked for. */
export function isAuthorized({ headers }: Pick<Asked, 'headers'>, { token }: Rules): boolean {
  if (token === null) return true;
  const { given } = credentialsIn(headers.authorization);
  return given !== null && sameToken(given, token);
}

function unauthorized(asked: Asked, rules: Rules): Reply | null {
  if (isAuthorized(asked, rules)) return null;
  return errorReply(401, 'The token is missing or wrong.', {
    'www-authenticate': 'Basic realm="tscope", charset="UTF-8"',
  });
}

/** @returns the refusal of a request that nobody may make, or null. */
export const misshapen = (asked: Asked): Reply | null =>
  wrongMethod(asked) ?? withBody(asked) ?? fromAnotherSite(asked);

/** @returns the refusal of whoever asks, or null where the request may be answered. */
export const refusalOf = (asked: Asked, rules: Rules): Reply | null =>
  misshapen(asked) ?? wrongHost(asked, rules) ?? unauthorized(asked, rules);

import type { ServerResponse } from 'node:http';

/** A whole answer. */
export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Headers of every answer. The pages run this host's own scripts only, ask nobody else for anything, and no other page
 * may frame or read them.
 */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

export const jsonReply = (value: unknown, status = 200): Reply => ({
  status,
  type: 'application/json; charset=utf-8',
  body: `${JSON.stringify(value)}\n`,
});

/** Health, or what a probe without the token is told of it: 200 or 503. */
export const healthReply = (health: { readonly status: 'ok' | 'degraded' }): Reply =>
  jsonReply(health, health.status === 'ok' ? 200 : 503);

/** An error as the API answers it: one sentence. */
export const errorReply = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Reply => ({ ...jsonReply({ error: message }, status), headers });

/** Starts an answer of unknown length. */
export function writeHead(response: ServerResponse, status: number, headers: Record<string, string>): void {
  response.writeHead(status, { ...SECURITY_HEADERS, 'cache-control': 'no-store', ...headers });
}

/** Sends a whole answer; to HEAD without its body. */
export function send(response: ServerResponse, { status, type, body, headers }: Reply, head: boolean): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const length = status === 304 ? {} : { 'content-type': type, 'content-length': String(bytes.length) };
  writeHead(response, status, { ...length, ...headers });
  response.end(head || status === 304 ? undefined : bytes);
}

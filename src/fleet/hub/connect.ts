import type { Authenticator, NatsConnection } from '@nats-io/transport-node';
import type { HubAccess } from '../../agent/config/hub.ts';
import { hubError } from './hub-error.ts';
import { inboxOf } from './names.ts';

const CONNECT_MS = 5_000;
/** Of whoever waits for messages: a connection that is dead without a word is noticed within three of these, ms. */
const PING_MS = 10_000;

/** The hub's addresses, for messages. */
export const hubName = ({ servers }: Pick<HubAccess, 'servers'>): string => servers.join(',');

/**
 * Connects once, to whichever of the servers answers. The client's library is loaded by the first call. It does not
 * reconnect by itself: whoever uses it decides when, so that there is one kind of back-off.
 *
 * @param name what the server's lists show this client as.
 * @param pingMs between two questions whether the server is still there.
 * @throws TscopeError HUB.
 */
export async function connectHub(
  access: HubAccess,
  name: string,
  pingMs: number = PING_MS,
): Promise<NatsConnection> {
  const { connect, credsAuthenticator, nkeyAuthenticator, usernamePasswordAuthenticator } = await import(
    '@nats-io/transport-node'
  );
  const { servers, credentials, ca, word } = access;
  const authenticators: Authenticator[] = [];
  const encoder = new TextEncoder();
  if (credentials?.kind === 'password') {
    authenticators.push(usernamePasswordAuthenticator(credentials.user, credentials.password));
  } else if (credentials?.kind === 'seed') {
    authenticators.push(nkeyAuthenticator(encoder.encode(credentials.seed)));
  } else if (credentials?.kind === 'creds') {
    authenticators.push(credsAuthenticator(encoder.encode(credentials.content)));
  }
  const secure = ca !== null || servers.some((server) => server.startsWith('tls:'));
  try {
    return await connect({
      servers: servers.map((server) => server.replace(/^tls:/, 'nats:')),
      name,
      inboxPrefix: inboxOf(word),
      timeout: CONNECT_MS,
      pingInterval: pingMs,
      maxPingOut: 2,
      reconnect: false,
      ...(authenticators.length > 0 ? { authenticator: authenticators } : {}),
      ...(secure ? { tls: ca === null ? {} : { ca } } : {}),
    });
  } catch (error) {
    throw hubError(error, hubName(access));
  }
}

import { createHash } from 'node:crypto';
import { usageError } from '../../errors.ts';
import { hostIdentity } from '../../host/identity.ts';
import { HOST_WORD } from '../../schema/words.ts';
import { readSmallFile } from '../../small-file.ts';

/** How a hub is told who connects. */
export type Credentials =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** An nkey's seed, `SU...`: only the public key is the server's to know. */
  | { readonly kind: 'seed'; readonly user: string; readonly seed: string }
  /** A .creds file of NATS: a JWT and its seed. */
  | { readonly kind: 'creds'; readonly user: string; readonly content: string };

/** A hub, and who this host is there. */
export interface HubAccess {
  readonly servers: readonly string[];
  /** Null where the hub lets everybody in. */
  readonly credentials: Credentials | null;
  /** The certificates, PEM, that the servers' own must come from; null for those of the system. */
  readonly ca: string | null;
  /** The word that this host publishes as. */
  readonly word: string;
}

const PORT = 4222;

/**
 * `nats://a:4222` or `tls://a`, a name or an address.
 *
 * @throws TscopeError USAGE; also for one with a password in it, which every user of the host could read.
 */
export function parseHubUrl(text: string): string {
  if (text.includes('@')) {
    throw usageError('hub: a user or password does not belong in the address; give `hubCredentials` a file.');
  }
  const address = text.includes('://') ? text : `nats://${text}`;
  const url = URL.canParse(address) ? new URL(address) : null;
  const plain =
    url !== null &&
    ['nats:', 'tls:'].includes(url.protocol) &&
    ['', '/'].includes(url.pathname) &&
    url.hostname !== '' &&
    url.search === '' &&
    url.hash === '';
  if (url === null || !plain) {
    throw usageError(`hub: '${text}' is not an address; give nats://HOST:4222 or tls://HOST:4222.`);
  }
  return `${url.protocol}//${url.hostname}:${url.port || PORT}`;
}

/** The name in a JWT; null where there is none. It is not checked here: the server does that. */
function nameInJwt(content: string): string | null {
  const [, payload] = /-----BEGIN NATS USER JWT-----\s*[\w-]+\.([\w-]+)\.[\w-]+/.exec(content) ?? [];
  if (payload === undefined) return null;
  try {
    const { name } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { name?: unknown };
    return typeof name === 'string' ? name : null;
  } catch {
    return null;
  }
}

const HOW =
  'It is a .creds file of NATS, or a JSON object {"user": "...", "seed": "SU..."} or {"user": "...", "password": "..."}.';

function credentialsIn(content: string, file: string): Credentials {
  if (content.includes('BEGIN NATS USER JWT')) {
    const user = nameInJwt(content);
    if (user === null) throw usageError(`${file}: the JWT in it has no name.`, HOW);
    return { kind: 'creds', user, content };
  }
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    throw usageError(`${file} holds no credentials.`, HOW);
  }
  const { user, password, seed, ...rest } = (value ?? {}) as Record<string, unknown>;
  if (typeof user !== 'string' || Object.keys(rest).length > 0)
    throw usageError(`${file} holds no credentials.`, HOW);
  if (typeof seed === 'string' && /^SU[A-Z2-7]{56}$/.test(seed) && password === undefined) {
    return { kind: 'seed', user, seed };
  }
  if (typeof password === 'string' && seed === undefined) return { kind: 'password', user, password };
  throw usageError(`${file}: give either the password or the seed of an nkey, SU and 56 letters.`, HOW);
}

/** @throws TscopeError IO where it cannot be read; USAGE where it holds none, or every user of this host can read it. */
export function readCredentials(file: string): Credentials {
  const { bytes, open } = readSmallFile("the hub's credentials", file);
  if (open) throw usageError(`${file}: every user of this host can read it.`, `chmod 600 ${file}`);
  return credentialsIn(bytes.toString('utf8'), file);
}

/** machine-id(5) asks for a digest made for one purpose, so that the id itself stays on the host. */
export const machineDigest = (): string =>
  createHash('sha256').update(`tscope fleet ${hostIdentity().key}`).digest('hex').slice(0, 32);

/**
 * The hub of these settings, and the word that this host publishes as there: the user's of the credentials, which the
 * server knows, else a digest of the machine's id.
 */
export function readHubAccess(
  servers: readonly string[],
  credentialsFile?: string,
  caFile?: string,
): HubAccess {
  const credentials = credentialsFile === undefined ? null : readCredentials(credentialsFile);
  const word = credentials?.user ?? machineDigest();
  if (!HOST_WORD.test(word)) {
    throw usageError(
      `${credentialsFile}: the user '${word}' cannot be a host's name in the hub: letters, digits, _ and -, 64 at most.`,
    );
  }
  if (caFile === undefined) return { servers, credentials, ca: null, word };
  const ca = readSmallFile("the hub's certificate authority", caFile).bytes.toString('utf8');
  if (!ca.includes('BEGIN CERTIFICATE')) throw usageError(`${caFile} holds no certificate in PEM.`);
  return { servers, credentials, ca, word };
}

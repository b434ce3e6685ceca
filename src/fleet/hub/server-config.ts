import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { usageError } from '../../errors.ts';
import { makeFolder } from '../../folder.ts';
import { HOST_WORD } from '../../schema/words.ts';
import { fileError } from '../../system-error.ts';
import { inboxOf, REFUSED_SUBJECT, registryKey, subjectOf } from './names.ts';

/** Users of the hub that are not hosts. */
const OPERATORS = ['collector', 'admin'] as const;

/** A user by the key that the server knows. */
interface User {
  readonly name: string;
  readonly publicKey: string;
}

/** What a configuration is made for. */
export interface ServerPlan {
  readonly hosts: readonly string[];
  /** Where the users' credentials are kept; those that are there stay as they are. */
  readonly credentials: string;
  readonly replicas: number;
  /** Paths on the server. */
  readonly tlsCert: string;
  readonly tlsKey: string;
}

/** The user's key from its credentials; made where there are none. */
async function userOf(name: string, folder: string): Promise<User> {
  const { nkeys } = await import('@nats-io/transport-node');
  const file = join(folder, `${name}.json`);
  let seed: string;
  try {
    seed = (JSON.parse(readFileSync(file, 'utf8')) as { seed: string }).seed;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw fileError(`cannot read the credentials ${file}`, error);
    seed = new TextDecoder().decode(nkeys.createUser().getSeed());
    try {
      writeFileSync(file, `${JSON.stringify({ user: name, seed })}\n`, { mode: 0o600, flag: 'wx' });
    } catch (cause) {
      throw fileError(`cannot write the credentials ${file}`, cause);
    }
  }
  try {
    return { name, publicKey: nkeys.fromSeed(new TextEncoder().encode(seed)).getPublicKey() };
  } catch {
    throw usageError(`${file} holds no seed of an nkey.`);
  }
}

const list = (subjects: readonly string[]): string =>
  `[${subjects.map((subject) => `"${subject}"`).join(', ')}]`;

function entryOf({ name, publicKey }: User): string {
  const [publish, subscribe] =
    name === 'admin'
      ? [['>'], ['>']]
      : name === 'collector'
        ? [['$JS.API.>', '$JS.ACK.>', '$JS.FC.>', `${REFUSED_SUBJECT}.*`], [`${inboxOf(name)}.>`]]
        : [[subjectOf(name), registryKey(name)], [`${inboxOf(name)}.>`]];
  return `    { nkey: ${publicKey} # ${name}
      permissions: { publish: ${list(publish)}, subscribe: ${list(subscribe)} } }`;
}

/** Routes of a cluster: its nodes' names are the operator's to fill in. */
const clusterOf = (replicas: number): string =>
  replicas === 1
    ? ''
    : `
cluster {
  name: tscope
  listen: 0.0.0.0:6222
  # The same on each of the ${replicas} nodes; server_name differs.
  routes: [${Array.from({ length: replicas }, (_, i) => `nats://hub-${i + 1}:6222`).join(', ')}]
}
`;

/**
 * A configuration of nats-server in which each host may publish as itself only, and nobody hears what others are told.
 * The server knows public keys; the seeds are written to files of their own, one for each host, the collector and the
 * administrator who runs `tscope fleet init`.
 *
 * @throws TscopeError USAGE for a host whose name cannot be a word of a subject; IO where the folder cannot be written.
 */
export async function serverConfig({
  hosts,
  credentials,
  replicas,
  tlsCert,
  tlsKey,
}: ServerPlan): Promise<string> {
  for (const host of hosts) {
    if (!HOST_WORD.test(host)) {
      throw usageError(
        `host: '${host}' cannot be a host's name in the hub: letters, digits, _ and -, 64 at most.`,
      );
    }
    if ((OPERATORS as readonly string[]).includes(host)) {
      throw usageError(`host: '${host}' is taken by one of the hub's own users.`);
    }
  }
  try {
    makeFolder(credentials);
  } catch (error) {
    throw fileError(`cannot create ${credentials}`, error);
  }
  const users: User[] = [];
  for (const name of [...OPERATORS, ...new Set(hosts)]) users.push(await userOf(name, credentials));
  return `# nats-server configuration of a tscope hub with ${users.length - OPERATORS.length} hosts, made by tscope fleet init --print-config.
server_name: hub-1
listen: 0.0.0.0:4222
max_payload: 512KB
max_connections: 200000
write_deadline: "10s"
tls { cert_file: ${JSON.stringify(tlsCert)}, key_file: ${JSON.stringify(tlsKey)} }
jetstream { store_dir: "/var/lib/nats" }
${clusterOf(replicas)}
authorization {
  users: [
${users.map(entryOf).join('\n')}
  ]
}
`;
}

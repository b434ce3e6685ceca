import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HubAccess, parseHubUrl, readCredentials, readHubAccess } from '../../src/agent/config/hub.ts';
import { connectHub } from '../../src/fleet/hub/connect.ts';
import { hubError } from '../../src/fleet/hub/hub-error.ts';
import { initHub } from '../../src/fleet/hub/init.ts';
import { registryKey, STREAM, subjectOf } from '../../src/fleet/hub/names.ts';
import { serverConfig } from '../../src/fleet/hub/server-config.ts';
import { countHosts, listHosts } from '../../src/fleet/store/hosts.ts';
import { openFleetStore } from '../../src/fleet/store/open.ts';
import { writeDelivery } from '../../src/fleet/store/write.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { batch, MINUTE, minutes, NS, received, run, T0 } from './batches.ts';
import { type Nats, natsAbsence, startNats } from './nats.ts';
import { freePort } from './ports.ts';
import { type Postgres, postgresAbsence, startPostgres } from './postgres.ts';
import { account } from './stored.ts';

const folder = temporaryFolder();
const withNats = test.runIf(natsAbsence() === null);
const withPostgres = test.runIf(postgresAbsence() === null);
const openssl = spawnSync('openssl', ['version']).status === 0;
const limits = { replicas: 1, maxBytes: 2 ** 20, maxAgeNs: 3600e9 };
const servers: Nats[] = [];
let postgres: Postgres | null = null;
beforeAll(async () => {
  if (postgresAbsence() === null) postgres = await startPostgres();
}, 60_000);
afterAll(async () => {
  for (const server of servers) await server.stop();
  postgres?.stop();
});

async function serve(...options: Parameters<typeof startNats>): Promise<Nats> {
  const server = await startNats(...options);
  servers.push(server);
  return server;
}

const access = (url: string, own: Partial<HubAccess> = {}): HubAccess => ({
  servers: [url],
  credentials: null,
  ca: null,
  word: 'one',
  ...own,
});

/** What a user reads, with the address left out. */
async function sentenceOf(work: () => Promise<unknown>, url: string): Promise<string> {
  try {
    await work();
  } catch (error) {
    const { code, message } = hubError(error, url);
    expect(code).toBe('HUB');
    return message.replaceAll(url, 'HUB');
  }
  return 'nothing was wrong';
}

/** A certificate of its own authority for 127.0.0.1, from one year to another. */
function certificate(name: string, fromYear: number, toYear: number): { cert: string; key: string } {
  const own = join(folder, name);
  mkdirSync(own);
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: own, stdio: 'ignore' });
  writeFileSync(join(own, 'index.txt'), '');
  writeFileSync(
    join(own, 'ca.conf'),
    `[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = names
x509_extensions = server
[names]
commonName = supplied
[server]
subjectAltName = IP:127.0.0.1
basicConstraints = CA:TRUE
`,
  );
  openssl(
    'req',
    '-new',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'key.pem',
    '-out',
    'request.pem',
    '-subj',
    '/CN=localhost',
  );
  const dates = ['-startdate', `${fromYear}0101000000Z`, '-enddate', `${toYear}0101000000Z`];
  openssl(
    'ca',
    '-batch',
    '-selfsign',
    '-config',
    'ca.conf',
    '-keyfile',
    'key.pem',
    '-in',
    'request.pem',
    '-out',
    'cert.pem',
    '-notext',
    ...dates,
  );
  return { cert: join(own, 'cert.pem'), key: join(own, 'key.pem') };
}

withNats('nobody there, a wrong password, no JetStream, no stream: a sentence each', async () => {
  const nowhere = `nats://127.0.0.1:${await freePort()}`;
  expect(await sentenceOf(() => connectHub(access(nowhere), 'test'), nowhere)).toBe(
    'HUB cannot be reached: nobody listens there (ECONNREFUSED).',
  );
  const locked = await serve({ config: 'authorization { users: [{ user: one, password: right }] }' });
  const as = (password: string) =>
    access(locked.url, { credentials: { kind: 'password', user: 'one', password } });
  const refusal = 'HUB refuses this host: its user, password or key is wrong or missing.';
  expect(await sentenceOf(() => connectHub(as('wrong'), 'test'), locked.url)).toBe(refusal);
  expect(await sentenceOf(() => connectHub(access(locked.url), 'test'), locked.url)).toBe(refusal);
  expect(await sentenceOf(async () => (await connectHub(as('right'), 'test')).close(), locked.url)).toBe(
    'nothing was wrong',
  );
  const plain = await serve({ jetStream: false });
  expect(await sentenceOf(() => initHub(access(plain.url), limits), plain.url)).toBe(
    "HUB runs without JetStream, or this user's account may not use it.",
  );
  const send = async (url: string) => {
    const connection = await connectHub(access(url), 'test');
    try {
      const { jetstream } = await import('@nats-io/jetstream');
      await jetstream(connection).publish(subjectOf('one'), '{}', { expect: { streamName: STREAM } });
    } finally {
      await connection.close();
    }
  };
  const none = `HUB: nobody takes what is sent there: it has no JetStream, or no stream ${STREAM}.`;
  expect(await sentenceOf(() => send(plain.url), plain.url)).toBe(none);
  const empty = await serve();
  expect(await sentenceOf(() => send(empty.url), empty.url)).toBe(none);
});

withNats("a stream of somebody else's is left as it is; a full one refuses, and says so", async () => {
  const hub = await serve();
  const connection = await connectHub(access(hub.url), 'test');
  const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: STREAM, subjects: ['weather.*'], description: 'weather' });
  expect(await sentenceOf(() => initHub(access(hub.url), limits), hub.url)).toBe(
    `HUB: its stream ${STREAM} is not tscope's; it is left as it is.`,
  );
  expect((await manager.streams.info(STREAM)).config.subjects).toEqual(['weather.*']);
  await manager.streams.delete(STREAM);
  await manager.streams.add({ name: 'greedy', subjects: ['tscope.fleet.batch.*'] });
  const client = jetstream(connection);
  const publish = (data: Uint8Array | string) =>
    client.publish(subjectOf('one'), data, { expect: { streamName: STREAM } });
  expect(await sentenceOf(() => publish('{}'), hub.url)).toBe(
    `HUB: the stream that takes this host's batches is not ${STREAM} but somebody else's.`,
  );
  await manager.streams.delete('greedy');
  await initHub(access(hub.url), limits);
  const large = new Uint8Array(200_000);
  const fill = async () => {
    for (let i = 0; i < 10; i++) await publish(large);
  };
  expect(await sentenceOf(fill, hub.url)).toBe(
    `HUB has no room left: its disk or the stream ${STREAM} is full.`,
  );
  expect(await sentenceOf(() => publish(new Uint8Array(300_000)), hub.url)).toBe(
    'HUB takes no message as large as this one.',
  );
  await connection.close();
});

test.runIf(natsAbsence() === null && openssl)(
  'certificates: expired, of an unknown authority, good',
  async () => {
    for (const [name, from, to, ca, sentence] of [
      [
        'expired',
        2020,
        2021,
        true,
        'HUB: its TLS is not trusted: its certificate has expired (CERT_HAS_EXPIRED).',
      ],
      [
        'unknown',
        2020,
        2090,
        false,
        'HUB: its TLS is not trusted: its certificate is signed by nobody that is known here (DEPTH_ZERO_SELF_SIGNED_CERT).',
      ],
      ['good', 2020, 2090, true, 'nothing was wrong'],
    ] as const) {
      const { cert, key } = certificate(name, from, to);
      const hub = await serve({ config: `tls { cert_file: "${cert}", key_file: "${key}" }` });
      const own = access(hub.url, { ca: ca ? readFileSync(cert, 'utf8') : null });
      expect(await sentenceOf(async () => (await connectHub(own, 'test')).close(), hub.url)).toBe(sentence);
    }
  },
  60_000,
);

test.runIf(natsAbsence() === null && openssl)(
  'with the printed configuration a host publishes as itself only',
  async () => {
    const keys = join(folder, 'keys');
    const { cert, key } = certificate('hub', 2020, 2090);
    const plan = { hosts: ['ber-1', 'ber-2'], credentials: keys, replicas: 1, tlsCert: cert, tlsKey: key };
    const config = await serverConfig(plan);
    expect(await serverConfig(plan)).toBe(config);
    await expect(serverConfig({ ...plan, hosts: ['a.b'] })).rejects.toThrow(
      /cannot be a host's name in the hub/,
    );
    await expect(serverConfig({ ...plan, hosts: ['admin'] })).rejects.toThrow(
      /host: 'admin' is taken by one of the hub's own users\./,
    );
    const hub = await serve({
      jetStream: false,
      config: config
        .replace(/^(listen|server_name).*$/gm, '')
        .replace('/var/lib/nats', join(folder, 'jetstream')),
    });
    const as = (name: string) => readHubAccess([hub.url], join(keys, `${name}.json`), cert);
    await initHub(as('admin'), limits);
    const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
    const own = await connectHub(as('ber-1'), 'test');
    const client = jetstream(own, { timeout: 1_000 });
    expect((await client.publish(subjectOf('ber-1'), '{}', { expect: { streamName: STREAM } })).seq).toBe(1);
    await client.publish(registryKey('ber-1'), '{}');
    for (const work of [
      () => client.publish(subjectOf('ber-2'), '{}'),
      () => client.publish(registryKey('ber-2'), '{}'),
    ]) {
      expect(await sentenceOf(work, hub.url)).toMatch(
        /^HUB does not allow this user what was asked: Permissions Violation/,
      );
    }
    await own.close();
    const collector = await connectHub(as('collector'), 'test');
    const manager = await jetstreamManager(collector);
    expect((await manager.streams.info(STREAM)).state.last_seq).toBe(1);
    await collector.close();
  },
  60_000,
);

test('credentials: what is no file of ours is refused with what is accepted', () => {
  const file = join(folder, 'credentials');
  const read = (content: string, mode = 0o600) => {
    writeFileSync(file, content);
    chmodSync(file, mode);
    try {
      return readCredentials(file);
    } catch (error) {
      return (error as Error).message.replace(file, 'FILE');
    }
  };
  expect(read('{"user":"one","password":"p"}')).toEqual({ kind: 'password', user: 'one', password: 'p' });
  expect(read('{"user":"one","password":"p"}', 0o644)).toBe('FILE: every user of this host can read it.');
  expect(read('nothing')).toBe('FILE holds no credentials.');
  expect(read('null')).toBe('FILE holds no credentials.');
  expect(read('{"user":"one","password":"p","more":1}')).toBe('FILE holds no credentials.');
  expect(read('{"user":"one","seed":"SUABC"}')).toBe(
    'FILE: give either the password or the seed of an nkey, SU and 56 letters.',
  );
  const jwt = `${Buffer.from('{}').toString('base64url')}.${Buffer.from('{"name":"ber-1"}').toString('base64url')}.x`;
  const creds = `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n`;
  expect(read(creds)).toEqual({ kind: 'creds', user: 'ber-1', content: creds });
  expect(() => readHubAccess([], file)).not.toThrow();
  writeFileSync(file, '{"user":"a.b","password":"p"}');
  expect(() => readHubAccess([], file)).toThrow(/the user 'a.b' cannot be a host's name in the hub/);
});

test.each([
  ['nats://a', 'nats://a:4222'],
  ['a:1', 'nats://a:1'],
  ['tls://[::1]:5', 'tls://[::1]:5'],
])('%s is %s', (text, url) => {
  expect(parseHubUrl(text)).toBe(url);
});

test.each(['http://a', 'nats://', 'nats://a/b', 'nats://a?b', '', 'nats://user:secret@a', 'nats://a:99999'])(
  "'%s' is no address of a hub",
  (text) => {
    expect(() => parseHubUrl(text)).toThrow(/is not an address|does not belong in the address/);
  },
);

withPostgres(
  'a database that is down, read-only, absent or foreign: a sentence each',
  async () => {
    const server = postgres as Postgres;
    const place = (name: string) => `postgres://tscope@127.0.0.1:${server.port}/${name}`;
    const sentence = async (work: () => Promise<unknown>) => {
      try {
        await work();
      } catch (error) {
        const { code, message } = error as { code: string; message: string };
        return [code, message.replace(String(server.port), 'PORT')];
      }
      return [];
    };
    const at = 'postgres://tscope@127.0.0.1:PORT';
    expect(await sentence(() => openFleetStore(place('absent')))).toEqual([
      'STORE_REFUSED',
      `${at}/absent: there is no database of that name.`,
    ]);
    await server.database('strange');
    server.psql('strange', 'CREATE SCHEMA tscope_fleet; CREATE TABLE tscope_fleet.weather (a int)');
    expect(await sentence(() => openFleetStore(place('strange')))).toEqual([
      'STORE_REFUSED',
      `${at}/strange: its schema tscope_fleet is not a fleet store's.`,
    ]);
    server.psql('strange', 'DROP TABLE tscope_fleet.weather; DROP SCHEMA tscope_fleet');
    await (await openFleetStore(place('strange'))).close();
    server.psql('strange', 'CREATE ROLE guest LOGIN');
    const guest = place('strange').replace('tscope@', 'guest@');
    expect(await sentence(() => openFleetStore(guest))).toEqual([
      'STORE_REFUSED',
      'postgres://guest@127.0.0.1:PORT/strange: this user may not do what the fleet store needs.',
    ]);
    const { url } = await server.database('good');
    const store = await openFleetStore(url);
    const write = () =>
      writeDelivery(store, { stream: 's', received: [received(batch('one'))], refused: [] });
    await write();
    server.psql(
      'good',
      "ALTER DATABASE good SET default_transaction_read_only = on; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'good' AND pid <> pg_backend_pid()",
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await sentence(write)).toEqual([
      'STORE_READ_ONLY',
      `${at}/good: the database is read-only: a standby, or default_transaction_read_only is on.`,
    ]);
    server.kill();
    const [code, message] = await sentence(write);
    expect(code).toBe('STORE_BUSY');
    expect(message).toMatch(
      /cannot be reached: |is starting or shutting down|the connection to the server broke/,
    );
    server.start();
    server.psql('postgres', 'ALTER DATABASE good RESET default_transaction_read_only');
    await write();
    const [host] = (await listHosts(store, { limit: 1 })).rows;
    expect((await account(store, host?.id ?? 0)).minuteSamples).toBe(18);
    await store.close();
  },
  60_000,
);

test.each(['postgres://x@127.0.0.1:99999/fleet', 'postgres://%zz@:/'])(
  '%s is no address of a database, and not waited for',
  async (url) => {
    await expect(openFleetStore(url)).rejects.toMatchObject({
      code: 'USAGE',
      message: '`db`: this is not the address of a database.',
    });
  },
);

test('a clock that is a year off loses nothing, and is named', async () => {
  const store = await openFleetStore(join(folder, 'clock.db'));
  const YEAR = 365 * 86_400_000;
  const ahead = {
    runs: [run({}, minutes(MINUTE + YEAR / 60_000, 2))],
    sentAtNs: String(BigInt(T0 + YEAR) * NS),
  };
  await writeDelivery(store, {
    stream: 's',
    received: [received(batch('ahead', ahead)), received(batch('right'))],
    refused: [],
  });
  expect(await countHosts(store, { silentSinceMs: 0, clockErrorMs: 60_000 })).toMatchObject({
    clockErrors: 1,
  });
  const { rows } = await listHosts(store, { limit: 1, order: 'clock-error', descending: true });
  expect(rows.map(({ host, clockErrorMs }) => [host, clockErrorMs])).toEqual([['ahead', YEAR]]);
  expect((await account(store, rows[0]?.id ?? 0)).minuteSamples).toBe(12);
  await store.close();
});

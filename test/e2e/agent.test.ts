import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';
import { eventually, type RunningAgent, startAgent } from './running-agent.ts';
import { tscope, validate } from './tscope.ts';

const folder = temporaryFolder();
const running: RunningAgent[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((agent) => agent.end('SIGKILL')));
});

/** Writes a configuration. @returns the file. */
function writeInterval(file: string, ms: number): string {
  writeFileSync(file, JSON.stringify({ interval: `${ms}ms` }));
  return file;
}

let count = 0;
const newDb = (): string => join(folder, `${++count}.db`);

async function start(args: readonly string[], options = {}): Promise<RunningAgent> {
  const agent = await startAgent(args, options);
  running.push(agent);
  return agent;
}

/** A port that nobody has. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

/** The process that listens on a port; 0 for none. */
function listenerOf(port: number): number {
  const { stdout } = spawnSync('ss', ['-Htlnp', `sport = :${port}`], { encoding: 'utf8' });
  return Number(/pid=(\d+)/.exec(stdout)?.[1] ?? 0);
}

/** Whether a thread may have real-time priority here. */
const schedulingAllowed = (): boolean => spawnSync('chrt', ['-f', '1', 'true']).status === 0;

interface Now {
  readonly result: { sampledAt: string | null; pairs: { clock: string; offsetNs: number | null }[] };
}
interface Samples {
  readonly result: { series: { clock: string; at: number[]; meanNs: number[] }[] };
}

const sampled = async (agent: RunningAgent, least: number): Promise<boolean> =>
  Number(/^tscope_samples_total (\d+)/m.exec(await agent.text('/metrics'))?.[1] ?? 0) >= least;

const storedIn = async (agent: RunningAgent, clock: string): Promise<number[]> => {
  const { result } = await agent.json<Samples>(`/api/v1/samples?step=100ms&from=${Date.now() / 1000 - 300}`);
  return result.series.filter((series) => series.clock === clock).flatMap(({ at }) => at);
};

test('it serves within a second, samples, stores, and stops cleanly with the last sample on disk', async () => {
  const db = newDb();
  const agent = await start(['--interval', '100ms', '--db', db]);
  expect(agent.startMs).toBeLessThan(3_000);
  await eventually(() => sampled(agent, 5));
  expect(await agent.json('/healthz')).toMatchObject({ status: 'ok', store: { ok: true, pending: 0 } });
  const last = (await agent.json<Now>('/api/v1/now')).result.sampledAt ?? '';
  expect(await agent.end()).toBe(0);
  expect(agent.stdout()).toContain('samples');
  const again = await start(['--interval', '1h', '--db', db]);
  const stored = await storedIn(again, 'realtime');
  expect(Math.max(...stored)).toBeGreaterThanOrEqual(Date.parse(last) / 1000 - 0.1);
});

test('every answer of the API keeps its schema', async () => {
  const agent = await start(['--interval', '100ms', '--db', newDb()]);
  await eventually(() => sampled(agent, 3));
  for (const path of ['now', 'host', 'runs', 'samples', 'events', 'stability']) {
    expect(validate(await agent.json<{ schema: string }>(`/api/v1/${path}`)), path).toBeNull();
  }
});

test('kill -9 at random moments loses no sample that was seen stored, and makes none twice', async () => {
  const db = newDb();
  let seen: number[] = [];
  for (let round = 0; round < 6; round++) {
    const agent = await start(['--interval', '100ms', '--db', db]);
    const before = await storedIn(agent, 'realtime');
    expect(before).toEqual(expect.arrayContaining(seen));
    await eventually(async () => (await storedIn(agent, 'realtime')).length > before.length + 1);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
    seen = await storedIn(agent, 'realtime');
    await agent.end('SIGKILL');
  }
  expect(seen.length).toBeGreaterThan(11);
  expect(new Set(seen).size).toBe(seen.length);
});

test('SIGHUP takes a new configuration, and a bad one changes nothing', async () => {
  const config = join(folder, 'agent.json');
  writeFileSync(config, '{"interval": "1h", "clocks": ["realtime"]}');
  const agent = await start(['--config', config, '--db', newDb()]);
  await eventually(() => sampled(agent, 1));
  writeFileSync(config, '{"interval": "100ms", "clocks": ["realtime", "tsc"], "user": "nobody"}');
  agent.child.kill('SIGHUP');
  await eventually(() => sampled(agent, 4));
  expect((await agent.json<Now>('/api/v1/now')).result.pairs.map(({ clock }) => clock)).toEqual([
    'realtime',
    'tsc',
  ]);
  expect(agent.log).toContainEqual(expect.objectContaining({ level: 'warn', settings: ['user'] }));
  writeFileSync(config, '{"interval": "soon"}');
  agent.child.kill('SIGHUP');
  await eventually(() => agent.log.some(({ level, message }) => level === 'error' && /soon/.test(message)));
  const before = Number(/^tscope_samples_total (\d+)/m.exec(await agent.text('/metrics'))?.[1]);
  await eventually(() => sampled(agent, before + 3));
});

test('a token is asked for by bearer and by password, and nothing is served without', async () => {
  const token = 'a-token-of-24-characters';
  const agent = await start(['--listen', '0.0.0.0:0', '--db', newDb()], { env: { TSCOPE_TOKEN: token } });
  const status = async (authorization?: string, path = '/metrics') =>
    (await fetch(agent.url + path, authorization === undefined ? {} : { headers: { authorization } })).status;
  for (const path of ['/', '/metrics', '/api/v1/now', '/api/v1/live', '/style.css']) {
    expect(await status(undefined, path)).toBe(401);
  }
  await eventually(async () => (await status(undefined, '/healthz')) === 200);
  expect(await (await fetch(`${agent.url}/healthz`)).json()).toEqual({ status: 'ok' });
  expect(await status(`Bearer ${token}x`)).toBe(401);
  expect(await status(`Bearer ${token}`)).toBe(200);
  expect(await status(`Basic ${Buffer.from(`anyone:${token}`).toString('base64')}`)).toBe(200);
});

test('with a token, a bearer may call the host by any name; a browser only by its own', async () => {
  const token = 'a-token-of-24-characters';
  const agent = await start(['--listen', '0.0.0.0:0', '--db', newDb()], { env: { TSCOPE_TOKEN: token } });
  const status = (authorization: string): Promise<number> =>
    new Promise((resolve) => {
      const headers = { host: 'clock7.example.org', authorization };
      get(`${agent.url}/metrics`, { headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
    });
  expect(await status(`Bearer ${token}`)).toBe(200);
  expect(await status(`Bearer ${token}x`)).toBe(421);
  expect(await status(`Basic ${Buffer.from(`anyone:${token}`).toString('base64')}`)).toBe(421);
});

test('a reload that leaves out the token while strangers can still connect is refused', async () => {
  const config = join(folder, 'open.json');
  const tokenFile = join(folder, 'open-token');
  writeFileSync(tokenFile, '0123456789abcdef\n', { mode: 0o600 });
  writeFileSync(config, JSON.stringify({ listen: '0.0.0.0:0', tokenFile }));
  const agent = await start(['--config', config, '--db', newDb(), '--listen', '0.0.0.0:0']);
  const status = async () => (await fetch(`${agent.url}/api/v1/now`)).status;
  expect(await status()).toBe(401);
  writeFileSync(config, '{}');
  agent.child.kill('SIGHUP');
  await eventually(() => agent.log.some(({ message }) => /stays as it was/.test(message)));
  expect(await status()).toBe(401);
});

/** Of one user each, so that it is in no folder of root's. */
const [handed, given] = [temporaryFolder(), temporaryFolder()];

test.runIf(process.getuid?.() === 0)(
  "a reload after --user keeps the token that root's file held, and takes the rest",
  async () => {
    const tokenFile = join(folder, 'root-token');
    writeFileSync(tokenFile, '0123456789abcdef\n', { mode: 0o600 });
    const config = join(handed, 'agent.json');
    writeFileSync(config, JSON.stringify({ interval: '500ms', tokenFile }));
    spawnSync('chown', ['-R', 'nobody', handed]);
    const agent = await start(['--user', 'nobody', '--db', join(handed, 'a.db'), '--config', config]);
    writeFileSync(config, JSON.stringify({ interval: '400ms', tokenFile }));
    agent.child.kill('SIGHUP');
    await eventually(() => agent.log.some(({ message }) => message === 'configuration reloaded'));
    expect(agent.log.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('may no longer be read by this user and stays as it was'),
    );
    const status = async (authorization: string) =>
      (await fetch(`${agent.url}/api/v1/now`, { headers: { authorization } })).status;
    expect([await status('Bearer other-0123456789'), await status('Bearer 0123456789abcdef')]).toEqual([
      401, 200,
    ]);
    expect(await agent.end()).toBe(0);
  },
);

test('many reloads at once leave one sampling thread, and it ends', async () => {
  const config = join(folder, 'many.json');
  const agent = await start(['--db', newDb()], {
    env: { TSCOPE_CONFIG: writeInterval(config, 500) },
  });
  for (let i = 1; i <= 8; i++) {
    writeInterval(config, 500 + i);
    agent.child.kill('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 12));
  }
  await eventually(() => agent.log.some(({ message }) => message === 'configuration reloaded'));
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const taken = async () => Number(/^tscope_samples_total (\d+)/m.exec(await agent.text('/metrics'))?.[1]);
  const before = await taken();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect((await taken()) - before).toBeLessThanOrEqual(8);
  expect(await agent.end()).toBe(0);
});

test.runIf(spawnSync('ss').status === 0)(
  'SIGHUP from the first moment that anybody can connect ends nothing',
  async () => {
    for (let i = 0; i < 3; i++) {
      const port = await freePort();
      const starting = start(['--db', newDb(), '--interval', '100ms', '--listen', `127.0.0.1:${port}`]);
      let child = 0;
      await eventually(() => {
        child = listenerOf(port);
        return child !== 0;
      });
      for (let k = 0; k < 20; k++) process.kill(child, 'SIGHUP');
      const agent = await starting;
      await eventually(() => agent.log.some(({ message }) => message === 'configuration reloaded'));
      await eventually(() => sampled(agent, 3));
      expect(await agent.end()).toBe(0);
    }
  },
  120_000,
);

/** Linux's policies and priorities of a process's threads, as in /proc/PID/task/TID/stat. */
const schedulingOf = (pid: number | undefined): string[] =>
  readdirSync(`/proc/${pid}/task`).map((thread) => {
    const fields = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').replace(/.*\) /s, '').split(' ');
    return `${fields[38] === '1' ? 'FIFO' : 'other'} ${fields[37]}`;
  });

test.runIf(schedulingAllowed())('one thread, which samples, goes before what is not real-time', async () => {
  const agent = await start(['--db', newDb(), '--interval', '100ms']);
  await eventually(() => sampled(agent, 3));
  expect(schedulingOf(agent.child.pid).filter((scheduling) => scheduling !== 'other 0')).toEqual(['FIFO 1']);
  const without = { wrapper: ['setpriv', '--bounding-set=-sys_nice'] };
  const ordinary = await start(['--db', newDb(), '--interval', '100ms'], without);
  await eventually(() => sampled(ordinary, 3));
  expect(new Set(schedulingOf(ordinary.child.pid))).toEqual(new Set(['other 0']));
});

const openssl = spawnSync('openssl', ['version']).status === 0;

test.runIf(openssl)(
  'a certificate and its key: HTTPS, and a new pair after SIGHUP',
  async () => {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const make = (name: string) => {
      const made = spawnSync('openssl', [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
        ...['-subj', `/CN=${name}`, '-days', '2', '-keyout', key, '-out', cert],
      ]);
      expect(made.status).toBe(0);
    };
    make('first');
    const agent = await start(['--tls-cert', cert, '--tls-key', key, '--db', newDb()]);
    expect(agent.url).toMatch(/^https:/);
    const port = Number(new URL(agent.url).port);
    const name = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        }).on('error', reject);
      });
    expect(await name()).toBe('first');
    // What connects and does not shake hands keeps nobody out, however much of it there is, and is closed in time.
    let open = 600;
    for (let i = open; i > 0; i--) {
      const socket = connect({ port, host: '127.0.0.1' }, () => {
        // The first bytes of a handshake, and no more.
        if (i % 2 === 0) socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0]));
      });
      socket
        .on('error', () => {})
        .on('close', () => {
          open -= 1;
        });
      socket.resume();
    }
    for (let i = 0; i < 3; i++) expect(await name()).toBe('first');
    await expect.poll(() => open, { timeout: 30_000 }).toBe(0);
    make('second');
    agent.child.kill('SIGHUP');
    await eventually(async () => (await name()) === 'second');
    expect(await agent.end()).toBe(0);
  },
  60_000,
);

test.each([
  [['--listen', '0.0.0.0:9797'], {}, 'token'],
  [['--listen', '0.0.0.0:9797'], { TSCOPE_TOKEN: 'short' }, 'at least 16'],
  [['--interval', '5'], {}, '--interval'],
  [[], { TSCOPE_INTERVAL: '1ns' }, 'TSCOPE_INTERVAL'],
  [['--clocks', 'sundial'], {}, '--clocks'],
  [['--clocks', 'monotonic_raw'], {}, '--clocks'],
  [['--config', '/nowhere.json'], {}, '/nowhere.json'],
  [['--db', '/proc/no.db'], {}, '/proc'],
  [['--db', join(import.meta.dirname, 'agent.test.ts')], {}, 'not a tscope store'],
  [['--user', 'nobody-of-that-name'], {}, '--user'],
])('%j with %j is refused with one sentence', async (args, env, word) => {
  // A port of its own, where the case names none: an agent may run on this machine.
  const listen = args.some((arg) => arg === '--listen') ? [] : ['--listen', '127.0.0.1:0'];
  const run = await tscope(['agent', ...listen, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    kill: { signal: 'SIGKILL', afterMs: 8_000 },
  });
  expect(run.code).toBe(2);
  expect(run.stderr.split('\n').filter((line) => line.startsWith('tscope:'))).toHaveLength(1);
  expect(run.stderr).toContain(word);
  expect(run.stderr).not.toMatch(/\n {4}at /);
});

test('--check says what it would do and from where, and does nothing', async () => {
  const config = join(folder, 'check.json');
  writeFileSync(config, '{"interval": "2s", "clocks": ["tsc"]}');
  const env = { ...process.env, TSCOPE_CLOCKS: 'realtime', TSCOPE_INTERVALL: '1s' };
  const args = ['agent', '--check', '--json', '--config', config, '--db', 'check.db', '--retain', '9d'];
  const { code, stdout } = await tscope(args, { cwd: folder, env });
  expect(code).toBe(0);
  const document = JSON.parse(stdout);
  expect(validate(document)).toBeNull();
  expect(document.result.settings).toMatchObject({
    interval: { value: '2s', origin: 'file' },
    clocks: { value: 'realtime', origin: 'environment' },
    retain: { value: '9d', origin: 'flag' },
    reference: { value: 'monotonic_raw', origin: 'default' },
  });
  expect(document.warnings).toMatchObject([{ code: 'unknown-variable' }]);
  expect(document.result.ran).toBeNull();
  expect(existsSync(join(folder, 'check.db'))).toBe(false);
});

test.runIf(process.getuid?.() === 0)('--user gives up root for good', async () => {
  spawnSync('chown', ['nobody', given]);
  const agent = await start(['--user', 'nobody', '--db', join(given, 'a.db'), '--interval', '100ms']);
  await eventually(() => sampled(agent, 2));
  const status = readFileSync(`/proc/${agent.child.pid}/status`, 'utf8');
  expect(status).toMatch(/^Uid:\s+(?!0\b)(\d+)\s+\1\s+\1\s+\1$/m);
  expect(status).toMatch(/^CapEff:\s+0+$/m);
  expect(status).toMatch(/^Groups:\s+(?!0 )\d+ *$/m);
  await agent.end();
});

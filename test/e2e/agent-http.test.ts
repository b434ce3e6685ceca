import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MOST_PIPELINED } from '../../src/agent/http/bounds.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { eventually, type RunningAgent, startAgent } from './running-agent.ts';

interface Health {
  readonly sampling: { readonly ok: boolean };
  readonly samples: {
    readonly taken: number;
    readonly stored: number;
    readonly waiting: number;
    readonly dropped: Readonly<Record<string, number>>;
  };
}
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

const folder = temporaryFolder();
let agent: RunningAgent;
let port = 0;

beforeAll(async () => {
  agent = await startAgent(['--interval', '100ms', '--db', join(folder, 'a.db')]);
  port = Number(new URL(agent.url).port);
  // Until the first sample, which waits for a calibration, it may call itself degraded.
  await eventually(async () => (await fetch(`${agent.url}/healthz`)).status === 200, 30_000);
}, 60_000);
afterAll(async () => {
  const alive = agent.child.exitCode === null;
  const end = await agent.end();
  expect({ alive, end }).toEqual({ alive: true, end: 0 });
  expect(agent.log.filter(({ level }) => level === 'error')).toEqual([]);
});

/** Sends bytes as they are and returns what came back when the server closes, or after `ms`. */
function raw(bytes: string, ms = 1_500): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    const done = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('error', done).on('close', done);
    setTimeout(done, ms);
  });
}

const request = (line: string, ...headers: string[]): string =>
  [line, ...(headers.length > 0 ? headers : ['Host: localhost']), 'Connection: close', '', ''].join('\r\n');

const statusOf = async (bytes: string): Promise<number> =>
  Number(/^HTTP\/1\.1 (\d+)/.exec(await raw(bytes))?.[1] ?? 0);

test.each([
  '/..%2f..%2fetc/passwd',
  '/../../../../etc/passwd',
  '/js/../../package.json',
  '/js/agent/browser/../../../cli/main.js',
  '/js/%2e%2e/%2e%2e/package.json',
  '/js/agent/browser/main.js%00.css',
  '/js//agent/browser/main.js',
  '//etc/passwd',
  '/style.css/',
  '/STYLE.CSS',
  '/.git/config',
  '/__proto__',
  '/constructor',
  'http://evil.example/etc/passwd',
  'file:///etc/passwd',
  '*',
])('%s is no page', async (path) => {
  const answer = await raw(request(`GET ${path} HTTP/1.1`));
  expect(answer).toMatch(/^HTTP\/1\.1 40[04]/);
  expect(answer).not.toMatch(/root:|"name"|import /);
});

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'])('%s is not answered', async (method) => {
  expect(await statusOf(request(`${method} /metrics HTTP/1.1`))).toBe(405);
});

test('CONNECT, nonsense and another protocol are closed', async () => {
  expect(await raw(request('CONNECT evil.example:443 HTTP/1.1'))).toBe('');
  expect(await statusOf('BREW /pot HTTP/1.1\r\n\r\n')).toBe(400);
  expect(await statusOf('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')).toBe(400);
  expect(await statusOf('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).toBe(400);
});

test.each([
  [['Host: evil.example'], 421],
  [['Host: evil.example:9797'], 421],
  [['Host: 127.0.0.1.evil.example'], 421],
  [['Host: localhost.evil.example'], 421],
  [['Host: localhost@evil.example'], 400],
  [['Host: '], 400],
  [['Host: localhost', 'Host: evil.example'], 400],
  [['X-Forwarded-Host: localhost'], 400],
  [['Host: localhost:9797'], 200],
  [['Host: 10.1.2.3'], 200],
  [['Host: [::1]:9797'], 200],
] as const)('%j answers %i', async (headers, status) => {
  expect(await statusOf(request('GET /metrics HTTP/1.1', ...headers))).toBe(status);
});

test('bodies and smuggled requests are refused', async () => {
  const body = request('GET /metrics HTTP/1.1', 'Host: localhost', 'Content-Length: 5');
  expect(await statusOf(`${body}hello`)).toBe(413);
  const chunked = request('GET / HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked');
  expect(await statusOf(`${chunked}0\r\n\r\n`)).toBe(413);
  const both = request(
    'GET / HTTP/1.1',
    'Host: localhost',
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
  );
  expect(await statusOf(`${both}0\r\n\r\n`)).toBe(400);
});

test('huge headers and addresses are cut off', async () => {
  expect(await statusOf(request('GET / HTTP/1.1', 'Host: localhost', `X: ${'a'.repeat(100_000)}`))).toBe(431);
  expect(await statusOf(request(`GET /${'a'.repeat(100_000)} HTTP/1.1`))).toBe(431);
  const many = Array.from({ length: 2_000 }, (_, i) => `X-${i}: 1`);
  expect(await statusOf(request('GET / HTTP/1.1', 'Host: localhost', ...many))).toBe(431);
});

test.each([
  ['samples?step=0s', 'step'],
  ['samples?step=-1s', 'step'],
  ['samples?step=1', 'step'],
  ['samples?step=NaN', 'step'],
  ['samples?from=0&to=4000000000&step=1ms', 'step'],
  ['samples?from=2&to=1', 'from'],
  ['samples?from=1&to=1', 'from'],
  ['samples?from=99999999999999', 'from'],
  ['samples?from=-1', 'from'],
  ['samples?from=1e309', 'from'],
  ['samples?from=2026-13-45T00:00:00Z', 'from'],
  ['samples?from=2026-02-31T00:00:00Z', 'from'],
  ["samples?from=1'%20OR%201=1", 'from'],
  ['samples?from=1&from=2', 'from'],
  ['samples?form=1', 'form'],
  ['events?step=1s', 'step'],
  ['now?x', 'x'],
])('%s is refused with a sentence that names %s', async (query, word) => {
  const response = await fetch(`${agent.url}/api/v1/${query}`);
  const { error } = (await response.json()) as { error: string };
  expect(response.status).toBe(400);
  expect(error).toContain(word);
  expect(error).not.toMatch(/ {4}at |node:/);
});

test('no answer lets itself be framed, sniffed or run inline', async () => {
  for (const path of ['/', '/metrics', '/nowhere', '/api/v1/now']) {
    const { headers } = await fetch(agent.url + path);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  }
});

test('a page that the client has already is not sent again', async () => {
  const first = await fetch(`${agent.url}/style.css`);
  const tag = first.headers.get('etag') ?? '';
  const second = await fetch(`${agent.url}/style.css`, {
    headers: { 'if-none-match': tag },
  });
  expect(second.status).toBe(304);
});

/** Connections that count themselves out when the server ends them. */
async function openSockets(count: number, first: string): Promise<{ sockets: Socket[]; open: () => number }> {
  let open = 0;
  const one = () =>
    new Promise<Socket>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        open += 1;
        socket.on('close', () => {
          open -= 1;
        });
        socket.write(first);
        resolve(socket);
      });
      // The end is only noticed by who reads.
      socket.on('error', () => resolve(socket)).resume();
    });
  const sockets = await Promise.all(Array.from({ length: count }, one));
  return { sockets, open: () => open };
}

test('a thousand slow connections keep nobody out, and are closed in time', async () => {
  const { open } = await openSockets(1_000, 'GET / HTTP/1.1\r\nX-Slow: ');
  const begun = performance.now();
  expect((await fetch(`${agent.url}/metrics`, { headers: { connection: 'close' } })).status).toBe(200);
  expect(performance.now() - begun).toBeLessThan(2_000);
  const rss = Number(/^process_resident_memory_bytes (\d+)/m.exec(await agent.text('/metrics'))?.[1]);
  expect(rss).toBeLessThan(200e6);
  await eventually(() => open() === 0, 12_000);
}, 30_000);

test('followers are bounded, and forgotten when they leave', async () => {
  const follow = request('GET /api/v1/live HTTP/1.1');
  const { sockets } = await openSockets(40, follow);
  await eventually(async () => /^tscope_live_clients 32$/m.test(await agent.text('/metrics')));
  expect(await statusOf(follow)).toBe(503);
  for (const socket of sockets) socket.destroy();
  await eventually(async () => /^tscope_live_clients 0$/m.test(await agent.text('/metrics')));
});

test('a flood does not delay samples', async () => {
  const late = async () =>
    Number(/reason="late"\} (\d+)/.exec(await agent.text('/metrics'))?.[1] ?? Number.NaN);
  const before = await late();
  const begun = performance.now();
  const flood = async () => {
    while (performance.now() - begun < 2_000)
      await (await fetch(`${agent.url}/api/v1/samples?step=100ms`)).text();
  };
  await Promise.all(Array.from({ length: 16 }, flood));
  // Of twenty, on a thread of their own: a machine that is busy with other things may take some.
  expect((await late()) - before).toBeLessThanOrEqual(6);
});

test('a page of another site is not answered, whatever it asks', async () => {
  for (const path of ['/', '/metrics', '/api/v1/samples', '/healthz'])
    expect(
      await statusOf(request(`GET ${path} HTTP/1.1`, 'Host: localhost', 'Sec-Fetch-Site: cross-site')),
    ).toBe(403);
  expect(
    await statusOf(request('GET /metrics HTTP/1.1', 'Host: localhost', 'Sec-Fetch-Site: same-origin')),
  ).toBe(200);
});

test('a client that pipelines a few requests is answered, one that goes on is refused, then closed', async () => {
  const asks = (count: number) => 'GET /style.css HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(count);
  const statuses = async (count: number): Promise<string[]> =>
    [...(await raw(asks(count))).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status ?? '');
  expect(await statuses(MOST_PIPELINED)).toEqual(Array(MOST_PIPELINED).fill('200'));
  expect(await statuses(MOST_PIPELINED + 1)).toEqual([...Array(MOST_PIPELINED).fill('200'), '503']);
  expect(await raw(asks(MOST_PIPELINED + 1))).toMatch(/retry-after: 1/i);
  expect(await raw(asks(1_000))).toBe('');
});

test('a flood of pipelined requests that nobody reads: health answers, memory stays, every sample is taken', async () => {
  const before = await agent.json<Health>('/healthz');
  const block = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1_500);
  const { sockets } = await openSockets(120, block);
  for (const socket of sockets) socket.pause();
  let peak = 0;
  for (let i = 0; i < 20; i++) {
    const { samples, sampling } = await agent.json<Health>('/healthz');
    expect(sampling.ok).toBe(true);
    expect(samples.stored + samples.waiting + sum(samples.dropped)).toBe(samples.taken);
    const status = readFileSync(`/proc/${agent.child.pid}/status`, 'utf8');
    peak = Math.max(peak, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const socket of sockets) socket.destroy();
  expect(peak).toBeLessThan(150);
  await eventually(async () => (await agent.json<Health>('/healthz')).samples.waiting <= 1);
  const after = await agent.json<Health>('/healthz');
  expect(after.samples.taken).toBeGreaterThan(before.samples.taken + 5);
  expect(after.samples.dropped).toEqual(before.samples.dropped);
});

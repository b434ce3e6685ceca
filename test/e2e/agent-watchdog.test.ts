// What systemd hears of an agent: sd_notify(3), by a path and by an abstract name, and its silence where a thread stands
// still.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';
import { eventually, type RunningAgent, startAgent } from './running-agent.ts';

const folder = temporaryFolder();
const holder = join(folder, 'hold-thread');
const canHold =
  spawnSync('cc', ['-o', holder, join(import.meta.dirname, 'hold-thread.c')]).status === 0 &&
  process.getuid?.() === 0;

/** Listens as systemd does. */
const LISTEN = `import socket,sys
s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace('@','\\0',1)); print('bound',flush=True)
while True: print(s.recv(4096).decode(),flush=True)`;

interface Watched {
  readonly agent: RunningAgent;
  /** How often this was heard so far. */
  heard(word: string): number;
}

let count = 0;
const ends: (() => unknown)[] = [];
afterAll(async () => {
  // A process whose thread is held ends after whoever holds it.
  for (const end of ends.reverse()) await end();
});

async function watched(socket: string): Promise<Watched> {
  const listener = spawn('python3', ['-c', LISTEN, socket]);
  ends.push(() => listener.kill('SIGKILL'));
  let text = '';
  listener.stdout.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  const heard = (word: string): number => text.split(word).length - 1;
  await eventually(() => heard('bound') > 0);
  count += 1;
  const agent = await startAgent(['--interval', '100ms', '--db', join(folder, `${count}.db`)], {
    env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '900000' },
  });
  ends.push(() => agent.end('SIGKILL'));
  await eventually(() => heard('READY=1') === 1 && heard('WATCHDOG=1') > 0);
  return { agent, heard };
}

/** Its threads in the order in which they were made. The one that samples stays on one CPU; that of the store came before. */
function threadsOf({ child }: RunningAgent): { readonly sampling: number; readonly storing: number } {
  const tasks = `/proc/${child.pid}/task`;
  // The driver of the store has threads of its own.
  const ids = readdirSync(tasks)
    .map(Number)
    .filter((id) => !readFileSync(`${tasks}/${id}/comm`, 'utf8').startsWith('tokio'))
    .sort((a, b) => a - b);
  const pinned = (id: number): boolean =>
    /^Cpus_allowed_list:\t\d+$/m.test(readFileSync(`${tasks}/${id}/status`, 'utf8'));
  const at = ids.findIndex(pinned);
  return { sampling: ids[at] ?? 0, storing: ids[at - 1] ?? 0 };
}

async function hold(thread: number): Promise<() => void> {
  const holding = spawn(holder, [String(thread)]);
  ends.push(() => holding.kill('SIGKILL'));
  let text = '';
  holding.stdout.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  await eventually(() => text.includes('held'));
  return () => holding.kill('SIGKILL');
}

/** Whether nothing more comes in four times the time in which the watchdog is fed. */
async function isSilent({ heard }: Watched): Promise<boolean> {
  const before = heard('WATCHDOG=1');
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  return heard('WATCHDOG=1') === before;
}

test.each([join(folder, 'notify'), `@tscope-test-${process.pid}`])(
  '%s: ready, at work, at its end',
  async (socket) => {
    const { agent, heard } = await watched(socket);
    await agent.end();
    await eventually(() => heard('STOPPING=1') === 1);
  },
);

// As `nproc` says: on one CPU every thread is on one.
const cpus = Number(execFileSync('nproc', { encoding: 'utf8' }));
test.runIf(canHold && cpus > 1).each([
  ['sampling', 15_000],
  ['storing', 60_000],
] as const)(
  'the watchdog is not fed while %s stands still, and fed again when it goes on',
  async (which, ms) => {
    const all = await watched(`@tscope-${which}-${process.pid}`);
    await eventually(() => threadsOf(all.agent).sampling !== 0);
    const release = await hold(threadsOf(all.agent)[which]);
    await eventually(() => isSilent(all), ms);
    // Whoever asks is answered all the while.
    expect((await fetch(`${all.agent.url}/healthz`)).status).toBe(which === 'sampling' ? 503 : 200);
    release();
    await eventually(async () => !(await isSilent(all)), 20_000);
  },
  90_000,
);

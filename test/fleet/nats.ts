import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';

/** Why there is no server to test with; null where there is. */
export const natsAbsence = (): string | null =>
  spawnSync('nats-server', ['--version']).status === 0
    ? null
    : 'nats-server is not installed (apt-get install nats-server)';

/** A server of a test's own. */
export interface Nats {
  readonly port: number;
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Kills it and removes what it stored. */
  stop(): Promise<void>;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.on('data', () => {
      socket.destroy();
      resolve(true);
    });
  });

/** Three servers that keep everything three times. */
export async function startCluster(): Promise<readonly Nats[]> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const routes = ports.map((port) => `nats-route://127.0.0.1:${port}`).join(', ');
  return await Promise.all(
    ports.map((port, i) =>
      startNats({
        config: `server_name: hub-${i + 1}\ncluster { name: test, listen: 127.0.0.1:${port}, routes: [${routes}] }`,
      }),
    ),
  );
}

/** What a server is started with; `jetStream: false` leaves that out. */
export interface NatsOptions {
  readonly jetStream?: boolean;
  /** More lines of its configuration. */
  readonly config?: string;
}

export async function startNats({ jetStream = true, config = '' }: NatsOptions = {}): Promise<Nats> {
  const folder = mkdtempSync(join(tmpdir(), 'tscope-nats-'));
  const port = await freePort();
  const file = join(folder, 'nats.conf');
  const store = jetStream ? `jetstream { store_dir: "${join(folder, 'data')}" }\n` : '';
  writeFileSync(file, `listen: 127.0.0.1:${port}\n${store}${config}\n`);
  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    let log = '';
    const started = spawn('nats-server', ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4_000);
    });
    for (let tried = 0; !(await answers(port)); tried++) {
      if (tried > 200 || started.exitCode !== null) throw new Error(`nats-server does not start: ${log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const kill = async (): Promise<void> => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    start,
    kill,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

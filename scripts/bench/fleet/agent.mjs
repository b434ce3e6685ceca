// What an agent costs with --hub beside one without, side by side so that the machine is as busy for both: CPU time and
// resident memory at the default interval and at one sample a second. The hub is there, and a collector takes what it has.
//
//   node --import ./test/load-typescript.mjs scripts/bench/fleet/agent.mjs [minutes=5]
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { initHub } from '../../../src/fleet/hub/init.ts';
import { startNats } from '../../../test/fleet/nats.ts';

const [minutes = 5] = process.argv.slice(2).map(Number);
const WARM_UP_MS = 30_000;
const MAIN = join(import.meta.dirname, '../../../dist/cli/main.js');

/** CPU time of all its threads, s, and resident memory, MB. */
function costOf(pid) {
  const ns = readdirSync(`/proc/${pid}/task`).reduce(
    (sum, thread) =>
      sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
    0,
  );
  const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
  return { cpu: ns / 1e9, mb: (kilobytes * 1024) / 1e6 };
}

const folder = mkdtempSync(join(tmpdir(), 'tscope-bench-'));
const nats = await startNats();
const children = [];
const run = (...args) => {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'ignore' });
  children.push(child);
  return child;
};
try {
  const access = { servers: [nats.url], credentials: null, ca: null, word: 'bench' };
  await initHub(access, { replicas: 1, maxBytes: 2 ** 30, maxAgeNs: 3600e9 });
  run('fleet', 'collect', '--hub', nats.url, '--db', join(folder, 'fleet.db'));
  const agents = ['10s', '1s'].flatMap((interval) =>
    [false, true].map((hub) => {
      const db = join(folder, `${interval}-${hub}.db`);
      const flags = ['--interval', interval, '--db', db, '--listen', '127.0.0.1:0'];
      const { pid } = run('agent', ...flags, ...(hub ? ['--hub', nats.url] : []));
      return { interval, hub, pid };
    }),
  );
  await sleep(WARM_UP_MS);
  const before = agents.map(({ pid }) => costOf(pid));
  const sums = agents.map(() => 0);
  let looks = 0;
  for (const end = performance.now() + minutes * 60_000; performance.now() < end; looks++) {
    await sleep(5_000);
    for (const [i, { pid }] of agents.entries()) sums[i] += costOf(pid).mb;
  }
  const costs = agents.map(({ pid }, i) => ({
    share: (costOf(pid).cpu - before[i].cpu) / (minutes * 60),
    mb: sums[i] / looks,
  }));
  for (const [i, { interval, hub }] of agents.entries()) {
    const { share, mb } = costs[i];
    const ratio = hub
      ? `; ${(share / costs[i - 1].share).toFixed(2)} times the CPU, ${(mb / costs[i - 1].mb).toFixed(2)} times the memory`
      : '';
    console.log(
      `${interval}, ${hub ? 'with' : 'without'} --hub: ${(share * 100).toFixed(3)} % of a CPU, ${mb.toFixed(1)} MB resident${ratio}`,
    );
  }
} finally {
  for (const child of children) child.kill('SIGKILL');
  await nats.stop();
  rmSync(folder, { recursive: true, force: true });
}

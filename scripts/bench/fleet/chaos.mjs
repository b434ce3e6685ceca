// The long form of test/fleet/chaos.test.ts: a cluster of three servers and PostgreSQL, simulated hosts, everything killed
// with SIGKILL at random, and the network of a part of the hosts cut; at the end every sample that a host stored is in the
// fleet store exactly once.
//
//   node --import ./test/load-typescript.mjs scripts/bench/fleet/chaos.mjs [hosts=200] [seconds=600]
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { initHub } from '../../../src/fleet/hub/init.ts';
import { openFleetStore } from '../../../src/fleet/store/open.ts';
import {
  collectorChild,
  fleetHoldings,
  hostsChild,
  localHoldings,
  patiently,
  torment,
} from '../../../test/fleet/chaos/chaos.ts';
import { startNetwork } from '../../../test/fleet/chaos/network.ts';
import { startCluster } from '../../../test/fleet/nats.ts';
import { startPostgres } from '../../../test/fleet/postgres.ts';

const [count = 200, seconds = 600] = process.argv.slice(2).map(Number);
/** Hosts of one process: they are killed together. */
const TOGETHER = 20;
/** So many of these processes have a network that is cut now and then. */
const CUT = 3;
const folder = mkdtempSync(join(tmpdir(), 'tscope-chaos-'));
const cluster = await startCluster();
const postgres = await startPostgres();
const children = [];
const networks = [];
try {
  const servers = cluster.map(({ url }) => url);
  const { url } = await postgres.database('chaos');
  const limits = { replicas: 3, maxBytes: 4 * 2 ** 30, maxAgeNs: 86_400e9 };
  await patiently(() => initHub({ servers, credentials: null, ca: null, word: 'admin' }, limits), 30_000);
  const stores = join(folder, 'hosts');
  mkdirSync(stores);
  const hub = servers.join(',');
  const ports = cluster.map(({ port }) => port);
  for (let i = 0; i < CUT; i++) networks.push(await startNetwork(`network ${i}`, ports));
  const hosts = Array.from({ length: Math.ceil(count / TOGETHER) }, (_, i) => {
    const way = networks[i]?.ports.map((port) => `nats://127.0.0.1:${port}`).join(',') ?? hub;
    return hostsChild(`hosts ${i}`, stores, way, i * TOGETHER, Math.min(TOGETHER, count - i * TOGETHER));
  });
  const collectors = ['a', 'b', 'c'].map((name) => collectorChild(`collector ${name}`, hub, url));
  children.push(...hosts, ...collectors);
  const nodes = cluster.map(({ kill, start }, i) => ({ name: `hub ${i + 1}`, kill, start }));
  const database = { name: 'database', kill: postgres.kill, start: postgres.start };
  const begun = performance.now();
  const tell = (text) => console.log(`${((performance.now() - begun) / 1000).toFixed(1)} s: ${text}`);
  const killed = await torment(
    [...hosts, ...collectors, ...nodes, ...networks, database],
    seconds * 1000,
    4_000,
    tell,
  );
  tell(`${killed} killed; waiting until all is quiet`);
  for (const host of hosts)
    if (!(await host.end('SIGUSR2', 600_000))) throw new Error(`${host.name} did not end`);
  const local = localHoldings(stores);
  const store = await openFleetStore(url);
  let missing = [...local.keys()];
  for (
    const until = performance.now() + 300_000;
    missing.length > 0 && performance.now() < until;
    await sleep(2_000)
  ) {
    const found = await fleetHoldings(store);
    missing = [...local]
      .filter(([name, { digest }]) => found.get(name)?.digest !== digest)
      .map(([name]) => name);
    tell(`${missing.length} hosts are not complete yet`);
  }
  const found = await fleetHoldings(store);
  await store.close();
  let [samples, wrong] = [0, 0];
  for (const [name, holding] of local) {
    const there = found.get(name);
    samples += holding.samples;
    if (there?.digest === holding.digest && there.minuteSamples === holding.samples) continue;
    wrong += 1;
    console.log(`${name}: stored ${JSON.stringify(holding)}, in the fleet store ${JSON.stringify(there)}`);
  }
  console.log(`${local.size} hosts, ${samples} samples, ${killed} killed: ${wrong} hosts differ`);
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  for (const child of children) await child.kill();
  for (const network of networks) network.stop();
  for (const server of cluster) await server.stop();
  postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
// What is left of cut connections keeps nobody waiting.
process.exit();

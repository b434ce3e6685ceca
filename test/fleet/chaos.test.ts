import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { initHub } from '../../src/fleet/hub/init.ts';
import { openFleetStore } from '../../src/fleet/store/open.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import {
  type Child,
  collectorChild,
  fleetHoldings,
  hostsChild,
  localHoldings,
  patiently,
  torment,
} from './chaos/chaos.ts';
import { type Network, startNetwork } from './chaos/network.ts';
import { type Nats, natsAbsence, startCluster } from './nats.ts';
import { type Postgres, postgresAbsence, startPostgres } from './postgres.ts';

// A minute and a half, and many processes: on request.
const ASKED = process.env['TSCOPE_CHAOS'] === '1';
const absence = ASKED ? (natsAbsence() ?? postgresAbsence()) : 'TSCOPE_CHAOS=1 asks for it';
const folder = temporaryFolder();
const children: Child[] = [];
let cluster: readonly Nats[] = [];
let postgres: Postgres | null = null;
let network: Network | null = null;
afterAll(async () => {
  for (const child of children) await child.kill();
  network?.stop();
  for (const server of cluster) await server.stop();
  postgres?.stop();
});

test.runIf(absence !== null)(`chaos is not tried: ${absence ?? ''}`, () => {
  expect(absence).not.toBeNull();
});

test.runIf(absence === null)(
  'servers, the database, collectors and agents are killed at random, and a network is cut: every sample is in the fleet store exactly once',
  async () => {
    cluster = await startCluster();
    postgres = await startPostgres();
    const { url } = await postgres.database('chaos');
    const servers = cluster.map(({ url }) => url);
    const hub = servers.join(',');
    const access = { servers, credentials: null, ca: null, word: 'admin' };
    const limits = { replicas: 3, maxBytes: 2 ** 30, maxAgeNs: 3600e9 };
    await patiently(() => initHub(access, limits), 30_000);
    const stores = join(folder, 'hosts');
    mkdirSync(stores);
    network = await startNetwork(
      'network',
      cluster.map(({ port }) => port),
    );
    const way = network.ports.map((port) => `nats://127.0.0.1:${port}`).join(',');
    const hosts = [hub, way].map((servers, i) => hostsChild(`hosts ${i}`, stores, servers, 3 * i, 3));
    const collectors = ['a', 'b'].map((name) => collectorChild(`collector ${name}`, hub, url));
    children.push(...hosts, ...collectors);
    const nodes = cluster.map(({ kill, start }, i) => ({ name: `hub ${i + 1}`, kill, start }));
    const database = { name: 'database', kill: () => postgres?.kill(), start: () => postgres?.start() };
    const killed = await torment([...hosts, ...collectors, ...nodes, network, database], 15_000, 1_500);
    expect(killed).toBeGreaterThan(3);
    for (const host of hosts) expect(await host.end('SIGUSR2', 60_000), host.stderr).toBe(true);
    const store = await openFleetStore(url);
    const local = localHoldings(stores);
    const arrived = async (): Promise<boolean> => {
      const found = await fleetHoldings(store);
      return [...local].every(([name, { digest }]) => found.get(name)?.digest === digest);
    };
    const until = performance.now() + 60_000;
    while (performance.now() < until && !(await arrived()))
      await new Promise((resolve) => setTimeout(resolve, 500));
    const found = await fleetHoldings(store);
    await store.close();
    for (const [name, { samples, digest }] of local) {
      expect(samples).toBeGreaterThan(0);
      expect([name, found.get(name)]).toEqual([name, { samples, digest, minuteSamples: samples }]);
    }
    expect(found.size).toBe(local.size);
  },
  240_000,
);

// How many batches a second one collector stores, beside its nats-server and its PostgreSQL: the stream is filled first,
// then emptied. Each batch is what a host sends in a minute: its three pairs' last minute.
//
//   node --import ./test/load-typescript.mjs scripts/bench/fleet/collector.mjs [batches] [hosts] [sqlite]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectHub } from '../../../src/fleet/hub/connect.ts';
import { initHub } from '../../../src/fleet/hub/init.ts';
import { STREAM, subjectOf } from '../../../src/fleet/hub/names.ts';
import { listHosts } from '../../../src/fleet/store/hosts.ts';
import { openFleetStore } from '../../../src/fleet/store/open.ts';
import { settledOf } from '../../../src/fleet/store/settled.ts';
import { Child } from '../../../test/fleet/chaos/chaos.ts';
import { startNats } from '../../../test/fleet/nats.ts';
import { startPostgres } from '../../../test/fleet/postgres.ts';
import { batchOf } from './minute-batch.mjs';

const [batches = 60_000, hosts = 20_000] = process.argv.slice(2, 4).map(Number);
const sqlite = process.argv[4] === 'sqlite';
const MINUTE = Math.floor(Date.now() / 60_000) - 100;

const nats = await startNats();
const postgres = sqlite ? null : await startPostgres();
const folder = mkdtempSync(join(tmpdir(), 'tscope-bench-'));
let child = null;
try {
  const db = postgres === null ? join(folder, 'fleet.db') : (await postgres.database('bench')).url;
  const access = { servers: [nats.url], credentials: null, ca: null, word: 'bench' };
  await initHub(access, { replicas: 1, maxBytes: 8 * 2 ** 30, maxAgeNs: 3600e9 });
  const connection = await connectHub(access, 'bench');
  const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
  const client = jetstream(connection, { timeout: 30_000 });
  let bytes = 0;
  const filled = performance.now();
  for (let sent = 0; sent < batches; sent += 1_000) {
    await Promise.all(
      Array.from({ length: Math.min(1_000, batches - sent) }, (_, i) => {
        const [host, minute] = [(sent + i) % hosts, Math.floor((sent + i) / hosts)];
        const data = batchOf(host, MINUTE + minute);
        bytes += data.length;
        return client.publish(subjectOf(`host-${host}`), data, { msgID: `${host} ${minute}` });
      }),
    );
  }
  const seconds = (performance.now() - filled) / 1000;
  console.log(`published ${Math.round(batches / seconds)}/s, ${Math.round(bytes / batches)} bytes each`);
  const manager = await jetstreamManager(connection);
  const begun = performance.now();
  child = new Child('collector', ['src/cli/main.ts', 'fleet', 'collect', '--hub', nats.url, '--db', db]);
  let [before, at] = [batches, begun];
  for (;;) {
    await sleep(2_000);
    const { messages } = (await manager.streams.info(STREAM)).state;
    const now = performance.now();
    console.log(
      `${((now - begun) / 1000).toFixed(1)} s: ${Math.round((before - messages) / ((now - at) / 1000))}/s, ${messages} left`,
    );
    [before, at] = [messages, now];
    if (messages === 0) break;
  }
  const store = await openFleetStore(db);
  console.log(
    `${(await listHosts(store, { limit: 1 })).total} hosts; ${JSON.stringify(await settledOf(store, (await manager.streams.info(STREAM)).created && `${STREAM} ${(await manager.streams.info(STREAM)).created}`))}`,
  );
  await store.close();
  await connection.close();
} finally {
  await child?.kill();
  if (child?.stderr.includes('error')) console.log(child.stderr.slice(-2000));
  await nats.stop();
  postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
}

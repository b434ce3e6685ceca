import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFleetStore } from '../../src/fleet/store/open.ts';
import { writeDelivery } from '../../src/fleet/store/write.ts';
import { eventually } from '../e2e/running-agent.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { batch, MINUTE, minutes, received, run } from './batches.ts';
import { type Child, collectorChild } from './chaos/chaos.ts';
import { freePort } from './ports.ts';
import { type Postgres, postgresAbsence, startPostgres } from './postgres.ts';
import { account } from './stored.ts';

const folder = temporaryFolder();
const absence = postgresAbsence();
let postgres: Postgres;
let collector: Child | null = null;
beforeAll(async () => {
  if (absence === null) postgres = await startPostgres();
}, 60_000);
afterAll(async () => {
  await collector?.kill();
  postgres?.stop();
});

test.each([
  ['forever', 3],
  ['1d', 0],
])(
  'with --retain-minutes %s a collector leaves %i minutes of a year ago',
  async (kept, left) => {
    const db = join(folder, `${kept}.db`);
    const before = await openFleetStore(db);
    const runs = [run({}, minutes(MINUTE - 365 * 1_440, 3))];
    await writeDelivery(before, { stream: 's', received: [received(batch('old', { runs }))], refused: [] });
    await before.close();
    const hub = `nats://127.0.0.1:${await freePort()}`;
    const child = collectorChild('collector', hub, db, '--retain-minutes', kept);
    await eventually(() => child.stderr.includes('nobody listens there'), 30_000);
    expect(await child.end('SIGTERM', 20_000)).toBe(true);
    const store = await openFleetStore(db);
    expect(await account(store, 1)).toMatchObject({ minutes: left });
    await store.close();
  },
  60_000,
);

test.runIf(absence === null)(
  'a collector that is started while its database is away waits for it, and says so once',
  async () => {
    const { url } = await postgres.database('late');
    postgres.kill();
    const child = collectorChild('collector', `nats://127.0.0.1:${await freePort()}`, url);
    collector = child;
    await eventually(() => child.stderr.includes('cannot be reached: nobody listens there'), 30_000);
    expect(child.stderr).not.toContain('"started"');
    postgres.start();
    await eventually(() => child.stderr.includes('"started"'), 30_000);
    const said = child.stderr.split('\n').filter((line) => line.includes('database'));
    expect(said.map((line) => JSON.parse(line).message)).toEqual(['the database is there']);
    expect(child.stderr.match(/nobody listens there/g)).toHaveLength(1);
  },
  90_000,
);

import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../e2e/running-agent.ts';
import { type Child, collectorChild } from './chaos/chaos.ts';
import { freePort } from './ports.ts';
import { type Postgres, postgresAbsence, startPostgres } from './postgres.ts';

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

test.runIf(absence === null)(
  'a collector that is started while its database is away waits for it',
  async () => {
    const { url } = await postgres.database('late');
    postgres.kill();
    const child = collectorChild('collector', `nats://127.0.0.1:${await freePort()}`, url);
    collector = child;
    await eventually(() => child.stderr.includes('cannot be reached: nobody listens there'), 30_000);
    expect(child.stderr).not.toContain('"started"');
    postgres.start();
    await eventually(() => child.stderr.includes('"started"'), 30_000);
  },
  90_000,
);

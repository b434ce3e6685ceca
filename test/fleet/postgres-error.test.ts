import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { listHosts } from '../../src/fleet/store/hosts.ts';
import { openFleetStore } from '../../src/fleet/store/open.ts';
import { isPassing, postgresError } from '../../src/fleet/store/postgres/postgres-error.ts';
import { keepUp } from '../../src/fleet/store/upkeep.ts';
import { writeDelivery } from '../../src/fleet/store/write.ts';
import { batch, NS, received, run, T0 } from './batches.ts';
import { postgresAbsence, startPostgres } from './postgres.ts';
import { account } from './stored.ts';

const failure = (code: string) => Object.assign(new Error('something'), { code });

describe('what a refusal of the database means', () => {
  test.each([
    ['40P01', true],
    ['23514', true],
    ['23505', false],
    ['57P01', false],
  ])('%s: the same again succeeds: %s', (state, passing) => {
    expect(isPassing(failure(state))).toBe(passing);
  });

  test.each([
    ['22003', 'STORE_FAILED'],
    ['23505', 'STORE_FAILED'],
    ['XX000', 'STORE_BUSY'],
    ['55000', 'STORE_BUSY'],
    ['57P01', 'STORE_BUSY'],
    ['53100', 'STORE_FULL'],
    ['25006', 'STORE_READ_ONLY'],
    ['57014', 'STORE_BUSY'],
  ])('%s is %s: only what is wrong with rows puts a message aside', (state, code) => {
    expect(postgresError(failure(state), 'db')).toMatchObject({ code });
  });

  test('a mistake in code is not told as a server that is away', () => {
    const mistake = new TypeError("Cannot read properties of null (reading 'id')");
    expect(postgresError(mistake, 'db')).toBe(mistake);
    const port = Object.assign(new RangeError('Port should be >= 0'), { code: 'ERR_SOCKET_BAD_PORT' });
    expect(postgresError(port, 'db')).toMatchObject({ code: 'STORE_BUSY' });
  });
});

test.runIf(postgresAbsence() === null)(
  'samples that arrive while their partition is made are stored',
  async () => {
    const postgres = await startPostgres();
    try {
      for (let round = 0; round < 5; round++) {
        const { url } = await postgres.database(`race_${round}`);
        const [writer, keeper] = [await openFleetStore(url), await openFleetStore(url)];
        const nowMs = T0 + 60_000;
        const writing = Array.from({ length: 20 }, async (_, i) => {
          const samples = {
            baseNs: String(BigInt(T0 + i * 1000) * NS),
            sinceNs: [0],
            offsetsNs: [i],
            windowsNs: [50],
          };
          const series = (run({}, []).series ?? []).map(({ minutes: _, ...one }) => ({ ...one, samples }));
          const one = batch('host', { runs: [run({ series })] });
          await writeDelivery(writer, { stream: 's', received: [received(one, nowMs, i + 1)], refused: [] });
        });
        const forever = { retainSamples: Infinity, retainMinutes: Infinity, retainHours: Infinity };
        await Promise.all([...writing, keepUp(keeper, forever, nowMs)]);
        const [host] = (await listHosts(writer, { limit: 1 })).rows;
        expect((await account(writer, host?.id ?? 0)).samples).toBe(20);
        await writer.close();
        await keeper.close();
      }
    } finally {
      await postgres.stop();
    }
  },
  60_000,
);

test.runIf(postgresAbsence() === null)(
  'samples are written in one order, whatever order they came in: no two collectors wait for each other',
  async () => {
    const postgres = await startPostgres();
    const { url } = await postgres.database('in_order');
    const store = await openFleetStore(url);
    const other = new pg.Client({
      connectionString: url,
      options: '-c search_path=tscope_fleet -c deadlock_timeout=10ms',
    });
    await other.connect();
    try {
      const series = (first: number, sinceNs: number[]) => {
        const baseNs = String(BigInt(T0 + first) * NS);
        const values = sinceNs.map(() => 1);
        const samples = { baseNs, sinceNs, offsetsNs: values, windowsNs: values };
        return (run({}, []).series ?? []).map(({ minutes: _, ...one }) => ({ ...one, samples }));
      };
      const write = (sequence: number, of: ReturnType<typeof series>) => {
        const one = batch('host', { runs: [run({ series: of })] });
        const message = received(one, T0 + 60_000, sequence);
        return writeDelivery(store, { stream: 's', received: [message], refused: [] });
      };
      await write(1, series(0, [0]));
      const insert = (ms: number) =>
        other.query(`INSERT INTO sample SELECT id, ${BigInt(T0 + ms) * NS}, 1, 1 FROM series`);
      await other.query('BEGIN');
      // Where the store waits for this one, and this one for the store, this one is who fails.
      await insert(1_000);
      const writing = write(2, series(1_000, [1e9, 0]));
      const waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
      await expect.poll(() => postgres.psql('in_order', waits).trim(), { timeout: 10_000 }).toBe('1');
      await insert(2_000);
      await other.query('COMMIT');
      await writing;
      expect(postgres.psql('in_order', 'SELECT count(*) FROM tscope_fleet.sample').trim()).toBe('3');
    } finally {
      await other.end();
      await store.close();
      postgres.stop();
    }
  },
  60_000,
);

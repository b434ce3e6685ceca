import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HubAccess } from '../../src/agent/config/hub.ts';
import type { Log } from '../../src/agent/log.ts';
import type { Shipping, ShippingView } from '../../src/agent/shipping-view.ts';
import { type ErrorCode, TscopeError } from '../../src/errors.ts';
import { Collector } from '../../src/fleet/collect/collector.ts';
import { connectHub } from '../../src/fleet/hub/connect.ts';
import { initHub } from '../../src/fleet/hub/init.ts';
import { REFUSED_STREAM, STREAM, subjectOf } from '../../src/fleet/hub/names.ts';
import { startShipping } from '../../src/fleet/shipping/ship.ts';
import type { FleetStore } from '../../src/fleet/store/fleet-store.ts';
import { findHosts } from '../../src/fleet/store/hosts.ts';
import { openFleetStore } from '../../src/fleet/store/open.ts';
import { ledgerOf, settledOf } from '../../src/fleet/store/settled.ts';
import { asText } from '../../src/store/cells.ts';
import { appendEvents } from '../../src/store/events.ts';
import { maintain } from '../../src/store/retention.ts';
import { endRun, startRun } from '../../src/store/runs.ts';
import { appendSamples } from '../../src/store/samples.ts';
import { addSeries } from '../../src/store/series.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import {
  countingLost,
  countUnshipped,
  instanceOf,
  lostUnshipped,
  markShipped,
  putCalibration,
  readUnshipped,
} from '../../src/store/unshipped.ts';
import { eventually } from '../e2e/running-agent.ts';
import { ramp, SECOND } from '../store/fixtures.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { batch, facts } from './batches.ts';
import { type Nats, natsAbsence, startNats } from './nats.ts';
import { account } from './stored.ts';

const folder = temporaryFolder();
const absence = natsAbsence();
const it = test.runIf(absence === null);
const MINUTE = 60n * SECOND;
const quiet = () => {};

let nats: Nats;
beforeAll(async () => {
  if (absence === null) nats = await startNats();
});
afterAll(async () => await nats?.stop());

test.runIf(absence !== null)(`the hub is not tried: ${absence ?? ''}`, () => {
  expect(absence).not.toBeNull();
});

const access = (word: string, url = nats.url): HubAccess => ({
  servers: [url],
  credentials: null,
  ca: null,
  word,
});
const limits = { replicas: 1, maxBytes: 64 * 2 ** 20, maxAgeNs: 3600e9 };

/** A host's store with `count` samples a second apart, `events` and a document. */
function hostStore(name: string, count: number): { store: Store; run: number; series: number } {
  const store = openStore(join(folder, `${name}.db`));
  const host = { key: `machine-${name}`, name, facts: null };
  const { id: run } = startRun(store, {
    host,
    command: 'agent',
    startedAtNs: T,
    options: '{"boot":"boot-1"}',
  });
  const series = addSeries(store, run, {
    clock: 'tsc',
    reference: 'monotonic_raw',
    independent: true,
    reason: 'r',
    originNs: 0n,
  });
  appendSamples(
    store,
    ramp(count, SECOND).map((sample) => [series, sample]),
  );
  return { store, run, series };
}
const T = ramp(1, SECOND)[0]?.atNs ?? 0n;

/** What an agent lends, on a store in this thread. */
function ship(name: string, store: Store, samples = true, word = name): Shipping {
  const parts = { hostKey: `machine-${name}`, samples };
  const view: ShippingView = {
    access: access(word),
    hostname: `${name}.example`,
    machine: `m-${name}`,
    boot: 'boot-1',
    labels: { site: 'ber' },
    log: quiet,
    facts: () => facts,
    instance: async () => ({ instance: instanceOf(store), lost: lostUnshipped(store) }),
    unshipped: async (bytes) => ({
      unshipped: readUnshipped(store, parts, bytes, BigInt(Date.now()) * 1_000_000n),
      waiting: countUnshipped(store, parts),
      lost: lostUnshipped(store),
    }),
    shipped: async (marks) => markShipped(store, marks),
  };
  return startShipping(view, 100);
}

async function collecting<T>(
  db: string,
  work: (store: FleetStore, collector: Collector) => Promise<T>,
  log: Log = quiet,
): Promise<T> {
  const store = await openFleetStore(db);
  const collector = new Collector(access('collector'), store, log);
  const ended = collector.run();
  try {
    return await work(store, collector);
  } finally {
    collector.end();
    await ended;
    await store.close();
  }
}

it('init makes what a hub needs, changes nothing the second time, and says what differs', async () => {
  const made = [
    'stream tscope-fleet',
    'stream tscope-fleet-refused',
    'stream KV_tscope-hosts',
    'consumer collect',
  ];
  expect(await initHub(access('admin'), limits)).toEqual({ made, there: [], differences: [] });
  expect(await initHub(access('admin'), limits)).toEqual({ made: [], there: made, differences: [] });
  expect((await initHub(access('admin'), { ...limits, maxBytes: 2 ** 20 })).differences).toEqual([
    { what: 'stream tscope-fleet', field: 'max_bytes', is: '67108864', asked: '1048576' },
  ]);
});

it('everything that a host stored arrives once, whoever is killed in between', async () => {
  const { store, run } = hostStore('one', 9_000);
  appendEvents(store, run, [{ series: null, atNs: T + 5n, kind: 'suspend', detail: 'for 3 s' }]);
  endRun(
    store,
    run,
    T + 9_000n * SECOND,
    JSON.stringify({ schema: 'tscope/kvm/1', result: {}, host: { kernel: '6.1' } }),
  );
  const db = join(folder, 'fleet.db');
  const first = ship('one', store);
  await eventually(() => first.health.batches >= 2);
  // As killed: what was sent is not noted.
  store.connection.exec('DELETE FROM shipped_series; DELETE FROM shipped_run');
  await first.end(2_000);
  const second = ship('one', store);
  await collecting(db, async (fleet, collector) => {
    await eventually(
      async () =>
        (await findHosts(fleet, 'one'))[0] === undefined ? false : collector.state.hub?.waiting === 0,
      20_000,
    );
    await eventually(async () => {
      const [host] = await findHosts(fleet, 'one');
      return (await account(fleet, host?.id ?? 0)).documents === 1;
    }, 20_000);
  });
  expect(second.health).toMatchObject({
    ok: true,
    waiting: { minutes: 0, samples: 0, events: 0, documents: 0 },
  });
  await second.end(2_000);
  const fleet = await openFleetStore(db);
  const [host] = await findHosts(fleet, 'one');
  expect(host).toMatchObject({ host: 'one', hostname: 'one.example', labels: { site: 'ber' } });
  const [[told] = []] = await fleet.ask('SELECT facts FROM sender');
  expect(JSON.parse(asText(told))).toEqual(facts);
  expect(await account(fleet, host?.id ?? 0)).toMatchObject({
    samples: 9_000,
    minuteSamples: 9_000,
    events: 1,
    documents: 1,
  });
  await fleet.close();
  store.close();
}, 60_000);

it('a message that cannot be read is put aside with its reason, and stops nobody', async () => {
  const connection = await connectHub(access('hostile'), 'test');
  const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
  const client = jetstream(connection);
  const send = (word: string, data: string | Uint8Array) => client.publish(subjectOf(word), data);
  await send('bad', 'not JSON');
  await send('bad', JSON.stringify({ schema: 'tscope/fleet-batch/2' }));
  await send('bad', JSON.stringify(batch('somebody-else')));
  await send('bad', new Uint8Array([0xff, 0xfe, 0x00]));
  await send('bad', JSON.stringify({ ...batch('bad'), extra: 1 }));
  await send('bad', JSON.stringify(batch('bad', { sentAtNs: '99999999999999999999' })));
  await send('good', JSON.stringify(batch('good')));
  const db = join(folder, 'fleet.db');
  await collecting(db, async (fleet, collector) => {
    await eventually(
      async () => (await findHosts(fleet, 'good')).length === 1 && collector.state.here.refused === 6,
      20_000,
    );
    expect(await findHosts(fleet, 'bad')).toEqual([]);
    await eventually(() => collector.state.hub?.waiting === 0, 20_000);
    const { received = 0, waiting = 0 } = collector.state.hub ?? {};
    const ledger = ledgerOf(received, waiting, await settledOf(fleet, collector.stream));
    expect(ledger).toEqual({ received, stored: received - 6, refused: 6, waiting: 0, expired: 0 });
  });
  const manager = await jetstreamManager(connection);
  expect((await manager.streams.info(REFUSED_STREAM)).state.messages).toBe(6);
  const reasons: string[] = [];
  for (let seq = 1; seq <= 6; seq++) {
    const message = await manager.streams.getMessage(REFUSED_STREAM, { seq });
    reasons.push(message?.header.get('Tscope-Reason') ?? '');
  }
  expect(reasons).toEqual([
    'it is not JSON.',
    'it is of version 2; this collector reads version 1.',
    "it was sent as 'bad' and says that it comes from 'somebody-else'.",
    'it is not UTF-8.',
    'extra is not a field of this object.',
    'sentAtNs: "99999999999999999999" is not a count of ns in 64 bits.',
  ]);
  expect((await manager.streams.info(STREAM)).state.messages).toBe(0);
  await connection.close();
}, 60_000);

it('what a store refuses for a while is stored once it takes it, without a wait for messages under way', async () => {
  const connection = await connectHub(access('patient'), 'test');
  const { jetstream } = await import('@nats-io/jetstream');
  const client = jetstream(connection);
  const most = 300;
  for (let i = 0; i < most; i++) await client.publish(subjectOf('patient'), JSON.stringify(batch('patient')));
  await connection.close();
  const said: string[] = [];
  const refusals: ErrorCode[] = ['STORE_FULL', 'STORE_FULL', 'IO', 'STORE_DAMAGED'];
  const work = async (fleet: FleetStore, collector: Collector): Promise<void> => {
    const { transaction } = fleet;
    fleet.transaction = async (work) => {
      const code = refusals.shift();
      if (code === undefined) return await transaction(work);
      throw new TscopeError(code, `${code}.`);
    };
    // Messages that are not acknowledged count as lost after a minute.
    await eventually(() => collector.state.here.batches === most, 30_000);
    expect(collector.trouble.state).toMatchObject({ ok: true, failures: 4 });
    expect(collector.state.here.refused).toBe(0);
  };
  await collecting(join(folder, 'fleet.db'), work, (level, message) => said.push(`${level} ${message}`));
  expect(said).toEqual(['error STORE_FULL.', 'error IO.', 'error STORE_DAMAGED.', 'info collecting again']);
}, 60_000);

it('a message that a mistake of ours keeps out of the store is put aside as a defect, and stops nobody', async () => {
  const connection = await connectHub(access('defect'), 'test');
  const { jetstream } = await import('@nats-io/jetstream');
  await jetstream(connection).publish(subjectOf('defect'), JSON.stringify(batch('defect')));
  await connection.close();
  const said: string[] = [];
  const work = async (fleet: FleetStore, collector: Collector): Promise<void> => {
    const { transaction } = fleet;
    fleet.transaction = () => {
      fleet.transaction = transaction;
      return Promise.reject(new TypeError('null has no id'));
    };
    await eventually(() => collector.state.here.refused === 1, 30_000);
    expect(collector.trouble.state).toMatchObject({ ok: true, failures: 0 });
  };
  await collecting(join(folder, 'fleet.db'), work, (level, message) => said.push(`${level} ${message}`));
  expect(said).toEqual(['warn a message was put aside: unexpected: null has no id']);
}, 60_000);

it('a collector whose file was removed ends, and leaves to the next what came since', async () => {
  const db = join(folder, 'removed.db');
  const store = await openFleetStore(db);
  const collector = new Collector(access('collector'), store, quiet);
  for (const file of [db, `${db}-wal`, `${db}-shm`]) rmSync(file, { force: true });
  const connection = await connectHub(access('left'), 'test');
  const { jetstream } = await import('@nats-io/jetstream');
  await jetstream(connection).publish(subjectOf('left'), JSON.stringify(batch('left')));
  await connection.close();
  await expect(collector.run()).rejects.toMatchObject({ code: 'STORE_REMOVED' });
  await store.close();
  await collecting(db, async (_, next) => eventually(() => next.state.here.batches >= 1, 30_000));
}, 60_000);

it('what retention takes before it was sent is counted', () => {
  const { store } = hostStore('lost', 4 * 3600);
  const parts = { hostKey: 'machine-lost', samples: true };
  const retention = { samplesNs: 3600n * SECOND, minutesNs: null, hoursNs: null, maxBytes: null };
  countingLost(store, parts, () => maintain(store, retention, { force: true }));
  const { samples } = lostUnshipped(store);
  expect(samples).toBeGreaterThan(3600);
  expect(samples + countUnshipped(store, parts).samples).toBe(4 * 3600);
  // A second pass takes nothing, and counts nothing.
  countingLost(store, parts, () => maintain(store, retention, { force: true }));
  expect(lostUnshipped(store)).toEqual({ minutes: 0, samples, events: 0, documents: 0 });
  store.close();
});

it('a minute that is still being measured waits until it is complete, or its run has ended', () => {
  const store = openStore(join(folder, 'present.db'));
  const host = { key: 'machine-present', name: 'present', facts: null };
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const startNs = nowNs - (nowNs % MINUTE);
  const { id: run } = startRun(store, { host, command: 'agent', startedAtNs: startNs, options: null });
  const series = addSeries(store, run, {
    clock: 'tsc',
    reference: 'realtime',
    independent: true,
    reason: 'r',
    originNs: 0n,
  });
  const at = (seconds: number) => ({ atNs: startNs + BigInt(seconds) * SECOND, offsetNs: 1, windowNs: 1 });
  appendSamples(
    store,
    [0, 10, 50, 61].map((seconds) => [series, at(seconds)]),
  );
  putCalibration(store, run, startNs, '{"a":1}');
  const parts = { hostKey: 'machine-present', samples: false };
  const read = () => readUnshipped(store, parts, 100_000, startNs + 62n * SECOND);
  const first = read();
  expect(first.runs).toHaveLength(1);
  expect(first.runs[0]?.series[0]?.minutes.map(({ count }) => count)).toEqual([3]);
  expect(first.runs[0]?.calibrations).toEqual(['{"a":1}']);
  markShipped(store, first.marks);
  expect(read().runs).toEqual([]);
  endRun(store, run, startNs + 61n * SECOND);
  const last = read();
  expect(last.runs[0]?.series[0]?.minutes.map(({ count }) => count)).toEqual([1]);
  expect(last.runs[0]?.endedAtNs).toBe(startNs + 61n * SECOND);
  markShipped(store, last.marks);
  expect(read().runs).toEqual([]);
  store.close();
});

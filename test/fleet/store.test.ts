import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { putConclusions, putStandings, readConclusions } from '../../src/fleet/store/conclusions.ts';
import { unpackDocument } from '../../src/fleet/store/document-summary.ts';
import { listEvents } from '../../src/fleet/store/events.ts';
import type { FleetStore } from '../../src/fleet/store/fleet-store.ts';
import { listCalibrations, listKvmRuns, listPairs, listPoints } from '../../src/fleet/store/history.ts';
import { countHosts, findHosts, type HostOrder, hostsById, listHosts } from '../../src/fleet/store/hosts.ts';
import { openFleetStore } from '../../src/fleet/store/open.ts';
import { POSTGRES_STEPS, SCHEMA } from '../../src/fleet/store/postgres/schema.ts';
import {
  listProfiles,
  putProfiles,
  type StaleProfile,
  staleProfiles,
} from '../../src/fleet/store/profiles.ts';
import { settledOf } from '../../src/fleet/store/settled.ts';
import { FLEET_APPLICATION_ID, SQLITE_STEPS } from '../../src/fleet/store/sqlite/schema.ts';
import { keepUp } from '../../src/fleet/store/upkeep.ts';
import { type HubDelivery, writeDelivery } from '../../src/fleet/store/write.ts';
import type { FleetBatch, FleetRollup } from '../../src/schema/fleet-batch.ts';
import { asBytes } from '../../src/store/cells.ts';
import { connect } from '../../src/store/connection.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { batch, calibrated, facts, MINUTE, minutes, NS, packed, received, run, T0 } from './batches.ts';
import { type Postgres, postgresAbsence, startPostgres } from './postgres.ts';
import { account, samplesOf } from './stored.ts';

const folder = temporaryFolder();
const FOREVER = { retainSamples: Infinity, retainMinutes: Infinity, retainHours: Infinity };
const DAY = 86_400_000;

const delivery = (...batches: FleetBatch[]): HubDelivery => ({
  stream: 'fleet',
  received: batches.map((one, i) => received(one, T0 + 60_000 + i)),
  refused: [],
});

const iso = (ms: number) => new Date(ms).toISOString();

const at = (batch: FleetBatch, ms: number, sequence?: number): HubDelivery => ({
  stream: 'fleet',
  received: [received(batch, ms, sequence)],
  refused: [],
});

let postgres: Postgres | null = null;
const absence = postgresAbsence();
beforeAll(async () => {
  if (absence === null) postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres?.stop());

const implementations: readonly [
  name: string,
  place: (name: string) => Promise<string>,
  /** Makes a store of version 1, with what statements put in. */
  old: (name: string, statements: string) => Promise<string>,
][] = [
  [
    'SQLite',
    async (name) => join(folder, `${name}.db`),
    async (name, statements) => {
      const path = join(folder, `${name}.db`);
      const database = connect(path, path);
      database.exec(`${SQLITE_STEPS[0]}; ${statements}`);
      database.exec(`PRAGMA application_id = ${FLEET_APPLICATION_ID}; PRAGMA user_version = 1`);
      database.close();
      return path;
    },
  ],
  [
    'PostgreSQL',
    async (name) => (await (postgres as Postgres).database(name)).url,
    async (name, statements) => {
      const server = postgres as Postgres;
      const { url } = await server.database(name);
      const version = 'CREATE TABLE version (version INTEGER NOT NULL); INSERT INTO version VALUES (1)';
      const schema = `CREATE SCHEMA ${SCHEMA}; SET search_path = ${SCHEMA}`;
      server.psql(name, `${schema}; ${version}; ${POSTGRES_STEPS[0]}; ${statements}`);
      return url;
    },
  ],
];

/** Whole hours of the kernel's clock, each at a rate of its own. */
const monotonic = (...hours: [hour: number, ppm: number][]) => {
  const rollups = hours.map(([at, ppm]): FleetRollup => [at, 360, 0, 0, 0, 0, 0, 3_600e9, ppm * 3_600e3]);
  const pair = {
    clock: 'monotonic',
    reference: 'monotonic_raw',
    independent: true,
    reason: '',
    originNs: '0',
  };
  return batch('one', { runs: [run({ series: [{ ...pair, hours: rollups }] })] });
};

describe.each(implementations)('%s', (kind, place, old) => {
  const it = test.runIf(kind === 'SQLite' || absence === null);
  let made = 0;
  const fresh = async (): Promise<FleetStore> => {
    made += 1;
    return await openFleetStore(await place(`store_${made}`));
  };

  it('a delivery is stored, and read as it was sent', async () => {
    const store = await fresh();
    const calibration = calibrated({});
    const event = {
      atNs: String(BigInt(T0 + 5) * NS),
      kind: 'step',
      detail: 'by 1 ms',
      pair: ['tsc', 'realtime'] as [string, string],
    };
    const hour = [T0 / 3_600_000, 18, 0, 170_000, 85_000, 0, 0, 170e9, 170_000] as FleetRollup;
    const own = run();
    const sent = {
      ...(own.series ?? [])[0],
      hours: [hour],
      samples: {
        baseNs: String(BigInt(T0) * NS),
        sinceNs: [0, 10e9],
        offsetsNs: [0, 0.1],
        windowsNs: [20, 21],
      },
    } as never;
    await writeDelivery(
      store,
      delivery(
        batch('one', { runs: [{ ...own, series: [sent], events: [event], calibrations: [calibration] }] }),
      ),
    );
    const { rows, total } = await listHosts(store, { limit: 10 });
    expect(total).toBe(1);
    const [host] = rows;
    expect(host).toEqual({
      id: host?.id,
      host: 'one',
      twin: 1,
      hostname: 'one.example',
      version: '0.1.0',
      labels: { site: 'ber' },
      cpu: facts.cpu,
      kernel: facts.kernel,
      clocksource: 'tsc',
      discipline: 'told',
      firstSeenAt: iso(T0 + 60_000),
      lastSeenAt: iso(T0 + 60_000),
      clockErrorMs: -60_000,
      lost: { minutes: 0, samples: 0, events: 0, documents: 0 },
      standing: null,
    });
    const id = host?.id ?? 0;
    const [fromNs, toNs] = [BigInt(T0) * NS, BigInt(T0 + DAY) * NS];
    const pairs = await listPairs(store, id);
    const pair = pairs[0]?.id ?? 0;
    expect(pairs).toEqual([{ id: pair, clock: 'tsc', reference: 'realtime', independent: true }]);
    const points = await listPoints(store, { pairs: [pair], width: 'minute', fromNs, toNs, limit: 10 });
    expect(points).toHaveLength(3);
    expect(points[1]).toEqual({ pair, atNs: BigInt(T0 + 60_000) * NS, offsetNs: 85_000, rateRatio: 1e-6 });
    expect(await listPoints(store, { pairs: [pair], width: 'hour', fromNs, toNs, limit: 10 })).toHaveLength(
      1,
    );
    expect((await store.ask('SELECT * FROM minute ORDER BY at'))[1]).toEqual([
      ...[BigInt(pair), BigInt(MINUTE + 1), 6n, 60_000, 110_000, 85_000, 0, 60_000, 50e9, 110_000],
    ]);
    expect(await listCalibrations(store, id, 5)).toEqual([calibration]);
    expect(await listEvents(store, { fromNs, toNs, limit: 5 })).toEqual({
      total: 1,
      rows: [
        {
          at: iso(T0 + 5),
          seenAt: iso(T0 + 60_000),
          host: id,
          name: 'one',
          hostname: 'one.example',
          kind: 'step',
          clock: 'tsc',
          detail: 'by 1 ms',
        },
      ],
    });
    const sampled = { run: own.key, clock: 'tsc' };
    expect(await samplesOf(store, id)).toEqual([
      { ...sampled, atNs: fromNs, offsetNs: 0, windowNs: 20 },
      { ...sampled, atNs: fromNs + 10_000_000_000n, offsetNs: 0.1, windowNs: 21 },
    ]);
    expect(await account(store, id)).toEqual({
      samples: 2,
      minutes: 3,
      hours: 1,
      minuteSamples: 18,
      events: 1,
      calibrations: 1,
      documents: 0,
    });
    await store.close();
  });

  it('a repeat changes nothing, whole or in part, and counts once', async () => {
    const store = await fresh();
    const [first, second] = [batch('one'), batch('two')];
    await writeDelivery(store, at(first, T0, 1));
    const before = JSON.stringify(await listHosts(store, { limit: 10 }));
    await writeDelivery(store, at(first, T0, 1));
    expect(JSON.stringify(await listHosts(store, { limit: 10 }))).toBe(before);
    await writeDelivery(store, {
      stream: 'fleet',
      received: [received(first, T0, 1), received(second, T0, 2)],
      refused: [3],
    });
    const { rows } = await listHosts(store, { limit: 10 });
    for (const { id } of rows) expect((await account(store, id)).minuteSamples).toBe(18);
    expect(await settledOf(store, 'fleet')).toEqual({ stored: 2, refused: 1 });
    await keepUp(store, FOREVER, T0);
    expect(await settledOf(store, 'fleet')).toEqual({ stored: 2, refused: 1 });
    expect(await settledOf(store, 'another')).toEqual({ stored: 0, refused: 0 });
    await store.close();
  });

  it('a minute that has grown takes the place of what was known of it, in whatever order they come', async () => {
    const store = await fresh();
    const whole = minutes(MINUTE, 1);
    const part = whole.map(([m, , ...rest]) => [m, 2, ...rest] as (typeof whole)[number]);
    for (const rows of [part, whole, part])
      await writeDelivery(store, delivery(batch('one', { runs: [run({}, rows)] })));
    const [host] = (await listHosts(store, { limit: 1 })).rows;
    expect((await account(store, host?.id ?? 0)).minuteSamples).toBe(6);
    await store.close();
  });

  it('hosts are filtered, sorted and paged', async () => {
    const store = await fresh();
    const of = (id: string, kernel: string, site: string, ms: number) =>
      at(batch(id, { facts: { ...facts, kernel } }, { labels: { site } }), ms);
    await writeDelivery(store, of('a', '6.1.0-1', 'ber', T0 + 3));
    await writeDelivery(store, of('b', '6.10.0', 'ber', T0 + 2));
    await writeDelivery(store, of('c', '6.1.0-2', 'muc', T0 + 1));
    const words = async (query: object) =>
      (await listHosts(store, { limit: 10, ...query })).rows.map(({ host }) => host);
    expect(await words({ where: [{ field: 'kernel', pattern: '6.1.*' }] })).toEqual(['a', 'c']);
    expect(
      await words({
        where: [
          { field: 'kernel', pattern: '6.1.*' },
          { field: 'site', pattern: 'MUC' },
        ],
      }),
    ).toEqual(['c']);
    expect(await words({ where: [{ field: 'kernel', pattern: '6_1*' }] })).toEqual([]);
    expect(await words({ order: 'last-seen' })).toEqual(['c', 'b', 'a']);
    expect(await words({ order: 'last-seen', descending: true, limit: 1, offset: 1 })).toEqual(['b']);
    expect(await words({ silentSinceMs: T0 + 2 })).toEqual(['c']);
    expect(await countHosts(store, { silentSinceMs: T0 + 2, clockErrorMs: 2 })).toEqual({
      hosts: 3,
      silent: 1,
      twins: 0,
      clockErrors: 1,
    });
    expect((await listHosts(store, { limit: 1 })).total).toBe(3);
    await expect(
      listHosts(store, { limit: 1, where: [{ field: "x'; DROP", pattern: '*' }] }),
    ).rejects.toThrow(/is no field of a host/);
    const [a] = await findHosts(store, 'a');
    const [b] = await findHosts(store, 'b');
    await putStandings(store, [
      { host: a?.id ?? 0, score: 7.5, detail: '{"x":1}' },
      { host: b?.id ?? 0, score: 9.5, detail: '{"x":1}' },
    ]);
    expect(await words({ judged: true, order: 'score', descending: true })).toEqual(['b', 'a']);
    await putStandings(store, [{ host: a?.id ?? 0, score: 8.5, detail: '{"x":2}' }]);
    const [top] = (await listHosts(store, { limit: 1, order: 'score', descending: true })).rows;
    expect([top?.host, top?.standing]).toEqual(['a', { score: 8.5, detail: '{"x":2}' }]);
    expect(await words({ judged: true, order: 'score', descending: true })).toEqual(['a']);
    expect((await findHosts(store, 'B.exam')).map(({ host }) => host)).toEqual(['b']);
    expect((await hostsById(store, [a?.id ?? 0, 999])).map(({ host }) => host)).toEqual(['a']);
    expect(await readConclusions(store)).toBeNull();
    await putConclusions(store, '{"a":1}');
    await putConclusions(store, '{"a":2}');
    expect(await readConclusions(store)).toBe('{"a":2}');
    await store.close();
  });

  it('a host of which nothing is known comes last, whichever way hosts are sorted', async () => {
    const store = await fresh();
    const { facts: _, ...silent } = batch('a');
    const of = (id: string, kernel: string) => batch(id, { facts: { ...facts, kernel } });
    await writeDelivery(store, delivery(silent, of('b', '6.1'), of('c', '6.12')));
    const [b] = await findHosts(store, 'b');
    await putStandings(store, [{ host: b?.id ?? 0, score: 7.5, detail: '{}' }]);
    const words = async (order: HostOrder, descending: boolean) =>
      (await listHosts(store, { limit: 10, order, descending })).rows.map(({ host }) => host);
    expect(await words('kernel', false)).toEqual(['b', 'c', 'a']);
    expect(await words('kernel', true)).toEqual(['c', 'b', 'a']);
    for (const descending of [false, true]) expect(await words('score', descending)).toEqual(['b', 'a', 'c']);
    await store.close();
  });

  it('two machines under one word are told apart once both have sent in turns; a reboot is one machine', async () => {
    const store = await fresh();
    const of = (boot: string, hostname: string, n: number) =>
      batch('one', { runs: [run({ key: `run-${boot}`, boot }, minutes(MINUTE + n, 1))] }, { boot, hostname });
    await writeDelivery(store, at(of('boot-1', 'left', 0), T0));
    await writeDelivery(store, at(of('boot-2', 'left', 1), T0 + 60_000));
    expect((await keepUp(store, FOREVER, T0)).twins).toEqual([]);
    expect((await listHosts(store, { limit: 5 })).total).toBe(1);
    await writeDelivery(store, at(of('boot-3', 'right', 2), T0 + 120_000));
    await writeDelivery(store, at(of('boot-2', 'left', 3), T0 + 180_000));
    expect((await keepUp(store, FOREVER, T0)).twins).toEqual([{ host: 'one', hostnames: ['left', 'right'] }]);
    expect((await keepUp(store, FOREVER, T0)).twins).toEqual([]);
    const { rows } = await listHosts(store, { limit: 5, twins: true });
    expect((await countHosts(store, { silentSinceMs: 0, clockErrorMs: 1e9 })).twins).toBe(2);
    expect(rows.map(({ twin, hostname }) => [twin, hostname])).toEqual([
      [1, 'left'],
      [2, 'right'],
    ]);
    expect((await findHosts(store, 'one#2')).map(({ hostname }) => hostname)).toEqual(['right']);
    const counts = await Promise.all(rows.map(async ({ id }) => (await account(store, id)).minutes));
    expect(counts).toEqual([3, 1]);
    // What comes after is the right one's from the start, and no third host is made.
    await writeDelivery(store, at(of('boot-3', 'right', 4), T0 + 240_000));
    await keepUp(store, FOREVER, T0);
    expect((await listHosts(store, { limit: 5 })).total).toBe(2);
    await store.close();
  });

  it('what two boots and the facts of a host show is an event: a reboot, other kernels, a TSC that is not trusted', async () => {
    const store = await fresh();
    const of = (boot: string, own: Partial<typeof facts>, kernelHz: number) =>
      batch(
        'one',
        {
          facts: { ...facts, ...own },
          runs: [{ ...run({ key: `run-${boot}`, boot }), calibrations: [calibrated({ kernelHz })] }],
        },
        { boot },
      );
    const unstable = 'tsc: Marking TSC unstable due to clocksource watchdog';
    await writeDelivery(store, at(of('boot-1', { kernel: '6.1' }, 2_596_130_000), T0 + 1_000));
    // Calibrations of two boots differ by 20 ppm and no more; and by more.
    await writeDelivery(store, at(of('boot-2', { kernel: '6.1' }, 2_596_181_922), T0 + 2_000));
    await writeDelivery(store, at(of('boot-3', { kernel: '6.12' }, 2_596_233_847), T0 + 3_000));
    const last = { kernel: '6.12', clocksource: 'hpet', kernelRemarks: ['tsc: Refined', unstable] };
    await writeDelivery(store, at(of('boot-3', last, 2_596_233_847), T0 + 4_000));
    await writeDelivery(store, at(of('boot-3', last, 2_596_233_847), T0 + 5_000));
    const range = { fromNs: BigInt(T0) * NS, toNs: BigInt(T0 + DAY) * NS };
    const { rows, total } = await listEvents(store, { ...range, limit: 10 });
    expect(rows.map(({ at, kind, detail }) => [Date.parse(at) - T0, kind, detail])).toEqual([
      [4_000, 'tsc-unstable', unstable],
      [3_000, 'reboot', '6.12'],
      [3_000, 'kernel-change', '6.1 -> 6.12'],
      [3_000, 'clocksource-change', 'tsc -> hpet'],
      [3_000, 'calibration-jump', 'the kernel takes the TSC for 2596233847 Hz, before for 2596181922'],
      [2_000, 'reboot', '6.1'],
    ]);
    expect(total).toBe(6);
    const some = await listEvents(store, { ...range, kinds: ['reboot'], limit: 1, offset: 1 });
    expect([some.total, some.rows.map(({ detail }) => detail)]).toEqual([2, ['6.1']]);
    expect((await listEvents(store, { ...range, toNs: BigInt(T0 + 3_000) * NS, limit: 1 })).total).toBe(1);
    const [host] = (await listHosts(store, { limit: 1 })).rows;
    expect(await listEvents(store, { ...range, host: host?.id ?? 0, limit: 10 })).toEqual({ rows, total });
    expect(
      await listEvents(store, { ...range, where: [{ field: 'site', pattern: 'ber' }], limit: 2 }),
    ).toEqual({
      rows: rows.slice(0, 2),
      total,
    });
    for (const where of [[], [{ field: 'site', pattern: 'ber' }]]) {
      const part = (offset: number) => listEvents(store, { ...range, where, limit: 3, offset });
      expect(await part(2)).toEqual({ rows: rows.slice(2, 5), total });
      expect(await part(5)).toEqual({ rows: rows.slice(5), total });
      expect(await part(6)).toEqual({ rows: [], total });
    }
    const none = { rows: [], total: 0 };
    expect(await listEvents(store, { ...range, host: 0, limit: 10 })).toEqual(none);
    expect(
      await listEvents(store, { ...range, where: [{ field: 'site', pattern: 'muc' }], limit: 2 }),
    ).toEqual(none);
    expect(await listEvents(store, { ...range, kinds: [], limit: 10 })).toEqual(none);
    await store.close();
  });

  it('a profile is stale once something came, and stays so where more comes while it is renewed', async () => {
    const store = await fresh();
    const hour = T0 / 3_600_000;
    await writeDelivery(store, delivery(monotonic([hour, 2], [hour + 1, 3])));
    const [stale] = await staleProfiles(store, hour, 0, 10);
    expect(stale).toMatchObject({
      fresh: 1,
      hour: 0,
      hours: [[hour, -2e-6]],
      calibration: null,
      document: null,
    });
    const rates = new Float32Array(168).fill(Number.NaN);
    rates[167] = -2e-6;
    const profile = { host: stale?.host ?? 0, claim: '{"hz":1}', kvm: null };
    const kept = { ...profile, stamp: stale?.stamp ?? 0, hour, rates };
    await writeDelivery(store, delivery(monotonic([hour + 1, 4])));
    await putProfiles(store, [kept]);
    const [again] = await staleProfiles(store, hour + 1, 0, 10);
    expect(again?.hours).toEqual([
      [hour, -2e-6],
      [hour + 1, -3e-6],
    ]);
    await putProfiles(store, [{ ...kept, stamp: again?.stamp ?? 0, hour: hour + 1 }]);
    expect(await staleProfiles(store, hour + 1, 0, 10)).toEqual([]);
    const [cpu, labels] = [facts.cpu, { site: 'ber' }];
    expect(await listProfiles(store, 0, 10)).toEqual([
      { ...profile, hour: hour + 1, rates, cpu, labels, lastSeenMs: T0 + 60_000 },
    ]);
    expect(await listProfiles(store, kept.host, 10)).toEqual([]);
    // A calibration alone rereads no hour.
    await writeDelivery(
      store,
      delivery(batch('one', { runs: [{ ...run(), calibrations: [calibrated({})] }] })),
    );
    const [calibration] = await staleProfiles(store, hour + 1, 0, 10);
    expect([calibration?.hours, calibration?.calibration]).toEqual([[], calibrated({})]);
    await store.close();
  });

  it('hours that come before their time are read when it comes, and those that a clock too far ahead left out again', async () => {
    const store = await fresh();
    const hour = T0 / 3_600_000;
    const rates = new Float32Array(168).fill(Number.NaN);
    const keep = async (stale: StaleProfile | undefined, of: number) =>
      await putProfiles(store, [{ host: 0, claim: null, kvm: null, stamp: 0, ...stale, hour: of, rates }]);
    await writeDelivery(store, delivery(monotonic([hour, 2], [hour + 1, 3])));
    const [early] = await staleProfiles(store, hour, 0, 10);
    expect([early?.fresh, early?.hours]).toEqual([1, [[hour, -2e-6]]]);
    await keep(early, hour);
    await writeDelivery(store, delivery(monotonic([hour + 2, 4])));
    const [later] = await staleProfiles(store, hour + 2, 0, 10);
    expect([later?.fresh, later?.hours]).toEqual([
      hour + 1,
      [
        [hour + 1, -3e-6],
        [hour + 2, -4e-6],
      ],
    ]);
    await keep(later, hour + 3);
    expect(await staleProfiles(store, hour + 3, 0, 10)).toEqual([]);
    const [ahead] = await staleProfiles(store, hour + 2, 0, 10);
    expect([ahead?.fresh, ahead?.hours.map(([at]) => at)]).toEqual([0, [hour, hour + 1, hour + 2]]);
    await store.close();
  });

  it('documents are kept whole, and runs of tscope kvm found by host', async () => {
    const store = await fresh();
    const document = (kernel: string) => ({
      schema: 'tscope/kvm/1',
      host: { kernel },
      result: { verdict: 'clamps', sweep: [1, 2] },
    });
    const of = (key: string, hour: number, kernel: string) =>
      run(
        {
          key,
          command: 'kvm',
          startedAtNs: String(BigInt(T0 + hour * 3_600_000) * NS),
          document: packed(document(kernel)),
        },
        [],
      );
    await writeDelivery(
      store,
      delivery(
        batch('one', { runs: [of('r1', 0, '6.1'), of('r2', 1, '6.12')] }),
        batch('two', { runs: [of('r3', 0, '6.1')] }),
      ),
    );
    const kept = await Promise.all(
      (await listHosts(store, { limit: 2 })).rows.map(({ id }) => listKvmRuns(store, id, 10)),
    );
    const clamps = { kind: 'kvm', summary: { verdict: 'clamps' } };
    expect(kept).toEqual([
      [
        { id: 2, at: iso(T0 + 3_600_000), kernel: '6.12', ...clamps },
        { id: 1, at: iso(T0), kernel: '6.1', ...clamps },
      ],
      [{ id: 3, at: iso(T0), kernel: '6.1', ...clamps }],
    ]);
    const [[content] = []] = await store.ask('SELECT content FROM document WHERE id = 2');
    expect(JSON.parse(unpackDocument(Buffer.from(asBytes(content))))).toEqual(document('6.12'));
    await store.close();
  });

  it('retention drops what is older than a number of days, and not what a wrong clock dates far from now', async () => {
    const store = await fresh();
    const days = [-40, -31, -29, 0, 400];
    for (const day of days) {
      await writeDelivery(
        store,
        delivery(batch('one', { runs: [run({}, minutes(MINUTE + day * 1440, 1))] })),
      );
    }
    await keepUp(store, { ...FOREVER, retainMinutes: 30 }, T0 + DAY);
    const range = { fromNs: 0n, toNs: 2n ** 62n };
    const points = await listPoints(store, { pairs: [1], width: 'minute', ...range, limit: 10 });
    expect(points.map(({ atNs }) => Number(atNs / NS - BigInt(T0)) / DAY)).toEqual([-29, 0, 400]);
    await store.close();
  });

  it('text that no database likes is stored', async () => {
    const store = await fresh();
    const hostile = 'nul \u0000 quote \' " \\ emoji \u{1F600} rtl \u202e';
    await writeDelivery(
      store,
      delivery(
        batch(
          'one',
          { runs: [run({ key: hostile, command: hostile })] },
          { hostname: hostile, labels: { site: hostile } },
        ),
      ),
    );
    const [host] = (await listHosts(store, { limit: 1 })).rows;
    expect(host?.hostname).toBe(hostile.replace('\u0000', '\u2400'));
    expect(host?.labels).toEqual({ site: hostile.replace('\u0000', '\u2400') });
    await store.close();
  });

  it('a store of version 1 is brought to the present one, and its reboots are known', async () => {
    const sender = (boot: number) =>
      `INSERT INTO sender (identity, host, word, machine, instance, boot, hostname, version, labels, kernel, first_at, last_at,
         clock_error, lost_minutes, lost_samples, lost_events, lost_documents)
       VALUES ('${boot}', 1, 'one', 'm', 'i', 'boot-${boot}', 'one', '1', '{}', '6.${boot}', ${T0 + boot}, ${T0 + boot}, 0, 0, 0, 0, 0)`;
    const url = await old(
      'version_1',
      `INSERT INTO host (word, twin, sender, first_at) VALUES ('one', 1, 2, ${T0}); ${sender(1)}; ${sender(2)}`,
    );
    const store = await openFleetStore(url);
    await writeDelivery(store, at(batch('one', {}, { boot: 'boot-3' }), T0 + 3));
    const range = { fromNs: BigInt(T0) * NS, toNs: BigInt(T0 + DAY) * NS };
    const { rows } = await listEvents(store, { ...range, limit: 10 });
    expect(rows.map(({ kind, detail }) => [kind, detail])).toEqual([
      ['reboot', facts.kernel],
      ['kernel-change', `6.2 -> ${facts.kernel}`],
      ['reboot', '6.2'],
      ['kernel-change', '6.1 -> 6.2'],
    ]);
    await store.close();
  });

  it('opened again it holds what it held', async () => {
    const url = await place('again');
    const first = await openFleetStore(url);
    await writeDelivery(first, delivery(batch('one')));
    await first.close();
    const second = await openFleetStore(url);
    expect((await listHosts(second, { limit: 1 })).total).toBe(1);
    await second.close();
  });
});

test.runIf(absence !== null)(`PostgreSQL is not tried: ${absence ?? ''}`, () => {
  expect(absence).not.toBeNull();
});

test('released steps never change, however they are written', () => {
  const digest = (step: string) => createHash('sha256').update(step).digest('hex');
  expect(SQLITE_STEPS.map(digest)).toEqual([
    '09f47e7346f2f42a169b26ce40ebeed248decf3d5fec617fc2f26d0db7f0efcb',
    '2563fca9f925a5ed16f109f53af816d205ba7b617e907eeda463385aa08cf4eb',
  ]);
  expect(POSTGRES_STEPS.map(digest)).toEqual([
    'c81a486d2b3cca60060636c75140e5659ab158362ef7a76003e8f2c9e6c437b4',
    '46c716da6fc486eea1976434d055206de65facf2bdf9846cf8f2553f6da27ce8',
  ]);
});

test('a file that is something else is left as it is', async () => {
  const { openStore } = await import('../../src/store/store.ts');
  const path = join(folder, 'host.db');
  openStore(path).close();
  await expect(openFleetStore(path)).rejects.toThrow(/is not a fleet store/);
  rmSync(path);
});

test('a row that cannot be read says what is done about a store of its kind', async () => {
  const store = await openFleetStore(join(folder, 'unreadable.db'));
  await writeDelivery(store, delivery(batch('one')));
  await store.ask("UPDATE sender SET hostname = CAST(x'ff' AS TEXT)");
  await expect(listHosts(store, { limit: 1 })).rejects.toMatchObject({
    code: 'STORE_DAMAGED',
    message: 'the store holds other bytes where it should hold text.',
    hint: "`tscope runs --check` names what a host's store has lost; a fleet's is restored from a backup.",
  });
  await store.close();
});

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Delivery, FleetStore, StaleProfile } from '../../src/fleet/store/fleet-store.ts';
import { openFleetStore } from '../../src/fleet/store/open.ts';
import { MIGRATIONS as POSTGRES_STEPS, SCHEMA } from '../../src/fleet/store/postgres/schema.ts';
import { APPLICATION_ID, MIGRATIONS as SQLITE_STEPS } from '../../src/fleet/store/sqlite/schema.ts';
import type { FleetBatch, FleetRollup } from '../../src/schema/fleet-batch.ts';
import { connect } from '../../src/store/connection.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { batch, calibrated, facts, MINUTE, minutes, NS, packed, received, run, T0 } from './batches.ts';
import { type Postgres, postgresAbsence, startPostgres } from './postgres.ts';

const folder = temporaryFolder();
const FOREVER = { samplesDays: null, minutesDays: null, hoursDays: null };
const DAY = 86_400_000;

const delivery = (...batches: FleetBatch[]): Delivery => ({
  stream: 'fleet',
  received: batches.map((one, i) => received(one, T0 + 60_000 + i)),
  refused: [],
});

const at = (batch: FleetBatch, ms: number, sequence?: number): Delivery => ({
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
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1`);
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
    await store.write(
      delivery(
        batch('one', { runs: [{ ...own, series: [sent], events: [event], calibrations: [calibration] }] }),
      ),
    );
    const { rows, total } = await store.hosts({ limit: 10 });
    expect(total).toBe(1);
    const [host] = rows;
    expect(host).toEqual({
      id: host?.id,
      host: 'one',
      twin: 1,
      hostname: 'one.example',
      machine: 'machine of one',
      boot: 'boot-1',
      version: '0.1.0',
      labels: { site: 'ber' },
      facts,
      firstSeenMs: T0 + 60_000,
      lastSeenMs: T0 + 60_000,
      clockErrorMs: -60_000,
      lost: { minutes: 0, samples: 0, events: 0, documents: 0 },
      standing: null,
    });
    const id = host?.id ?? 0;
    const [fromNs, toNs] = [BigInt(T0) * NS, BigInt(T0 + DAY) * NS];
    const points = await store.points({ host: id, width: 'minute', fromNs, toNs, limit: 10 });
    expect(points).toHaveLength(3);
    expect(points[1]).toEqual({
      series: points[0]?.series,
      atNs: BigInt(T0 + 60_000) * NS,
      count: 6,
      minNs: 60_000,
      maxNs: 110_000,
      meanNs: 85_000,
      firstAtNs: BigInt(T0 + 60_000) * NS,
      firstNs: 60_000,
      lastAtNs: BigInt(T0 + 110_000) * NS,
      lastNs: 110_000,
    });
    expect(await store.points({ host: id, width: 'hour', fromNs, toNs, limit: 10 })).toHaveLength(1);
    expect(await store.pairs(id)).toEqual([
      {
        id: points[0]?.series,
        run: '20260101-000000-aaaaaa',
        boot: 'boot-1',
        clock: 'tsc',
        reference: 'realtime',
        independent: true,
        reason: 'realtime is disciplined',
        originNs: 0n,
        firstAtNs: BigInt(T0) * NS,
        lastAtNs: BigInt(T0 + 120_000) * NS,
      },
    ]);
    expect(await store.calibrations(id, 5)).toEqual([calibration]);
    expect(await store.events({ fromNs, toNs, limit: 5 })).toEqual({
      total: 1,
      rows: [
        {
          id: 1,
          host: id,
          hostWord: 'one',
          twin: 1,
          hostname: 'one.example',
          atNs: BigInt(T0 + 5) * NS,
          seenAtMs: T0 + 60_000,
          kind: 'step',
          detail: 'by 1 ms',
          clock: 'tsc',
          reference: 'realtime',
        },
      ],
    });
    const series = points[0]?.series ?? 0;
    expect(await store.samples({ series, fromNs, toNs, limit: 10 })).toEqual([
      { series, atNs: fromNs, offsetNs: 0, windowNs: 20 },
      { series, atNs: fromNs + 10_000_000_000n, offsetNs: 0.1, windowNs: 21 },
    ]);
    expect(await store.account(id)).toEqual({
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
    await store.write(at(first, T0, 1));
    const before = JSON.stringify(await store.hosts({ limit: 10 }));
    await store.write(at(first, T0, 1));
    expect(JSON.stringify(await store.hosts({ limit: 10 }))).toBe(before);
    await store.write({
      stream: 'fleet',
      received: [received(first, T0, 1), received(second, T0, 2)],
      refused: [3],
    });
    const { rows } = await store.hosts({ limit: 10 });
    for (const { id } of rows) expect((await store.account(id)).minuteSamples).toBe(18);
    expect(await store.settled('fleet')).toEqual({ stored: 2, refused: 1 });
    await store.upkeep(FOREVER, T0);
    expect(await store.settled('fleet')).toEqual({ stored: 2, refused: 1 });
    expect(await store.settled('another')).toEqual({ stored: 0, refused: 0 });
    await store.close();
  });

  it('a minute that has grown takes the place of what was known of it, in whatever order they come', async () => {
    const store = await fresh();
    const whole = minutes(MINUTE, 1);
    const part = whole.map(([m, , ...rest]) => [m, 2, ...rest] as (typeof whole)[number]);
    for (const rows of [part, whole, part])
      await store.write(delivery(batch('one', { runs: [run({}, rows)] })));
    const [host] = (await store.hosts({ limit: 1 })).rows;
    expect((await store.account(host?.id ?? 0)).minuteSamples).toBe(6);
    await store.close();
  });

  it('hosts are filtered, sorted and paged', async () => {
    const store = await fresh();
    const of = (id: string, kernel: string, site: string, ms: number) =>
      at(batch(id, { facts: { ...facts, kernel } }, { labels: { site } }), ms);
    await store.write(of('a', '6.1.0-1', 'ber', T0 + 3));
    await store.write(of('b', '6.10.0', 'ber', T0 + 2));
    await store.write(of('c', '6.1.0-2', 'muc', T0 + 1));
    const words = async (query: object) =>
      (await store.hosts({ limit: 10, ...query })).rows.map(({ host }) => host);
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
    expect(await store.countHosts({ silentSinceMs: T0 + 2, clockErrorMs: 2 })).toEqual({
      hosts: 3,
      silent: 1,
      twins: 0,
      clockErrors: 1,
    });
    expect((await store.hosts({ limit: 1 })).total).toBe(3);
    await expect(store.hosts({ limit: 1, where: [{ field: "x'; DROP", pattern: '*' }] })).rejects.toThrow(
      /is no field of a host/,
    );
    const [a] = await store.findHosts('a');
    const [b] = await store.findHosts('b');
    await store.putStandings([
      { host: a?.id ?? 0, score: 7.5, detail: '{"x":1}' },
      { host: b?.id ?? 0, score: 9.5, detail: '{"x":1}' },
    ]);
    expect(await words({ judged: true, order: 'score', descending: true })).toEqual(['b', 'a']);
    await store.putStandings([{ host: a?.id ?? 0, score: 8.5, detail: '{"x":2}' }]);
    const [top] = (await store.hosts({ limit: 1, order: 'score', descending: true })).rows;
    expect([top?.host, top?.standing]).toEqual(['a', { score: 8.5, detail: '{"x":2}' }]);
    expect(await words({ judged: true, order: 'score', descending: true })).toEqual(['a']);
    expect((await store.findHosts('B.exam')).map(({ host }) => host)).toEqual(['b']);
    expect((await store.hostsById([a?.id ?? 0, 999])).map(({ host }) => host)).toEqual(['a']);
    expect(await store.conclusions()).toBeNull();
    await store.putConclusions('{"a":1}');
    await store.putConclusions('{"a":2}');
    expect(await store.conclusions()).toBe('{"a":2}');
    await store.close();
  });

  it('two machines under one word are told apart once both have sent in turns; a reboot is one machine', async () => {
    const store = await fresh();
    const of = (boot: string, hostname: string, n: number) =>
      batch('one', { runs: [run({ key: `run-${boot}`, boot }, minutes(MINUTE + n, 1))] }, { boot, hostname });
    await store.write(at(of('boot-1', 'left', 0), T0));
    await store.write(at(of('boot-2', 'left', 1), T0 + 60_000));
    expect((await store.upkeep(FOREVER, T0)).twins).toEqual([]);
    expect((await store.hosts({ limit: 5 })).total).toBe(1);
    await store.write(at(of('boot-3', 'right', 2), T0 + 120_000));
    await store.write(at(of('boot-2', 'left', 3), T0 + 180_000));
    expect((await store.upkeep(FOREVER, T0)).twins).toEqual([{ host: 'one', hostnames: ['left', 'right'] }]);
    expect((await store.upkeep(FOREVER, T0)).twins).toEqual([]);
    const { rows } = await store.hosts({ limit: 5, twins: true });
    expect((await store.countHosts({ silentSinceMs: 0, clockErrorMs: 1e9 })).twins).toBe(2);
    expect(rows.map(({ twin, hostname }) => [twin, hostname])).toEqual([
      [1, 'left'],
      [2, 'right'],
    ]);
    expect((await store.findHosts('one#2')).map(({ hostname }) => hostname)).toEqual(['right']);
    const counts = await Promise.all(rows.map(async ({ id }) => (await store.account(id)).minutes));
    expect(counts).toEqual([3, 1]);
    // What comes after is the right one's from the start, and no third host is made.
    await store.write(at(of('boot-3', 'right', 4), T0 + 240_000));
    await store.upkeep(FOREVER, T0);
    expect((await store.hosts({ limit: 5 })).total).toBe(2);
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
    await store.write(at(of('boot-1', { kernel: '6.1' }, 2_596_130_000), T0 + 1_000));
    // Calibrations of two boots differ by 20 ppm and no more; and by more.
    await store.write(at(of('boot-2', { kernel: '6.1' }, 2_596_181_922), T0 + 2_000));
    await store.write(at(of('boot-3', { kernel: '6.12' }, 2_596_233_847), T0 + 3_000));
    const last = { kernel: '6.12', clocksource: 'hpet', kernelRemarks: ['tsc: Refined', unstable] };
    await store.write(at(of('boot-3', last, 2_596_233_847), T0 + 4_000));
    await store.write(at(of('boot-3', last, 2_596_233_847), T0 + 5_000));
    const range = { fromNs: BigInt(T0) * NS, toNs: BigInt(T0 + DAY) * NS };
    const { rows, total } = await store.events({ ...range, limit: 10 });
    expect(rows.map(({ atNs, kind, detail }) => [Number(atNs / NS) - T0, kind, detail])).toEqual([
      [4_000, 'tsc-unstable', unstable],
      [3_000, 'reboot', '6.12'],
      [3_000, 'kernel-change', '6.1 -> 6.12'],
      [3_000, 'clocksource-change', 'tsc -> hpet'],
      [3_000, 'calibration-jump', 'the kernel takes the TSC for 2596233847 Hz, before for 2596181922'],
      [2_000, 'reboot', '6.1'],
    ]);
    expect(total).toBe(6);
    const some = await store.events({ ...range, kinds: ['reboot'], limit: 1, offset: 1 });
    expect([some.total, some.rows.map(({ detail }) => detail)]).toEqual([2, ['6.1']]);
    expect((await store.events({ ...range, toNs: BigInt(T0 + 3_000) * NS, limit: 1 })).total).toBe(1);
    const [host] = (await store.hosts({ limit: 1 })).rows;
    expect(await store.events({ ...range, host: host?.id ?? 0, limit: 10 })).toEqual({ rows, total });
    expect(await store.events({ ...range, where: [{ field: 'site', pattern: 'ber' }], limit: 2 })).toEqual({
      rows: rows.slice(0, 2),
      total,
    });
    for (const where of [[], [{ field: 'site', pattern: 'ber' }]]) {
      const part = (offset: number) => store.events({ ...range, where, limit: 3, offset });
      expect(await part(2)).toEqual({ rows: rows.slice(2, 5), total });
      expect(await part(5)).toEqual({ rows: rows.slice(5), total });
      expect(await part(6)).toEqual({ rows: [], total });
    }
    const none = { rows: [], total: 0 };
    expect(await store.events({ ...range, host: 0, limit: 10 })).toEqual(none);
    expect(await store.events({ ...range, where: [{ field: 'site', pattern: 'muc' }], limit: 2 })).toEqual(
      none,
    );
    expect(await store.events({ ...range, kinds: [], limit: 10 })).toEqual(none);
    await store.close();
  });

  it('a profile is stale once something came, and stays so where more comes while it is renewed', async () => {
    const store = await fresh();
    const hour = T0 / 3_600_000;
    await store.write(delivery(monotonic([hour, 2], [hour + 1, 3])));
    const [stale] = await store.staleProfiles(hour, 0, 10);
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
    await store.write(delivery(monotonic([hour + 1, 4])));
    await store.putProfiles([kept]);
    const [again] = await store.staleProfiles(hour + 1, 0, 10);
    expect(again?.hours).toEqual([
      [hour, -2e-6],
      [hour + 1, -3e-6],
    ]);
    await store.putProfiles([{ ...kept, stamp: again?.stamp ?? 0, hour: hour + 1 }]);
    expect(await store.staleProfiles(hour + 1, 0, 10)).toEqual([]);
    const [cpu, labels] = [facts.cpu, { site: 'ber' }];
    expect(await store.profiles(0, 10)).toEqual([
      { ...profile, hour: hour + 1, rates, cpu, labels, lastSeenMs: T0 + 60_000 },
    ]);
    expect(await store.profiles(kept.host, 10)).toEqual([]);
    // A calibration alone rereads no hour.
    await store.write(delivery(batch('one', { runs: [{ ...run(), calibrations: [calibrated({})] }] })));
    const [calibration] = await store.staleProfiles(hour + 1, 0, 10);
    expect([calibration?.hours, calibration?.calibration]).toEqual([[], calibrated({})]);
    await store.close();
  });

  it('hours that come before their time are read when it comes, and those that a clock too far ahead left out again', async () => {
    const store = await fresh();
    const hour = T0 / 3_600_000;
    const rates = new Float32Array(168).fill(Number.NaN);
    const keep = async (stale: StaleProfile | undefined, of: number) =>
      await store.putProfiles([{ host: 0, claim: null, kvm: null, stamp: 0, ...stale, hour: of, rates }]);
    await store.write(delivery(monotonic([hour, 2], [hour + 1, 3])));
    const [early] = await store.staleProfiles(hour, 0, 10);
    expect([early?.fresh, early?.hours]).toEqual([1, [[hour, -2e-6]]]);
    await keep(early, hour);
    await store.write(delivery(monotonic([hour + 2, 4])));
    const [later] = await store.staleProfiles(hour + 2, 0, 10);
    expect([later?.fresh, later?.hours]).toEqual([
      hour + 1,
      [
        [hour + 1, -3e-6],
        [hour + 2, -4e-6],
      ],
    ]);
    await keep(later, hour + 3);
    expect(await store.staleProfiles(hour + 3, 0, 10)).toEqual([]);
    const [ahead] = await store.staleProfiles(hour + 2, 0, 10);
    expect([ahead?.fresh, ahead?.hours.map(([at]) => at)]).toEqual([0, [hour, hour + 1, hour + 2]]);
    await store.close();
  });

  it('documents are kept whole and found by kind, host and kernel', async () => {
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
    await store.write(
      delivery(
        batch('one', { runs: [of('r1', 0, '6.1'), of('r2', 1, '6.12')] }),
        batch('two', { runs: [of('r3', 0, '6.1')] }),
      ),
    );
    const all = await store.documents({ kind: 'kvm', limit: 10 });
    expect(all.rows.map(({ hostWord, kernel, summary }) => [hostWord, kernel, summary])).toEqual([
      ['one', '6.12', '{"verdict":"clamps"}'],
      ['two', '6.1', '{"verdict":"clamps"}'],
      ['one', '6.1', '{"verdict":"clamps"}'],
    ]);
    expect((await store.documents({ kind: 'stop', limit: 1 })).total).toBe(0);
    const [first] = all.rows;
    expect(JSON.parse((await store.document(first?.id ?? 0)) ?? '')).toEqual(document('6.12'));
    expect(await store.document(999)).toBeNull();
    await store.close();
  });

  it('retention drops what is older than a number of days, and not what a wrong clock dates far from now', async () => {
    const store = await fresh();
    const days = [-40, -31, -29, 0, 400];
    for (const day of days) {
      await store.write(delivery(batch('one', { runs: [run({}, minutes(MINUTE + day * 1440, 1))] })));
    }
    await store.upkeep({ ...FOREVER, minutesDays: 30 }, T0 + DAY);
    const [host] = (await store.hosts({ limit: 1 })).rows;
    const points = await store.points({
      host: host?.id ?? 0,
      width: 'minute',
      fromNs: 0n,
      toNs: 2n ** 62n,
      limit: 10,
    });
    expect(points.map(({ atNs }) => Number(atNs / NS - BigInt(T0)) / DAY)).toEqual([-29, 0, 400]);
    await store.close();
  });

  it('text that no database likes is stored', async () => {
    const store = await fresh();
    const hostile = 'nul \u0000 quote \' " \\ emoji \u{1F600} rtl \u202e';
    await store.write(
      delivery(
        batch(
          'one',
          { runs: [run({ key: hostile, command: hostile })] },
          { hostname: hostile, labels: { site: hostile } },
        ),
      ),
    );
    const [host] = (await store.hosts({ limit: 1 })).rows;
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
    await store.write(at(batch('one', {}, { boot: 'boot-3' }), T0 + 3));
    const range = { fromNs: BigInt(T0) * NS, toNs: BigInt(T0 + DAY) * NS };
    const { rows } = await store.events({ ...range, limit: 10 });
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
    await first.write(delivery(batch('one')));
    await first.close();
    const second = await openFleetStore(url);
    expect((await second.hosts({ limit: 1 })).total).toBe(1);
    await second.close();
  });
});

test.runIf(absence !== null)(`PostgreSQL is not tried: ${absence ?? ''}`, () => {
  expect(absence).not.toBeNull();
});

test('a file that is something else is left as it is', async () => {
  const { openStore } = await import('../../src/store/store.ts');
  const path = join(folder, 'host.db');
  openStore(path).close();
  await expect(openFleetStore(path)).rejects.toThrow(/is not a fleet store/);
  rmSync(path);
});

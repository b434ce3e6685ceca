import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULTS, type SimulatedHost } from '../../scripts/bench/fleet/simulated-fleet.mjs';
import { conclude } from '../../src/fleet/judge/conclude.ts';
import { putConclusions } from '../../src/fleet/store/conclusions.ts';
import type { FleetStore } from '../../src/fleet/store/fleet-store.ts';
import { openFleetStore } from '../../src/fleet/store/open.ts';
import { writeDelivery } from '../../src/fleet/store/write.ts';
import {
  eventsView,
  hostNamed,
  hostsView,
  hostView,
  kernelsView,
  outliersView,
  overviewView,
} from '../../src/fleet/views.ts';
import { overviewVerdicts } from '../../src/report/kinds/fleet.ts';
import { fleetDocuments } from '../../src/schema/fleet.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { batch, calibrated, received, run } from './batches.ts';
import { FAULT_S, NOW_S, named, seeded, simulate, WEEK_S } from './simulated.ts';

const NOW_MS = NOW_S * 1000;
const folder = temporaryFolder();
const page = { where: [], limit: 50, offset: 0 };
const range = { fromNs: BigInt(NOW_S - WEEK_S) * 1_000_000_000n, toNs: BigInt(NOW_S) * 1_000_000_000n };

describe('a quiet fleet of 150 hosts, a week of it', () => {
  let store: FleetStore;
  beforeAll(async () => {
    store = await openFleetStore(`${folder}/quiet.db`);
    await simulate(store, { hosts: 150 });
    await putConclusions(store, JSON.stringify(await conclude(store, NOW_MS)));
  }, 60_000);
  afterAll(() => store.close());

  test('nothing is found, and every host was judged', async () => {
    const view = await overviewView(store, NOW_MS);
    expect(view).toMatchObject({
      hosts: 150,
      silent: 0,
      twins: 0,
      clockErrors: 0,
      judged: { discipline: 150, claim: 150 },
      outliers: 0,
      worst: [],
      moves: [],
    });
    expect(overviewVerdicts(view)).toEqual([
      {
        level: 'good',
        about: 'Fleet',
        text: '150 hosts, none silent; no outlier among 300 rates judged.',
      },
    ]);
  });

  test('nothing is named', async () => {
    expect(await named(store)).toEqual({});
  });

  test('every view is what its schema says', async () => {
    const [first] = (await hostsView(store, NOW_MS, page)).hosts;
    const host = await hostNamed(store, first?.host ?? '');
    const views = {
      fleet: await overviewView(store, NOW_MS),
      'fleet-hosts': await hostsView(store, NOW_MS, page),
      'fleet-host': await hostView(store, NOW_MS, host, range),
      'fleet-events': await eventsView(store, { ...page, ...range }),
      'fleet-kernels': await kernelsView(store),
    };
    for (const [kind, view] of Object.entries(views)) {
      const schema = fleetDocuments[kind as keyof typeof fleetDocuments].shape.result;
      expect(schema.safeParse(JSON.parse(JSON.stringify(view))), kind).toMatchObject({ success: true });
    }
  });

  test('the week of one host, by the hour: its rate is that of its crystal', async () => {
    const host = await hostNamed(store, 'host-7');
    const view = await hostView(store, NOW_MS, host, range);
    expect(view.width).toBe('hour');
    const monotonic = view.pairs.find(({ clock }) => clock === 'monotonic');
    expect(monotonic?.at).toHaveLength(168);
    expect(view.host.standing?.against).toMatch(/discipline|claim/);
  });
});

test('a host that was not heard from within the week is judged no more, and stands nowhere', async () => {
  const store = await openFleetStore(`${folder}/gone.db`);
  const FIRST_MS = NOW_MS - WEEK_S * 1000;
  const calibrations = [calibrated({})];
  const speak = (host: string, atMs: number) =>
    writeDelivery(store, {
      stream: 's',
      received: [received(batch(host, { runs: [{ ...run(), calibrations }] }), atMs)],
      refused: [],
    });
  const judged = async (nowMs: number) => {
    const conclusions = await conclude(store, nowMs);
    const { hosts } = await outliersView(store, nowMs, page);
    return [conclusions.hosts, hosts.map(({ host }) => host)];
  };
  await speak('first', FIRST_MS);
  await speak('before', FIRST_MS - 1);
  expect(await judged(NOW_MS - 1)).toEqual([2, ['first', 'before']]);
  expect(await judged(NOW_MS)).toEqual([1, ['first']]);
  expect(await judged(NOW_MS + 3_600_000)).toEqual([0, []]);
  await store.close();
});

describe('a fleet of 200 hosts with faults', () => {
  let store: FleetStore;
  let hosts: SimulatedHost[];
  const victim = (fault: string): SimulatedHost => {
    const found = hosts.find(({ faults }) => faults.includes(fault));
    if (found === undefined) throw new Error(`no host has the fault ${fault}`);
    return found;
  };
  beforeAll(async () => {
    store = await openFleetStore(`${folder}/faults.db`);
    hosts = await simulate(store, { hosts: 200, seed: 3, faults: FAULTS });
    await putConclusions(store, JSON.stringify(await conclude(store, NOW_MS)));
  }, 60_000);
  afterAll(() => store.close());

  test('each is named, and nothing else', async () => {
    expect(await named(store)).toEqual(seeded(hosts));
  });

  test('the one crystal that is off leads the outliers, and is the only one', async () => {
    const { hosts: rows } = await outliersView(store, NOW_MS, page);
    expect(rows.filter(({ standing }) => standing?.outlier).map(({ hostname }) => hostname)).toEqual([
      victim('outlier').hostname,
    ]);
    expect(rows[0]?.standing).toMatchObject({ since: null });
  });

  test('a reference that moved is the site of it, a crystal that changed is its host, with their hours', async () => {
    const { moves } = await overviewView(store, NOW_MS);
    const at = new Date(FAULT_S * 1000).toISOString();
    expect(moves.map(({ at: when, hostname, site }) => ({ when, hostname, site }))).toEqual(
      expect.arrayContaining([
        { when: at, hostname: victim('jump').hostname, site: victim('jump').site },
        { when: at, hostname: null, site: expect.any(String) },
      ]),
    );
    expect(moves).toHaveLength(2);
    for (const { hostname, change } of moves)
      expect(Math.abs(change)).toBeCloseTo(hostname === null ? 0.4e-6 : 1e-6, 7);
  });

  test('a step, a clone, a clock that is a year off, a silent host and a kernel that catches up are named', async () => {
    const view = await overviewView(store, NOW_MS);
    expect(view).toMatchObject({ silent: 1, clockErrors: 1 });
    expect(view.twins).toBeGreaterThanOrEqual(2);
    expect(view.kernels[0]).toMatchObject({ kernel: '6.1.150', catchesUp: 1, clamps: 0 });
    // 10 s of callbacks of 79 ns, one for each 200 us that passed.
    expect(view.kernels[0]?.lockupNs?.shortest).toBeCloseTo((10e9 * (200_000 - 79)) / 79, -3);
    const { events } = await eventsView(store, { ...page, ...range, kinds: ['step'] });
    expect(events.map(({ hostname, kind, clock }) => ({ hostname, kind, clock }))).toEqual([
      { hostname: victim('step').hostname, kind: 'step', clock: 'realtime' },
    ]);
    const silent = await hostsView(store, NOW_MS, { ...page, silent: true });
    expect(silent.hosts.map(({ hostname }) => hostname)).toEqual([victim('silent').hostname]);
    expect(overviewVerdicts(view).map(({ about, level }) => [about, level])).toEqual([
      ['Silence', 'bad'],
      ['Twins', 'bad'],
      ['Wall clocks', 'bad'],
      ['Outliers', 'bad'],
      ['Kernel', 'bad'],
      ['Reference', 'note'],
    ]);
  });
});

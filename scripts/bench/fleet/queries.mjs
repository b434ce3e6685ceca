// How long the questions of pages and commands take on a large fleet, and how long it takes to judge it: a store of many
// hosts, with a day of minutes of some of them.
//
//   node --import ./test/load-typescript.mjs scripts/bench/fleet/queries.mjs [hosts] [of them with minutes] [sqlite]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conclude } from '../../../src/fleet/judge/conclude.ts';
import { fleetRoutes } from '../../../src/fleet/pages.ts';
import { openFleetStore } from '../../../src/fleet/store/open.ts';
import { startPostgres } from '../../../test/fleet/postgres.ts';
import { batchOf, HOUR_S, simulatedFleet } from './simulated-fleet.mjs';

const [hosts = 100_000, detailed = 1_000] = process.argv.slice(2, 4).map(Number);
const sqlite = process.argv[4] === 'sqlite';
const DAY_S = 24 * HOUR_S;
const ROUNDS = 7;
/** Hosts of one transaction. */
const AT_ONCE = 200;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const nowS = Math.floor(Date.now() / 1000 / HOUR_S) * HOUR_S;

const folder = mkdtempSync(join(tmpdir(), 'tscope-bench-'));
const postgres = sqlite ? null : await startPostgres();
const store = await openFleetStore(
  postgres === null ? join(folder, 'fleet.db') : (await postgres.database('fleet')).url,
);
try {
  const fleet = simulatedFleet({
    hosts,
    faults: ['outlier', 'old', 'silent'],
    startS: nowS - DAY_S,
    atS: nowS,
  });
  let sequence = 0;
  const write = async (stretch, count) => {
    for (let at = 0; at < count; at += AT_ONCE) {
      const received = fleet.slice(at, Math.min(count, at + AT_ONCE)).map((host) => {
        sequence += 1;
        const hoursOnly = stretch.hoursOnly ?? host.index >= detailed;
        return { batch: batchOf(host, { ...stretch, hoursOnly }), sequence, receivedAtMs: Date.now() };
      });
      await store.write({ stream: 'bench', received, refused: [] });
    }
  };
  const begun = performance.now();
  await write({ fromS: nowS - DAY_S, toS: nowS - HOUR_S, first: true }, hosts);
  await write({ fromS: nowS - HOUR_S, toS: nowS }, hosts);
  await store.upkeep({ samplesDays: null, minutesDays: null, hoursDays: null }, Date.now());
  console.log(
    `${hosts} hosts, a day of minutes of ${detailed}: filled in ${((performance.now() - begun) / 1e3).toFixed(0)} s (${store.place})`,
  );
  const judged = async (what) => {
    const begun = performance.now();
    const conclusions = await conclude(store, Date.now());
    await store.putConclusions(JSON.stringify(conclusions));
    const mb = (process.memoryUsage().rss / 1e6).toFixed(0);
    const { judged, outliers, moves } = conclusions;
    console.log(
      `judged, ${what}: ${((performance.now() - begun) / 1e3).toFixed(1)} s, ${mb} MB resident; ${judged.discipline} hosts, ${outliers} outliers, ${moves.length} moves`,
    );
  };
  await judged('everything new');
  await judged('nothing new');
  await write({ fromS: nowS - HOUR_S, toS: nowS, hoursOnly: true }, Math.ceil(hosts / 10));
  await judged('an hour of a tenth of the hosts new');
  const routes = fleetRoutes(store, new Date());
  for (const path of [
    '/',
    '/outliers',
    '/hosts',
    '/hosts?order=-score&offset=50000',
    '/hosts?where=site=ber kernel=6.1.*',
    '/events',
    '/kernels',
    '/host?name=host-7&hours=24',
  ]) {
    const [name, query = ''] = path.split('?');
    const times = [];
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      await routes.get(name)(new URLSearchParams(query), undefined);
      times.push(performance.now() - start);
    }
    console.log(
      `${path.padEnd(40)} ${median(times).toFixed(0).padStart(6)} ms (median of ${ROUNDS}; longest ${Math.max(...times).toFixed(0)})`,
    );
  }
} finally {
  await store.close();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
}

// How long the questions of pages and commands take on a large fleet, and how long it takes to judge it: a store of many
// hosts, with a day of minutes of some of them; a quarter of the hosts booted again within the week, a tenth told of a step.
// An answer whose median is above 300 ms makes the exit code 1.
//
//   node --import ./test/load-typescript.mjs scripts/bench/fleet/queries.mjs [hosts] [of them with minutes] [sqlite]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conclude } from '../../../src/fleet/judge/conclude.ts';
import { fleetRoutes } from '../../../src/fleet/pages.ts';
import { putConclusions } from '../../../src/fleet/store/conclusions.ts';
import { openFleetStore } from '../../../src/fleet/store/open.ts';
import { keepUp } from '../../../src/fleet/store/upkeep.ts';
import { writeDelivery } from '../../../src/fleet/store/write.ts';
import { median } from '../../../src/statistics.ts';
import { startPostgres } from '../../../test/fleet/postgres.ts';
import { batchOf, HOUR_S, simulatedFleet } from './simulated-fleet.mjs';

const [hosts = 100_000, detailed = 1_000] = process.argv.slice(2, 4).map(Number);
const sqlite = process.argv[4] === 'sqlite';
const DAY_S = 24 * HOUR_S;
const ROUNDS = 7;
const MOST_MS = 300;
/** Hosts of one transaction. */
const AT_ONCE = 200;

const nowS = Math.floor(Date.now() / 1000 / HOUR_S) * HOUR_S;

/** Hosts that are written as they would be; of more the rest are copies of these within the database. */
const written = sqlite ? hosts : Math.min(hosts, 2_000);

/** Copies of every host with its hours, each with a crystal of its own. */
function multiply(times) {
  const sql = (text) => postgres.psql('fleet', `SET search_path = tscope_fleet; ${text}`);
  const columns = (table) =>
    sql(
      `SELECT string_agg(quote_ident(column_name), ',' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_schema = 'tscope_fleet' AND table_name = '${table}'`,
    ).trim();
  const copy = (table, changed) => {
    const from = columns(table).split(',');
    const values = from.map((name) => changed[name] ?? `t.${name}`);
    sql(
      `INSERT INTO ${table} (${from}) OVERRIDING SYSTEM VALUE SELECT ${values} FROM ${table} t, generate_series(1, ${times - 1}) AS k`,
    );
  };
  const next = (table) => Number(sql(`SELECT max(id) FROM ${table}`));
  const [host, sender, run, series] = ['host', 'sender', 'run', 'series'].map(next);
  const of = (name, most) => `t.${name} + k * ${most}`;
  const named = (name) => `t.${name} || '-' || k`;
  const identity = { identity: named('identity') };
  copy('host', { id: of('id', host), sender: of('sender', sender), word: named('word') });
  copy('sender', {
    ...identity,
    id: of('id', sender),
    host: of('host', host),
    word: named('word'),
    hostname: `k || '-' || t.hostname`,
  });
  copy('label', { sender: of('sender', sender) });
  copy('profile', { host: of('host', host) });
  copy('run', { ...identity, id: of('id', run), sender: of('sender', sender) });
  copy('series', { ...identity, id: of('id', series), run: of('run', run) });
  const crystal = `4e-6 * hashint4(t.series + k * ${series}) / 2147483648.0 * (t.last_since - t.first_since)`;
  copy('hour', { series: of('series', series), last: `t.last + ${crystal}` });
  copy('calibration', { run: of('run', run) });
  const most = next('sender');
  const boots = columns('sender').split(',');
  const again = {
    id: `t.id + ${most}`,
    identity: `t.identity || ' again'`,
    boot: `t.boot || ' again'`,
    first_at: 't.last_at + 1',
    last_at: 't.last_at + 2',
    previous: 't.id',
  };
  sql(
    `INSERT INTO sender (${boots}) OVERRIDING SYSTEM VALUE SELECT ${boots.map((name) => again[name] ?? `t.${name}`)} FROM sender t WHERE id % 4 = 0`,
  );
  sql(`UPDATE host h SET sender = s.id FROM sender s WHERE s.host = h.id AND s.id > ${most}`);
  sql(
    `INSERT INTO event (run, at, seen_at, kind, detail, clock, reference) SELECT id, ${Date.now()}000000::bigint - id * 1000000000::bigint, ${Date.now()}, 'step', 'realtime was set by +2.000 s', 'realtime', 'monotonic_raw' FROM run WHERE id % 10 = 0`,
  );
  postgres.psql('fleet', 'VACUUM ANALYZE');
}

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
  const upkeep = () =>
    keepUp(store, { retainSamples: Infinity, retainMinutes: Infinity, retainHours: Infinity }, Date.now());
  const write = async (stretch, count) => {
    for (let at = 0; at < count; at += AT_ONCE) {
      const received = fleet.slice(at, Math.min(count, at + AT_ONCE)).map((host) => {
        sequence += 1;
        const hoursOnly = stretch.hoursOnly ?? host.index >= detailed;
        const batch = batchOf(host, { ...stretch, hoursOnly });
        // Its hours are whole ones of the past, its wall clock is right.
        const receivedAtMs = Date.now();
        batch.sentAtNs = String(BigInt(receivedAtMs) * 1_000_000n);
        return { batch, sequence, receivedAtMs };
      });
      await writeDelivery(store, { stream: 'bench', received, refused: [] });
      // As a collector does: partitions are there before most rows are.
      if (sequence === received.length) await upkeep();
    }
  };
  const begun = performance.now();
  await write({ fromS: nowS - DAY_S, toS: nowS - HOUR_S, first: true }, written);
  await write({ fromS: nowS - HOUR_S, toS: nowS }, written);
  if (written < hosts) multiply(hosts / written);
  await upkeep();
  console.log(
    `${hosts} hosts, a day of minutes of ${detailed}: filled in ${((performance.now() - begun) / 1e3).toFixed(0)} s (${store.place})`,
  );
  const judged = async (what) => {
    const begun = performance.now();
    const conclusions = await conclude(store, Date.now());
    await putConclusions(store, JSON.stringify(conclusions));
    const mb = (process.memoryUsage().rss / 1e6).toFixed(0);
    const { judged, outliers, moves } = conclusions;
    console.log(
      `judged, ${what}: ${((performance.now() - begun) / 1e3).toFixed(1)} s, ${mb} MB resident; ${judged.discipline} hosts, ${outliers} outliers, ${moves.length} moves`,
    );
  };
  await judged('everything new');
  await judged('nothing new');
  await write({ fromS: nowS - HOUR_S, toS: nowS, hoursOnly: true }, Math.ceil(written / 10));
  await judged(`an hour of ${Math.ceil(written / 10)} hosts new`);
  // Each question is asked anew: nothing is kept.
  const routes = fleetRoutes(store, new Date(), 0);
  const questions = {
    '/': [''],
    '/outliers': ['', '?offset=50000', '?where=site=ber'],
    '/hosts': [
      ...[
        '',
        '?offset=50000',
        '?order=-score&offset=50000',
        '?order=last-seen',
        '?order=kernel',
        '?order=-clock-error',
      ],
      ...['?where=site=ber kernel=6.1.*', '?where=hostname=*0007*'],
    ],
    '/events': ['', '?offset=10000', '?where=site=ber'],
    '/kernels': [''],
    '/host': ['?name=host-7', '?name=node-000007.', '?name=host-7&hours=720'],
  };
  const asked = Object.entries(questions).flatMap(([page, queries]) => {
    const data = `/api/v1/fleet/${page === '/' ? 'overview' : page.slice(1)}`;
    return [...queries.map((query) => page + query), data + queries[0]];
  });
  for (const path of asked) {
    const [name, query = ''] = path.split('?');
    const times = [];
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      await routes.get(name)(new URLSearchParams(query), undefined);
      times.push(performance.now() - start);
    }
    if (median(times) > MOST_MS) process.exitCode = 1;
    console.log(
      `${path.padEnd(40)} ${median(times).toFixed(0).padStart(6)} ms (median of ${ROUNDS}; longest ${Math.max(...times).toFixed(0)})`,
    );
  }
} finally {
  await store.close();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
}

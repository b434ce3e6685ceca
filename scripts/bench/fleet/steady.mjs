// Whether one collector keeps up with a steady stream: its lag second by second while the fleet is judged and pages are asked
// for, beside its nats-server, its PostgreSQL and the process that sends. Each batch is what a host sends in a minute: its
// three pairs' last minute, once an hour the last hour too. The exit code is 1 where the lag grew, the rate was not reached, or
// anything was refused, lost or complained of.
//
//   node --import ./test/load-typescript.mjs scripts/bench/fleet/steady.mjs [seconds=600] [batches a second=1700] [hosts=100000]
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectHub } from '../../../src/fleet/hub/connect.ts';
import { initHub } from '../../../src/fleet/hub/init.ts';
import { subjectOf } from '../../../src/fleet/hub/names.ts';
import { Child } from '../../../test/fleet/chaos/chaos.ts';
import { startNats } from '../../../test/fleet/nats.ts';
import { startPostgres } from '../../../test/fleet/postgres.ts';
import { batchOf } from './minute-batch.mjs';

const [seconds = 600, rate = 1_700, hosts = 100_000] = process.argv.slice(2).map(Number);
/** Sent at once; then the sender waits for the clock. */
const TICK_MS = 20;
const TELL_S = 10;
/** A flat lag: the median of the last fifth is above that of the first fifth by this much at most, and none is longer, s. */
const MOST_GROWTH_S = 1;
const LONGEST_LAG_S = 30;
/** What is waited for at the ends, s. */
const PATIENCE_S = 600;
const PORT = 19_798;
const PAGES = ['/', '/outliers', '/hosts?where=site%3Dsite-3', '/host?name=host-7'];
const MINUTE = Math.floor(Date.now() / 3_600_000) * 60 - 180;

/** The host's next batch: its facts come first, and the last hour once in sixty. */
const nextBatch = (host, round) =>
  batchOf(host, MINUTE + round, { known: round > 0, hours: round > 0 && (host + round) % 60 === 0 });

/** CPU seconds of the processes whose command line passes, and of their children that have ended. */
function cpuSeconds(test) {
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))) continue;
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ');
      for (const time of fields.slice(11, 15)) ticks += Number(time);
    } catch {
      // It ended.
    }
  }
  return ticks / 100;
}

const quantile = (values, share) =>
  [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))];
const nats = await startNats();
const postgres = await startPostgres();
let child = null;
try {
  const { url } = await postgres.database('bench');
  const access = { servers: [nats.url], credentials: null, ca: null, word: 'bench' };
  await initHub(access, { replicas: 1, maxBytes: 16 * 2 ** 30, maxAgeNs: 3600e9 });
  const connection = await connectHub(access, 'bench');
  const words = ['fleet', 'collect', '--hub', nats.url, '--db', url, '--listen', `127.0.0.1:${PORT}`];
  child = new Child('collector', ['src/cli/main.ts', ...words]);
  const get = async (path) => {
    const begun = performance.now();
    const response = await fetch(`http://127.0.0.1:${PORT}${path}`);
    const text = await response.text();
    return { ms: performance.now() - begun, text, status: response.status };
  };
  let sent = 0;
  const send = async (count) => {
    for (let i = 0; i < count; i++, sent++)
      connection.publish(
        subjectOf(`host-${sent % hosts}`),
        nextBatch(sent % hosts, Math.floor(sent / hosts)),
      );
    await connection.flush();
  };
  const health = async () => JSON.parse((await get('/healthz')).text);
  const waiting = async () => {
    const begun = performance.now();
    for (let told = begun; ; ) {
      if (performance.now() - begun > PATIENCE_S * 1e3)
        throw new Error('the collector does not get to the end of what was sent');
      try {
        const { lagSeconds, ledger } = await health();
        if (ledger !== null && ledger.waiting === 0 && ledger.received >= sent && lagSeconds !== null) return;
        if (performance.now() - told > TELL_S * 1e3) {
          told = performance.now();
          console.log(
            `${((told - begun) / 1e3).toFixed(0)} s: ${ledger?.waiting ?? sent} of ${sent} batches wait`,
          );
        }
      } catch {
        // It is not up yet.
      }
      await sleep(500);
    }
  };
  const filled = performance.now();
  const since = () => `${((performance.now() - filled) / 1e3).toFixed(0)} s`;
  while (sent < hosts) await send(Math.min(2_000, hosts - sent));
  console.log(`${hosts} hosts said who they are in ${since()}`);
  await waiting();
  console.log(`${hosts} hosts made known in ${since()}`);
  const processes = {
    collector: (line) => line.includes('fleet\0collect'),
    'nats-server': (line) => line.startsWith('nats-server'),
    PostgreSQL: (line) => /^postgres|^\/usr\/lib\/postgresql/.test(line),
    sender: (line) => line.includes('bench/fleet/steady'),
  };
  const before = Object.fromEntries(
    Object.entries(processes).map(([name, test]) => [name, cpuSeconds(test)]),
  );
  const begun = performance.now();
  const first = sent;
  const lags = [];
  const pages = new Map(PAGES.map((path) => [path, []]));
  let concluded = 0;
  let last = null;
  let going = true;
  const faults = [];
  const beside = (work) =>
    work().catch((error) => {
      faults.push(error.message);
      going = false;
    });
  const asking = beside(async () => {
    for (let turn = 0; going; turn++) {
      const path = PAGES[turn % PAGES.length];
      const { ms, status } = await get(path);
      if (status !== 200) faults.push(`${path} answered ${status}`);
      pages.get(path).push(ms);
      await sleep(1_000);
    }
  });
  const looking = beside(async () => {
    for (let second = 1; going; second++) {
      await sleep(Math.max(0, begun + 1_000 * second - performance.now()));
      const { lagSeconds, ledger } = await health();
      lags.push(lagSeconds);
      if (second % TELL_S !== 0) continue;
      const { concludedAt, judged } = JSON.parse((await get('/api/v1/fleet/overview')).text).result;
      if (concludedAt !== last) concluded += 1;
      last = concludedAt;
      console.log(
        `${second} s: ${Math.round((sent - first) / second)}/s sent, ${ledger.waiting} waiting, lag ${lagSeconds.toFixed(2)} s; judged ${concluded} times, ${judged.discipline} hosts`,
      );
    }
  });
  while (going && performance.now() - begun < 1_000 * seconds) {
    const due = Math.floor(((performance.now() - begun) / 1_000) * rate) - (sent - first);
    await send(Math.min(due, 4 * rate * (TICK_MS / 1_000)));
    await sleep(TICK_MS);
  }
  const took = (performance.now() - begun) / 1_000;
  going = false;
  await Promise.all([asking, looking]);
  for (const [name, test] of Object.entries(processes))
    console.log(`${name}: ${(((cpuSeconds(test) - before[name]) / took) * 100).toFixed(0)} % of a CPU`);
  console.log(
    `${Math.round((sent - first) / took)} batches a second for ${took.toFixed(0)} s; lag p50 ${quantile(lags, 0.5).toFixed(2)} s, p99 ${quantile(lags, 0.99).toFixed(2)} s, longest ${quantile(lags, 1).toFixed(2)} s; judged ${concluded} times`,
  );
  for (const [path, times] of pages)
    console.log(
      `${path}: median ${quantile(times, 0.5).toFixed(0)} ms, longest ${quantile(times, 1).toFixed(0)} ms`,
    );
  const drained = performance.now();
  await waiting();
  const { ledger } = await health();
  console.log(`drained in ${((performance.now() - drained) / 1e3).toFixed(1)} s: ${JSON.stringify(ledger)}`);
  const fifth = Math.max(1, Math.floor(lags.length / 5));
  const growth = quantile(lags.slice(-fifth), 0.5) - quantile(lags.slice(0, fifth), 0.5);
  if (growth > MOST_GROWTH_S) faults.push(`the lag grew by ${growth.toFixed(1)} s`);
  if (quantile(lags, 1) > LONGEST_LAG_S) faults.push(`the lag was longer than ${LONGEST_LAG_S} s`);
  if (sent - first < 0.99 * rate * seconds) faults.push('the rate was not reached');
  if (ledger.stored !== sent) faults.push(`${sent} were sent and ${ledger.stored} stored`);
  if (/"level":"(error|warn)"/.test(child.stderr)) faults.push('the collector complained');
  console.log(
    faults.length === 0
      ? `steady: the lag changed by ${growth.toFixed(2)} s, every batch is stored`
      : `NOT steady: ${faults.join('; ')}`,
  );
  process.exitCode = faults.length === 0 ? 0 : 1;
  await connection.close();
} finally {
  await child?.kill();
  if (child !== null && /"level":"(error|warn)"/.test(child.stderr)) console.log(child.stderr.slice(-2_000));
  await nats.stop();
  postgres.stop();
}

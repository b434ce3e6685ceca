// What the agent costs at the default interval, beside Prometheus's node exporter in the same run: both are scraped every
// 15 s, as Prometheus does by default. Then the month view, and what an attack does to samples at 100 ms. All of it on a
// store with 30 days of samples a second. With `kills`: whether SIGKILL at random moments loses a sample that was stored.
//
//   node scripts/bench/agent.mjs [minutes=5] [days=30] [parts=attack,cost,month] [kills=200]
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostIdentity } from '../../dist/host/identity.js';
import { FOREVER, maintain } from '../../dist/store/retention.js';
import { endRun, listRuns, startRun } from '../../dist/store/runs.js';
import { appendSamples, samplesOf } from '../../dist/store/samples.js';
import { addSeries, listSeries } from '../../dist/store/series.js';
import { openStore, openStoreToRead } from '../../dist/store/store.js';

const [minutes, days] = [Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 30)];
const parts = (process.argv[4] ?? 'attack,cost,month').split(',');
const killed = Number(process.argv[5] ?? 200);
const folder = mkdtempSync(join(tmpdir(), 'tscope-bench-'));
const db = join(folder, 'month.db');
/** Each part has an agent of its own. */
const [COST_PORT, MONTH_PORT, ATTACK_PORT] = [19_797, 19_798, 19_799];
const GRID_MS = 100;
/** Times in ms as doubles are cut to about this. */
const CUT_MS = 0.001;
const BATCH = 50_000;
const EXPORTER = 'http://127.0.0.1:19100';
const WARM_UP_MS = 20_000;
const SCRAPE_MS = 15_000;

/** One request on a connection of its own. @returns ms and bytes. */
const fetchOnce = (url) =>
  new Promise((resolve, reject) => {
    const begun = performance.now();
    get(url, { agent: false }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => (bytes += chunk.length));
      response.on('end', () =>
        resolve({ ms: performance.now() - begun, bytes, status: response.statusCode }),
      );
    }).on('error', reject);
  });

/** User and system time of a process, s, and its resident memory, MB. */
function costOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ');
  const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, mb: (kilobytes * 1024) / 1e6 };
}

const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;

const startAgent = (port, db, ...flags) => {
  const args = [MAIN, 'agent', '--listen', `127.0.0.1:${port}`, '--db', db, ...flags];
  return spawn(process.execPath, args, { stdio: 'ignore' });
};

async function cost() {
  const exporter = spawn('prometheus-node-exporter', ['--web.listen-address=127.0.0.1:19100'], {
    stdio: 'ignore',
  });
  let missing = false;
  exporter.on('error', () => (missing = true));
  const agent = startAgent(COST_PORT, db);
  await sleep(WARM_UP_MS);
  const processes = { agent: agent.pid, ...(missing ? {} : { node_exporter: exporter.pid }) };
  const before = Object.fromEntries(Object.entries(processes).map(([name, pid]) => [name, costOf(pid)]));
  const end = performance.now() + minutes * 60_000;
  while (performance.now() < end) {
    await fetchOnce(`http://127.0.0.1:${COST_PORT}/metrics`);
    if (!missing) await fetchOnce(`${EXPORTER}/metrics`);
    await sleep(SCRAPE_MS);
  }
  const shares = {};
  for (const [name, pid] of Object.entries(processes)) {
    const { cpu, mb } = costOf(pid);
    shares[name] = (cpu - before[name].cpu) / (minutes * 60);
    console.log(`${name}: ${(shares[name] * 100).toFixed(3)} % of a CPU, ${mb.toFixed(1)} MB resident`);
  }
  if (!missing)
    console.log(`CPU, agent to node_exporter: ${(shares.agent / shares.node_exporter).toFixed(2)}`);
  agent.kill();
  exporter.kill();
}

/** A store as an agent leaves it after `days` at 1 s: three pairs. */
function fill(db) {
  const store = openStore(db);
  const now = BigInt(Date.now()) * 1_000_000n;
  const count = days * 86_400;
  const startedAtNs = now - BigInt(count) * 1_000_000_000n;
  const host = { ...hostIdentity(), facts: null };
  const { id } = startRun(store, { host, command: 'agent', startedAtNs, options: null });
  for (const [k, clock] of ['tsc', 'monotonic', 'realtime'].entries()) {
    const pair = { clock, reference: 'monotonic_raw', independent: null, reason: 'made up', originNs: 0n };
    const series = addSeries(store, id, pair);
    for (let from = 0; from < count; from += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => {
        const atNs = startedAtNs + BigInt(from + i) * 1_000_000_000n;
        return [series, { atNs, offsetNs: (from + i) * k * 0.3 + Math.random() * 40, windowNs: 50 }];
      });
      appendSamples(store, batch);
    }
  }
  endRun(store, id, now);
  maintain(store, FOREVER);
  store.close();
}

async function monthView() {
  const agent = startAgent(MONTH_PORT, db, '--interval', '1s', '--max-size', '100G');
  await sleep(3_000);
  for (const path of [monthPath(), monthPath().replace('samples', 'events'), '/api/v1/runs']) {
    const times = [];
    let bytes = 0;
    for (let i = 0; i < 9; i++) {
      const answer = await fetchOnce(url(MONTH_PORT, path));
      times.push(answer.ms);
      bytes = answer.bytes;
    }
    const sorted = [...times].sort((a, b) => a - b);
    const name = /v1\/(\w+)/.exec(path)[1];
    console.log(
      `${name}: first ${times[0].toFixed(0)} ms, median ${sorted[4].toFixed(0)} ms, worst ${sorted[8].toFixed(0)} ms, ${(bytes / 1e3).toFixed(0)} kB`,
    );
  }
  await sleep(15_000);
  console.log(`agent 15 s after that: ${costOf(agent.pid).mb.toFixed(1)} MB resident`);
  agent.kill();
}

const url = (port, path) => `http://127.0.0.1:${port}${path}`;
const monthPath = () => {
  const to = Date.now() / 1000;
  return `/api/v1/samples?from=${to - days * 86_400}&to=${to}`;
};

/**
 * How long after the grid point that it was meant for each sample of the newest run was taken, ms, and how many points
 * were missed. The grid starts with the run; a point that is late by more than an interval is given up for a later one.
 */
function gridOf(from) {
  const store = openStoreToRead(db);
  const { startedAtNs } = listRuns(store)[0];
  const series = listSeries(store).findLast(({ clock }) => clock === 'tsc');
  const times = samplesOf(store, series.id, 0n, 1e6).map(({ atNs }) => Number(atNs - startedAtNs) / 1e6);
  store.close();
  const taken = times
    .map((at) => ({ point: Math.floor((at + CUT_MS) / GRID_MS), at }))
    .filter(({ at }) => at >= from);
  const [first, last] = [taken[0].point, taken.at(-1).point];
  const late = taken.map(({ point, at }) => Math.max(0, at - point * GRID_MS));
  return { count: taken.length, missed: last - first + 1 - taken.length, worst: Math.max(...late) };
}

/** Runs an agent at 100 ms while `load` works for some seconds; asks for its health meanwhile. */
async function under(what, seconds, load) {
  const agent = startAgent(ATTACK_PORT, db, '--interval', '100ms', '--max-size', '100G');
  await sleep(WARM_UP_MS / 4);
  const begun = performance.now();
  const end = load();
  const health = [];
  while (performance.now() - begun < seconds * 1e3) {
    health.push((await fetchOnce(url(ATTACK_PORT, '/healthz'))).ms);
    await sleep(100);
  }
  const status = readFileSync(`/proc/${agent.pid}/status`, 'utf8');
  const peak = (Number(/^VmHWM:\s+(\d+)/m.exec(status)[1]) * 1024) / 1e6;
  end();
  const ended = new Promise((resolve) => agent.on('exit', resolve));
  agent.kill();
  await ended;
  const { count, missed, worst } = gridOf(WARM_UP_MS / 4);
  console.log(
    `${what}: at most ${peak.toFixed(1)} MB resident, health within ${Math.max(...health).toFixed(0)} ms, ` +
      `${count} samples, ${missed} missed, each within ${worst.toFixed(2)} ms of its grid point`,
  );
}

/** 120 connections that ask 1,500 times each and read nothing, made anew where they are closed. */
function pipeline() {
  const asked = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1_500);
  let over = false;
  const sockets = new Map();
  const open = (i) => {
    if (over) return;
    const socket = connect(ATTACK_PORT, '127.0.0.1', () => socket.write(asked));
    sockets.set(i, socket);
    socket.on('error', () => {}).on('close', () => setTimeout(() => open(i), 1_000));
  };
  for (let i = 0; i < 120; i++) open(i);
  return () => {
    over = true;
    for (const socket of sockets.values()) socket.destroy();
  };
}

/** 32 connections that scrape and 8 that read the month view, without pause. */
function readers() {
  let over = false;
  const repeat = async (path) => {
    while (!over) await fetchOnce(url(ATTACK_PORT, path())).catch(() => sleep(100));
  };
  for (let i = 0; i < 32; i++) void repeat(() => '/metrics');
  for (let i = 0; i < 8; i++) void repeat(monthPath);
  return () => {
    over = true;
  };
}

async function attack() {
  await under('pipelined requests that nobody reads', 20, pipeline);
  await under('32 scrapers and 8 readers of the month view', 20, readers);
}

/** The ledger of an agent, once it has stored a sample. */
async function ledgerOf(agent, port) {
  for (;;) {
    if (agent.exitCode !== null) throw new Error(`the agent ended with ${agent.exitCode}`);
    const answer = await fetch(url(port, '/healthz')).catch(() => null);
    const samples = (await answer?.json())?.samples;
    if (samples?.stored > 0) return samples;
    await sleep(10);
  }
}

/** Agents one after the other on one store, each killed at a random moment just after its ledger was read. */
async function kills() {
  const own = join(folder, 'kills.db');
  const found = { stored: 0, lost: 0, wrong: 0 };
  for (let i = 0; i < killed; i++) {
    const agent = startAgent(ATTACK_PORT, own, '--interval', '100ms');
    const ended = new Promise((resolve) => agent.on('exit', resolve));
    await ledgerOf(agent, ATTACK_PORT);
    await sleep(Math.random() * 300);
    const { taken, stored, waiting, dropped } = await ledgerOf(agent, ATTACK_PORT);
    await sleep(Math.random() * GRID_MS);
    agent.kill('SIGKILL');
    await ended;
    const store = openStoreToRead(own);
    const [run] = listRuns(store);
    store.close();
    found.stored += stored;
    found.lost += Math.max(0, stored - run.samples);
    const sum = stored + waiting + Object.values(dropped).reduce((total, count) => total + count, 0);
    if (taken !== sum) found.wrong += 1;
  }
  const check = spawnSync(process.execPath, [MAIN, 'runs', '--check', '--db', own], { encoding: 'utf8' });
  console.log(
    `${killed} agents killed: ${found.stored} samples stored by their ledgers, ${found.lost} of them lost, ` +
      `${found.wrong} ledgers do not add up; tscope runs --check ${check.status === 0 ? 'finds no damage' : `says: ${check.stderr}`}`,
  );
  if (found.lost > 0 || found.wrong > 0 || check.status !== 0) process.exitCode = 1;
}

try {
  if (parts.includes('kills')) await kills();
  if (parts.some((part) => part !== 'kills')) {
    fill(db);
    console.log(
      `store: ${days} days of samples a second, 3 pairs, ${(statSync(db).size / 1e6).toFixed(0)} MB`,
    );
  }
  if (parts.includes('attack')) await attack();
  if (parts.includes('cost')) await cost();
  if (parts.includes('month')) await monthView();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

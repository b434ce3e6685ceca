// What the agent costs at the default interval, beside Prometheus's node exporter in the same run: both are scraped every
// 15 s, as Prometheus does by default. Then the month view of a store with 30 days of samples a second.
//
//   node scripts/bench/agent.mjs [minutes=5] [days=30]
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostIdentity } from '../../dist/host/identity.js';
import { maintain } from '../../dist/store/retention.js';
import { endRun, startRun } from '../../dist/store/runs.js';
import { addSeries } from '../../dist/store/series.js';
import { openStore } from '../../dist/store/store.js';

const [minutes, days] = [Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 30)];
const folder = mkdtempSync(join(tmpdir(), 'tscope-bench-'));
/** Each part has an agent of its own. */
const [COST_PORT, MONTH_PORT] = [19_797, 19_798];
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

const startAgent = (port, db, ...flags) => {
  const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;
  const args = [main, 'agent', '--listen', `127.0.0.1:${port}`, '--db', db, ...flags];
  return spawn(process.execPath, args, { stdio: 'ignore' });
};

async function cost() {
  const exporter = spawn('prometheus-node-exporter', ['--web.listen-address=127.0.0.1:19100'], {
    stdio: 'ignore',
  });
  let missing = false;
  exporter.on('error', () => (missing = true));
  const agent = startAgent(COST_PORT, join(folder, 'cost.db'));
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
  const pair = (clock) => ({
    clock,
    reference: 'monotonic_raw',
    independent: null,
    reason: 'made up',
    originNs: 0n,
  });
  const series = ['tsc', 'monotonic', 'realtime'].map((clock) => BigInt(addSeries(store, id, pair(clock))));
  for (let i = 0; i < count; ) {
    store.transaction(() => {
      for (const last = Math.min(count, i + 20_000); i < last; i++) {
        const at = startedAtNs + BigInt(i) * 1_000_000_000n;
        for (const [k, number] of series.entries()) {
          store.connection.run(
            'INSERT INTO sample VALUES (?, ?, ?, ?)',
            number,
            at,
            i * k * 0.3 + Math.random() * 40,
            50,
          );
        }
      }
    });
  }
  endRun(store, id, now);
  maintain(store, { samplesNs: null, minutesNs: null, hoursNs: null, maxBytes: null });
  store.close();
}

async function monthView() {
  const db = join(folder, 'month.db');
  fill(db);
  console.log(`store: ${days} days of samples a second, 3 pairs, ${(statSync(db).size / 1e6).toFixed(0)} MB`);
  const agent = startAgent(MONTH_PORT, db, '--interval', '1s', '--max-size', '100G');
  await sleep(3_000);
  const to = Date.now() / 1000;
  for (const path of [
    `samples?from=${to - days * 86_400}&to=${to}`,
    `events?from=${to - days * 86_400}&to=${to}`,
    'runs',
  ]) {
    const times = [];
    let bytes = 0;
    for (let i = 0; i < 9; i++) {
      const answer = await fetchOnce(`http://127.0.0.1:${MONTH_PORT}/api/v1/${path}`);
      times.push(answer.ms);
      bytes = answer.bytes;
    }
    const sorted = [...times].sort((a, b) => a - b);
    const name = path.split('?')[0];
    console.log(
      `${name}: first ${times[0].toFixed(0)} ms, median ${sorted[4].toFixed(0)} ms, worst ${sorted[8].toFixed(0)} ms, ${(bytes / 1e3).toFixed(0)} kB`,
    );
  }
  await sleep(15_000);
  console.log(`agent 15 s after that: ${costOf(agent.pid).mb.toFixed(1)} MB resident`);
  agent.kill();
}

try {
  if (minutes > 0) await cost();
  if (days > 0) await monthView();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

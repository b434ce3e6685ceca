// The store with ten million samples: what a range query, a roll-up pass and a writer beside a reader cost, and what a
// hundred kills leave. Ratios are against the same work done plainly in the same run. `--samples N` for another size.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { HOUR_NS, MINUTE_NS } from '../../dist/store/buckets.js';
import { queryRange } from '../../dist/store/range.js';
import { startRun } from '../../dist/store/runs.js';
import { appendSamples, readSamples, samplesIn, samplesOf } from '../../dist/store/samples.js';
import { addSeries, listSeries } from '../../dist/store/series.js';
import { openStore, openStoreToRead } from '../../dist/store/store.js';

const T0 = 1_700_000_000_000_000_000n;
const STEP_NS = 100_000_000n;
const { samples: asked, quick } = parseArgs({
  options: { samples: { type: 'string', default: '10000000' }, quick: { type: 'boolean', default: false } },
}).values;
const [SAMPLES, SECONDS, KILLS] = quick ? [100_000, 1, 3] : [Number(asked), 5, 100];

const ms = (work) => {
  const begin = performance.now();
  const result = work();
  return { ms: performance.now() - begin, result };
};
const best = (count, work) => Math.min(...Array.from({ length: count }, () => ms(work).ms));
const say = (what, figure) => console.log(`${what.padEnd(58)} ${figure}`);
const pair = (clock) => ({ clock, reference: 'monotonic_raw', independent: null, reason: '', originNs: 0n });
const begin = (store) => {
  const host = { key: 'bench', name: 'bench', facts: null };
  return startRun(store, { host, command: 'agent', startedAtNs: T0, options: null }).id;
};

/** In a thread: asks for ranges without pause until it is told to end. */
function readForEver({ path, series, stop }) {
  const store = openStoreToRead(path);
  const end = T0 + BigInt(SAMPLES) * STEP_NS;
  while (Atomics.load(stop, 0) === 0) queryRange(store, series, end - 24n * HOUR_NS, end, 90_000_000_000n);
  store.close();
}

/** Appends at 10 Hz for `seconds`; how long each took, ms, sorted. */
async function writeAtTenHertz(store, series, from, seconds) {
  const took = [];
  for (let i = 0; i < seconds * 10; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const sample = { atNs: from + BigInt(i) * STEP_NS, offsetNs: i, windowNs: 20 };
    took.push(ms(() => appendSamples(store, [[series, sample]])).ms);
  }
  return took.sort((a, b) => a - b);
}

/** Starts writers and kills each at a random moment. @returns samples lost or stored twice. */
async function kill(path, count) {
  const writer = join(import.meta.dirname, '../../test/store/append.mjs');
  let wrong = 0;
  for (let i = 0; i < count; i++) {
    const child = spawn(process.execPath, [writer, path, `killed-${i}`, '0']);
    let said = '';
    await new Promise((resolve) => {
      child.stdout.on('data', (chunk) => {
        if (said === '') setTimeout(() => child.kill('SIGKILL'), Math.random() * 60);
        said += chunk;
      });
      child.on('close', resolve);
    });
    const store = openStore(path);
    const series = listSeries(store).find(({ clock }) => clock === `killed-${i}`);
    const stored = samplesOf(store, series.id, T0, 1_000_000).map(({ offsetNs }) => offsetNs);
    const last = Number(said.trim().split('\n').at(-1));
    if (stored.length < last + 1 || stored.length > last + 2 || stored.some((offset, k) => offset !== k))
      wrong += 1;
    store.close();
  }
  return wrong;
}

/** The roll-up in a process of its own. @returns how long it took, ms, and the most memory, bytes. */
function rollUpAlone(path) {
  const modules = ['store', 'retention'].map(
    (name) => new URL(`../../dist/store/${name}.js`, import.meta.url).href,
  );
  const code = `import { openStore } from '${modules[0]}'; import { maintain } from '${modules[1]}';
    const store = openStore('${path}'); const begin = performance.now();
    maintain(store, { samplesNs: null, minutesNs: null, hoursNs: null, maxBytes: null });
    console.log(performance.now() - begin, process.resourceUsage().maxRSS * 1024);`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
    .split(' ')
    .map(Number);
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'tscope-bench-'));
  try {
    const path = join(folder, 'bench.db');
    const store = openStore(path);
    const run = begin(store);
    const series = addSeries(store, run, pair('tsc'));
    const filling = ms(() => {
      for (let at = 0; at < SAMPLES; at += 50_000) {
        const batch = Array.from({ length: Math.min(50_000, SAMPLES - at) }, (_, i) => {
          const k = at + i;
          return [series, { atNs: T0 + BigInt(k) * STEP_NS, offsetNs: k / 7 + Math.sin(k), windowNs: 20 }];
        });
        appendSamples(store, batch);
      }
    }).ms;
    const end = T0 + BigInt(SAMPLES) * STEP_NS;
    say(
      `${SAMPLES} samples stored, in batches of 50,000`,
      `${((filling * 1e3) / SAMPLES).toFixed(2)} us a sample`,
    );

    const [rolling, peak] = rollUpAlone(path);
    say(
      'the file',
      `${(statSync(path).size / 1e6).toFixed(0)} MB, ${(statSync(path).size / SAMPLES).toFixed(1)} bytes a sample`,
    );
    say(
      'roll-up of all of it',
      `${(rolling / 1e3).toFixed(1)} s; memory of its process at most ${(peak / 1e6).toFixed(0)} MB`,
    );

    // Offsets plainly in a table, for SQLite alone to scan.
    store.connection.exec(
      'CREATE TEMP TABLE plain (series INTEGER, at INTEGER, offset REAL, PRIMARY KEY (series, at)) WITHOUT ROWID',
    );
    for (const rows of readSamples(store, BigInt(series), end - 24n * HOUR_NS)) {
      store.connection.exec('BEGIN');
      for (const { atNs, offsetNs } of samplesIn(rows)) {
        store.connection.run('INSERT INTO plain VALUES (?, ?, ?)', BigInt(series), atNs, offsetNs);
      }
      store.connection.exec('COMMIT');
    }
    const scan =
      'SELECT count(*), min(offset), max(offset), avg(offset) FROM plain WHERE series = ? AND at >= ? AND at < ?';
    const query = (what, from, step) => {
      const range = best(5, () => queryRange(store, series, from, end, step));
      const plain = best(3, () => store.connection.get(scan, BigInt(series), from, end));
      const points = queryRange(store, series, from, end, step).length;
      say(
        `range: ${what}, ${points} points`,
        `${range.toFixed(0)} ms; SQLite's plain scan of at most the last day ${plain.toFixed(0)} ms`,
      );
    };
    query('everything, 1 min', T0, MINUTE_NS);
    query('everything, 10 min', T0, 10n * MINUTE_NS);
    query('everything, 1 h', T0, HOUR_NS);
    query('the last day, 59 s (from samples)', end - 24n * HOUR_NS, 59_000_000_000n);
    query('the last day, 1 min (from roll-ups)', end - 24n * HOUR_NS, MINUTE_NS);
    query('the last day, 5 s (from samples)', end - 24n * HOUR_NS, 5_000_000_000n);
    query('the last 10 min, 1 s', end - 10n * MINUTE_NS, 1_000_000_000n);

    const live = addSeries(store, run, pair('live'));
    const alone = await writeAtTenHertz(store, live, end, SECONDS);
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const reader = new Worker(new URL(import.meta.url), {
      workerData: { path, series, stop },
      argv: process.argv.slice(2),
    });
    const beside = await writeAtTenHertz(store, live, end + 3600n * HOUR_NS, SECONDS);
    Atomics.store(stop, 0, 1);
    await new Promise((resolve) => reader.on('exit', resolve));
    const [p50, worst] = [0.5, 1].map((p) => (sorted) => sorted[Math.ceil(sorted.length * p) - 1].toFixed(2));
    say('a writer at 10 Hz, alone', `p50 ${p50(alone)} ms, worst ${worst(alone)} ms`);
    say(
      'a writer at 10 Hz, beside a reader that never rests',
      `p50 ${p50(beside)} ms, worst ${worst(beside)} ms`,
    );
    store.close();

    const killed = join(folder, 'killed.db');
    const wrong = await kill(killed, KILLS);
    const check = openStore(killed);
    say(
      `${KILLS} writers killed at a random moment`,
      `${wrong} with a sample lost or doubled; ${check.connection.pragma('integrity_check')}`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (isMainThread) await main();
else readForEver(workerData);

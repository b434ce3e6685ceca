// Error against time of tscope's calibration and of five published ones, on an idle host and with every core busy.
// The truth is the kernel's exact ratio: where the clocksource is the TSC, CLOCK_MONOTONIC_RAW is the TSC times
// mult >> shift, and a run of tscope's finds both. At the end, what a reading of TscClock costs beside
// process.hrtime.bigint(). `--runs N` for another number of runs, `--quick` for a fifth of them.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { quietControl } from '../../dist/clock/control.js';
import { median } from '../../dist/statistics.js';
import { calibrate } from '../../dist/tsc/calibrate.js';
import { hostSource } from '../../dist/tsc/source.js';
import { TscClock } from '../../dist/tsc/tsc-clock.js';
import { withC } from '../c-program.mjs';
import { whileBusy } from '../while-busy.mjs';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '50' }, quick: { type: 'boolean', default: false } },
});
const RUNS = values.quick ? 10 : Number(values.runs);

const PEERS = ['quanta', 'minstant', 'TSCNS', 'abseil', 'DPDK'];
const DURATIONS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** What must hold, ppm: half of the runs, and the worst of them; with busy cores the worst may be ten times as far. */
const TARGETS = new Map([
  [10, { p50: 0.05, worst: Number.POSITIVE_INFINITY }],
  [100, { p50: 0.003, worst: 0.06 }],
  [1000, { p50: 0.0002, worst: 0.001 }],
]);

const source = hostSource();
const run = (ms) => {
  const begin = performance.now();
  const { result } = calibrate({ durationNs: ms * 1e6, clock: 'monotonic_raw' }, source, quietControl);
  return { result, ms: performance.now() - begin };
};

const truth = run(1000).result.kernel;
if (truth === null || truth.hz === null) {
  console.error('This host does not make its clocks from the TSC: there is no exact ratio to compare with.');
  process.exit(3);
}

const worst = (numbers) => Math.max(...numbers);
const ppm = (hz) => Math.abs(hz / truth.hz - 1) * 1e6;
const digits = (value) => (value >= 0.001 ? value.toPrecision(3) : value.toExponential(2));

const print = (name, ms, errors, remark = '') =>
  console.log(
    `${name.padEnd(10)} ${ms.toFixed(1).padStart(8)} ms   ${digits(median(errors)).padStart(9)}   ${digits(worst(errors)).padStart(9)}   ${remark}`,
  );

/** One line of the table for one duration; answers whether every target is met. */
function measureOurselves(ms, busy) {
  const runs = Array.from({ length: RUNS }, () => run(ms));
  const errors = runs.map(({ result }) => ppm(result.tscHz));
  const held = runs.filter(
    ({ result }) => result.tscHzLow <= truth.hz && result.tscHzHigh >= truth.hz,
  ).length;
  const named = runs.filter(
    ({ result }) => result.kernel?.mult === truth.mult && result.kernel?.shift === truth.shift,
  );
  const target = TARGETS.get(ms);
  const met =
    target === undefined || (median(errors) <= target.p50 && worst(errors) <= target.worst * (busy ? 10 : 1));
  const bounds = `certain bounds hold ${held}/${RUNS}, mult and shift named ${named.length}/${RUNS}`;
  print(
    'tscope',
    median(runs.map((each) => each.ms)),
    errors,
    `${bounds}${target === undefined ? '' : met ? '; target met' : '; TARGET MISSED'}`,
  );
  return met && held === RUNS && (ms < 1000 || named.length === RUNS);
}

async function measurePeers(ask) {
  for (const name of PEERS) {
    const found = [];
    for (let i = 0; i < RUNS; i++) found.push(await ask(name));
    print(
      name,
      median(found.map(({ ms }) => ms)),
      found.map(({ hz }) => ppm(hz)),
    );
  }
}

async function table(title, ask, busy) {
  console.log(`\n${title}: ${RUNS} runs each, error against the kernel's ratio in ppm`);
  console.log('program        time          p50       worst');
  let all = true;
  for (const ms of DURATIONS_MS) all = measureOurselves(ms, busy) && all;
  await measurePeers(ask);
  return all;
}

/** ns for each of two ways to read the time, in turns. */
function compareReadings() {
  const clock = new TscClock();
  const ways = {
    'TscClock.now()': () => clock.now(),
    'process.hrtime.bigint()': () => process.hrtime.bigint(),
  };
  const costs = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < 20; round++) {
    for (const [name, read] of Object.entries(ways)) {
      const begin = process.hrtime.bigint();
      for (let i = 0; i < 200_000; i++) read();
      costs[name].push(Number(process.hrtime.bigint() - begin) / 200_000);
    }
  }
  const [ours, nodes] = Object.values(costs).map(median);
  console.log(
    `\nTscClock.now() ${ours.toFixed(1)} ns, process.hrtime.bigint() ${nodes.toFixed(1)} ns: ${(ours / nodes).toFixed(2)} times; bound ${clock.errorBoundNs().toFixed(0)} ns`,
  );
  clock.close();
}

await withC(join(import.meta.dirname, 'calibration-peers.c'), async (askC) => {
  const ask = async (name) => {
    const [hz, ns] = await askC(name);
    return { hz, ms: ns / 1e6 };
  };
  console.log(`Truth: ${truth.tscKhz} kHz, mult ${truth.mult} >> ${truth.shift} = ${truth.hz.toFixed(6)} Hz`);
  const idle = await table('Idle', ask, false);
  const busy = await whileBusy(() => table(`${availableParallelism()} busy cores`, ask, true));
  compareReadings();
  process.exitCode = idle && busy ? 0 : 1;
});

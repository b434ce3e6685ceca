// Whether each stated uncertainty keeps its promise where the truth is known: on the clocksource `tsc`,
// CLOCK_MONOTONIC_RAW is the TSC times mult >> shift, exactly. Prints, for each figure, errors divided by their standard
// errors (z): rms, mean, shares within 1, 2 and 3, the worst; idle, and with every core busy.
//
// Where no truth is known, as of what the clamp costs in a model, an interval has to hold the median of the runs.
//
// `--runs N` (60), `--quick` (10, no run of 5 s), `--durations 1,60000` (of calibrate, ms), `--load idle,busy`, `--only
// calibrate,clock,drift,timer,agent,stop,stability`.
// Takes some minutes: `npm run bench` leaves it out unless it is named. Exits with 1 where a promise is broken.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { quietControl } from '../../dist/clock/control.js';
import { policyNames } from '../../dist/lapic/policies.js';
import { median } from '../../dist/statistics.js';
import { stopDefaults } from '../../dist/tasks/stop/options.js';
import { callbackCostOf, clampPriceOf, freshProcesses } from '../../dist/tasks/stop/price.js';
import { calibrate } from '../../dist/tsc/calibrate.js';
import { hostSource } from '../../dist/tsc/source.js';
import { TscClock } from '../../dist/tsc/tsc-clock.js';
import { brokenPromises, coverageOf } from '../coverage-figures.mjs';
import { whileBusy } from '../while-busy.mjs';

const PARTS = ['calibrate', 'clock', 'drift', 'timer', 'agent', 'stop', 'stability'];
const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: PARTS.join(',') },
    durations: { type: 'string' },
    load: { type: 'string', default: 'idle,busy' },
  },
});
const RUNS = Number(values.runs ?? (values.quick ? 10 : 60));
const only = values.only.split(',');
const loads = values.load.split(',');
const DURATIONS_MS =
  values.durations?.split(',').map(Number) ?? (values.quick ? [10, 100, 1000] : [10, 100, 300, 1000, 5000]);
const isUsable =
  Number.isInteger(RUNS) &&
  RUNS >= 2 &&
  only.every((part) => PARTS.includes(part)) &&
  loads.every((load) => ['idle', 'busy'].includes(load)) &&
  DURATIONS_MS.every((ms) => ms >= 1);
if (!isUsable) {
  console.error(
    `coverage: --runs takes a whole number from 2 on, --durations some of at least 1 ms, --load idle and busy, --only some of ${PARTS.join(', ')}.`,
  );
  process.exit(2);
}
const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');

const source = hostSource();
const run = (ms) => calibrate({ durationNs: ms * 1e6, clock: 'monotonic_raw' }, source, quietControl).result;
const truth = run(1000).kernel?.hz ?? null;
if (truth === null) {
  console.error('This host does not make its clocks from the TSC: there is no exact ratio to compare with.');
  process.exit(3);
}

let broken = 0;
const percent = (share) => `${Math.round(share * 100)} %`.padStart(6);

function report(name, z, remark = '') {
  const figures = coverageOf(z);
  const { count, rms, mean, within, worst } = figures;
  const faults = brokenPromises(figures);
  broken += faults.length;
  console.log(
    `${name.padEnd(26)} ${String(count).padStart(4)} ${rms.toFixed(2).padStart(6)} ${mean.toFixed(2).padStart(6)} ${within
      .map(percent)
      .join(
        ' ',
      )} ${worst.toFixed(1).padStart(6)}  ${remark}${faults.length > 0 ? `  BROKEN: ${faults.join(', ')}` : ''}`,
  );
}

const heading = (title) =>
  console.log(`\n${title}\n${'figure'.padEnd(26)} runs  rms z   mean    <=1    <=2    <=3  worst`);

function calibrations() {
  for (const ms of DURATIONS_MS) {
    const results = Array.from({ length: RUNS }, () => run(ms));
    const z = results.map(({ tscHz, standardErrorRatio }) => (tscHz / truth - 1) / standardErrorRatio);
    const errors = results.map(({ tscHz }) => Math.abs(tscHz / truth - 1) * 1e9);
    const held = results.filter(({ tscHzLow, tscHzHigh }) => tscHzLow <= truth && tscHzHigh >= truth).length;
    const lattice = results.filter(({ estimator }) => estimator === 'lattice').length;
    if (held < RUNS) broken++;
    const remark = `median error ${median(errors).toPrecision(2)} ppb; certain bounds hold ${held}/${RUNS}; lattice ${lattice}/${RUNS}`;
    report(`calibrate ${ms} ms`, z, remark);
  }
}

/** Every reading of a clock between two of the kernel's, for some seconds from its first moment on. */
async function clockBound(seconds) {
  const clock = new TscClock();
  let [exceeded, backwards, readings, widest, last] = [0, 0, 0, 0, 0n];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    for (let i = 0; i < 2000; i++) {
      const before = process.hrtime.bigint();
      const now = clock.now();
      const bound = clock.errorBoundNs();
      const after = process.hrtime.bigint();
      const outside = Math.max(Number(before - now), Number(now - after));
      if (outside > bound) exceeded++;
      if (now < last) backwards++;
      last = now;
      widest = Math.max(widest, bound);
      readings++;
    }
    await sleep(5);
  }
  clock.close();
  if (exceeded > 0 || backwards > 0) broken++;
  console.log(
    `TscClock, its first ${seconds} s: ${readings} readings, bound exceeded ${exceeded} times, backwards ${backwards} times, widest bound ${widest.toFixed(0)} ns`,
  );
}

function tscope(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args, '--json'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`tscope ${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout).result;
}

/** The TSC against the clock that is made from it: no rate at all. */
function driftRates() {
  const z = [];
  for (let i = 0; i < RUNS; i++) {
    const { pairs } = tscope([
      'drift',
      '--duration',
      '2s',
      '--interval',
      '50ms',
      '--clocks',
      'tsc',
      '--reference',
      'monotonic_raw',
    ]);
    for (const { rateRatio, rateStandardError } of pairs) z.push(rateRatio / rateStandardError);
  }
  report('drift rate, 2 s', z);
}

/** The two deadlines part by exactly the rounding of the period in cycles, and the rate of the guest's TSC. */
function divergences() {
  const z = [];
  for (let i = 0; i < RUNS; i++) {
    const { divergence } = tscope(['timer', '--policy', 'independent', '--duration', '1s']);
    if (divergence === null) continue;
    z.push((divergence.rateRatio - divergence.predictedRateRatio) / divergence.rateStandardError);
  }
  report('timer divergence, 1 s', z);
}

/** The gauges of an agent that compares the raw clock with the counter it is made from. */
async function agentGauges() {
  const folder = mkdtempSync(join(tmpdir(), 'tscope-coverage-'));
  const port = 19_000 + Math.floor(Math.random() * 900);
  const agent = spawn(
    process.execPath,
    [
      MAIN,
      'agent',
      '--interval',
      '100ms',
      '--listen',
      `127.0.0.1:${port}`,
      '--db',
      join(folder, 'coverage.db'),
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => agent.once('exit', resolve));
  try {
    const z = [];
    // A gauge covers the last 60 samples: readings 7 s apart are of different ones.
    const until = Date.now() + Math.max(5, RUNS / 2) * 7_000;
    while (Date.now() < until) {
      await sleep(7_000);
      const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
        (reply) => reply.text(),
        () => '',
      );
      const gauge = (name) =>
        Object.fromEntries(
          [...text.matchAll(new RegExp(`^${name}\\{clock="tsc",[^}]*\\} (\\S+)$`, 'gm'))].map(
            ([line, value]) => [line.split('}')[0].split('{')[1], Number(value)],
          ),
        );
      const rates = gauge('tscope_clock_frequency_offset_ratio');
      const errors = gauge('tscope_clock_frequency_offset_standard_error_ratio');
      for (const [labels, rate] of Object.entries(rates))
        if (errors[labels] > 0) z.push(rate / errors[labels]);
    }
    if (z.length === 0) console.log('agent gauges: it showed no rate of the TSC against its reference');
    else report('agent gauges, 6 s', z);
  } finally {
    agent.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The headlines of `stop`: of the runs nine in ten must have intervals that hold the median of them all. */
function stopPrices() {
  const found = { native: [], model: [], callback: [] };
  const kernel = { value: null, reason: 'not asked' };
  const job = {
    policies: policyNames,
    guestTscKhz: Math.round(truth / 1e3),
    tscHz: truth,
    hvTimer: true,
    rounds: 500,
  };
  for (let i = 0; i < Math.min(RUNS, 20); i++) {
    const { costs, reason } = freshProcesses(job, stopDefaults.processes, quietControl);
    if (reason !== null) throw new Error(reason);
    const price = clampPriceOf(costs, truth, kernel);
    found.native.push(price.native);
    found.model.push(price.model);
    found.callback.push(callbackCostOf(costs));
  }
  const names = {
    native: 'the clamp in native code',
    model: 'the clamp in JavaScript',
    callback: 'a callback, and the stop that locks up',
  };
  for (const [key, intervals] of Object.entries(found)) {
    const middle = median(intervals.map(({ ns }) => ns));
    const held = intervals.filter(({ lowNs, highNs }) => lowNs <= middle && middle <= highNs).length;
    const half = median(intervals.map(({ lowNs, highNs }) => (highNs - lowNs) / 2));
    const isBroken = held < 0.9 * intervals.length;
    if (isBroken) broken++;
    console.log(
      `${names[key]}: median ${middle.toPrecision(3)} ns, in ${held} of ${intervals.length} intervals of about +/- ${half.toPrecision(2)} ns${isBroken ? '  BROKEN' : ''}`,
    );
  }
}

async function measured(title) {
  heading(title);
  if (only.includes('calibrate')) calibrations();
  if (only.includes('drift')) driftRates();
  if (only.includes('timer')) divergences();
  if (only.includes('agent')) await agentGauges();
  if (only.includes('stop')) stopPrices();
  if (only.includes('clock')) await clockBound(values.quick ? 3 : 8);
}

console.log(`The truth is the kernel's ratio, ${(truth / 1e6).toFixed(9)} MHz; ${RUNS} runs of each.`);
if (loads.includes('idle')) await measured('idle');
if (loads.includes('busy')) await whileBusy(() => measured('every core busy'));
const stability = join(import.meta.dirname, 'stability-coverage.mjs');
if (only.includes('stability') && existsSync(stability)) {
  console.log('\nstability: simulated noise of each kind');
  if (spawnSync(process.execPath, [stability], { stdio: 'inherit' }).status !== 0) broken++;
}
console.log(broken === 0 ? '\nEvery promise is kept.' : `\n${broken} promises are broken.`);
if (broken > 0) process.exitCode = 1;

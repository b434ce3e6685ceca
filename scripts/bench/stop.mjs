// What `tscope stop` adds to the timer model: a callback of a long recovery on this host's clocks against the one
// reading of both clocks that it has to make, whether the collector runs in the middle of one, what one callback in
// virtual time takes, and one advance under clamp against one under catch-up.
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { HostClock } from '../../dist/clock/host.js';
import { stopDefaults } from '../../dist/experiment/stop/options.js';
import { stopTask } from '../../dist/experiment/stop/task.js';

const S = 1_000_000_000n;
const ROUNDS = 7;
const READS = 1_000_000;
const control = { progress() {}, stopRequested: () => false };
const options = { ...stopDefaults, periodsNs: [200_000n], repeat: 1 };
const best = (values) => Math.min(...values);

const clock = new HostClock();
const readNs = () => {
  const begin = process.hrtime.bigint();
  for (let i = 0; i < READS; i++) clock.read();
  return Number(process.hrtime.bigint() - begin) / READS;
};

/** Collections, as [start, end] in ms of the process. */
const collections = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries())
    collections.push([startTime, startTime + duration]);
}).observe({ entryTypes: ['gc'] });

// Every policy is run before catch-up is measured: what V8 compiled for one must not slow the next.
stopTask({ ...options, stopsNs: [S] }, control);
const callbacks = [];
const reads = [];
const added = [];
for (let round = 0; round < ROUNDS; round++) {
  reads.push(readNs());
  const { rows, tickCost } = stopTask(
    { ...options, policies: ['catch-up', 'clamp'], stopsNs: [1800n * S] },
    control,
  ).result;
  callbacks.push(rows[0]);
  added.push(tickCost.find(({ policy }) => policy === 'clamp').overCatchUpNs);
}
await setImmediate();
const before = collections.length;
const { rows } = stopTask({ ...options, policies: ['catch-up'], stopsNs: [7200n * S] }, control).result;
await setImmediate();

const simulation = { callbackNs: 79n, exitNs: 1000n };
const cpu = process.cpuUsage();
const simulated = stopTask(
  { ...options, policies: ['catch-up'], stopsNs: [7200n * S], simulate: simulation },
  control,
).result.rows[0];
const { user, system } = process.cpuUsage(cpu);

const read = best(reads);
const callback = best(callbacks.map(({ callbackNs }) => callbackNs.mean));
console.log(
  `a callback of a recovery     ${callback.toFixed(1)} ns; one read of both clocks ${read.toFixed(1)} ns; ratio ${(callback / read).toFixed(3)}`,
);
console.log(`  median of each round       ${callbacks.map(({ callbackNs }) => callbackNs.p50).join(' ')} ns`);
console.log(
  `collections                  ${collections.length - before} around ${rows[0].callbacks} callbacks in a row`,
);
console.log(
  `a callback in virtual time   ${(((user + system) * 1e3) / simulated.callbacks).toFixed(1)} ns of CPU`,
);
console.log(`one advance, clamp - catch-up ${added.map((ns) => ns.toFixed(2)).join(' ')} ns`);

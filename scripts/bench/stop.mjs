// What `tscope stop` adds to the timer model: a callback of a long recovery on this host's clocks against the one
// reading of both clocks that it has to make, how often the collector runs in the middle of one, what a callback in
// virtual time takes, and one advance under clamp against one under catch-up.
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { HostClock } from '../../dist/clock/host.js';
import { stopDefaults } from '../../dist/tasks/stop/options.js';
import { stopTask } from '../../dist/tasks/stop/task.js';

const S = 1_000_000_000n;
const HOUR = 3600n * S;
const quickly = process.argv.includes('--quick');
const [ROUNDS, PRICES, PROCESSES] = quickly ? [2, 1, 2] : [7, 3, 12];
const READS = 1_000_000;
const options = { ...stopDefaults, periodsNs: [200_000n], processes: 0 };
const quiet = { progress() {}, cancelled: () => false };
const best = (values) => Math.min(...values);
const rowOf = ({ rows }, policy, stopNs) =>
  rows.find((row) => row.policy === policy && row.stopNs === Number(stopNs));

/** Collections that began within [from, to), ms of the process. */
const collections = [];
new PerformanceObserver((list) => {
  for (const { startTime } of list.getEntries()) collections.push(startTime);
}).observe({ entryTypes: ['gc'] });

// As a user runs it: every policy in turn, in a process that has done nothing else.
const ends = [];
const marks = { ...quiet, progress: (done) => Number.isInteger(done) && ends.push(performance.now()) };
const { result } = stopTask({ ...options, stopsNs: [S, HOUR], repeat: 1 }, marks);
await setImmediate();
const index = options.policies.length + options.policies.indexOf('catch-up');
const during = collections.filter((at) => at >= ends[index - 1] && at < ends[index]).length;
const whole = rowOf(result, 'catch-up', HOUR);

const clock = new HostClock();
function readNs() {
  const begin = process.hrtime.bigint();
  for (let i = 0; i < READS; i++) clock.read();
  return Number(process.hrtime.bigint() - begin) / READS;
}
const callbacks = [whole.callbackNs];
const reads = [readNs()];
for (let round = 1; round < ROUNDS; round++) {
  reads.push(readNs());
  const { rows } = stopTask(
    { ...options, policies: ['catch-up', 'clamp'], stopsNs: [HOUR / 2n], repeat: 1 },
    quiet,
  ).result;
  callbacks.push(rows[0].callbackNs);
}

const prices = [];
for (let round = 0; round < PRICES; round++) {
  const { clampPrice } = stopTask(
    { ...options, policies: ['clamp'], stopsNs: [S], repeat: 1, processes: PROCESSES },
    quiet,
  ).result;
  prices.push(clampPrice);
}

const cpu = process.cpuUsage();
const simulation = { callbackNs: 79n, exitNs: 1000n };
const simulated = stopTask(
  { ...options, policies: ['catch-up'], stopsNs: [2n * HOUR], simulate: simulation },
  quiet,
).result.rows[0];
const { user, system } = process.cpuUsage(cpu);

const callback = best(callbacks.map(({ mean }) => mean));
const read = best(reads);
console.log(
  `a callback of a recovery       ${callback.toFixed(1)} ns; one read of both clocks ${read.toFixed(1)} ns; ratio ${(callback / read).toFixed(3)}`,
);
console.log(`  median of each round         ${callbacks.map(({ p50 }) => p50).join(' ')} ns`);
console.log(`collections in the middle      ${during} in ${whole.callbacks} callbacks in a row`);
console.log(
  `a callback in virtual time     ${(((user + system) * 1e3) / simulated.callbacks).toFixed(1)} ns of CPU`,
);
const interval = ({ ns, lowNs, highNs }) => `${ns.toFixed(2)} (${lowNs.toFixed(2)} to ${highNs.toFixed(2)})`;
console.log(`clamp - catch-up, native code  ${prices.map(({ native }) => interval(native)).join('  ')} ns`);
console.log(`clamp - catch-up, this model   ${prices.map(({ model }) => interval(model)).join('  ')} ns`);

// Whether `tscope kvm` says the same in every run, and leaves nothing behind when it is killed. Needs root.
//   node scripts/bench/kvm.mjs [--runs 50] [--kills 100] [--only root,user,busy,kills]
// `root`: the verdict, the kernel's trace expiry by expiry beside the model, and how far a callback's cost is the same
// from run to run. `user`: somebody who may open /dev/kvm and nothing else. `busy`: with every other CPU spinning.
// `kills`: SIGKILL at random moments; then one run to its end, after which nothing may be left.
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { whileBusy } from '../while-busy.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '50' },
    kills: { type: 'string', default: '100' },
    only: { type: 'string', default: 'root,user,busy,kills' },
  },
});
const [runs, kills] = [Number(values.runs), Number(values.kills)];
const parts = values.only.split(',');

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');
const SHORT = ['kvm', '--stop', '300ms', '--ticks', '100', '--json'];
const TRACING = '/sys/kernel/tracing';
const folder = mkdtempSync(join(tmpdir(), 'tscope-bench-kvm-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** A run goes with this process, however that ends. */
const TIED = ['setpriv', '--pdeathsig', 'KILL', '--'];

/** One run as somebody, to its end. */
function runAs(prefix) {
  const [program, ...args] = [...prefix, process.execPath, MAIN, ...SHORT];
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0 && status !== 1) throw new Error(`exit ${status}: ${stderr}`);
  return JSON.parse(stdout).result;
}

const countBy = (words) =>
  [...new Set(words)].map((word) => `${word} ${words.filter((one) => one === word).length}`).join(', ');

function repeat(name, prefix) {
  const results = [];
  const begun = performance.now();
  for (let i = 0; i < runs; i++) results.push(runAs(prefix));
  const seconds = (performance.now() - begun) / 1000 / runs;
  console.log(
    `${name}: ${runs} runs of ${seconds.toFixed(1)} s: verdict ${countBy(results.map(({ verdict }) => verdict))}`,
  );
  console.log(`  forced delays alone: ${countBy(results.map(({ stall }) => stall.verdict))}`);
  for (const { stall } of results.filter(({ stall }) => stall.verdict === 'inconclusive'))
    console.log(`  ${stall.explanation}`);
  const usual = results[0]?.verdict;
  const odd = results.filter(({ verdict }) => verdict === 'inconclusive' || verdict !== usual);
  for (const { verdict, explanation } of odd) console.log(`  ${verdict}: ${explanation}`);
  const traces = results.map(({ trace }) => trace).filter(({ available }) => available);
  const sum = (of) => traces.reduce((total, trace) => total + of(trace), 0);
  const expiries = sum((trace) => trace.expiries);
  const off = expiries - sum((trace) => Math.max(...Object.values(trace.agree)));
  console.log(
    traces.length === 0
      ? `  no trace: ${countBy(results.map(({ trace }) => trace.reason))}`
      : `  ${traces.length} traces: ${expiries} expiries, ${sum((trace) => trace.late)} late, ${off} differ from the model, ${sum((trace) => trace.lost)} lost`,
  );
  const costs = traces.flatMap(({ callbackNs }) => callbackNs ?? []).sort((a, b) => a.p50 - b.p50);
  const middle = costs[costs.length >> 1];
  if (middle !== undefined) {
    const inside = costs.filter(({ p50 }) => p50 >= middle.low && p50 <= middle.high).length;
    const hold = costs.filter(({ low, high }) => low <= middle.p50 && middle.p50 <= high).length;
    console.log(
      `  a callback: ${costs[0].p50} to ${costs.at(-1).p50} ns, median run ${middle.p50} (${middle.low} to ${middle.high}); ` +
        `${hold} of ${costs.length} intervals hold the median, ${inside} figures lie in the median run's interval`,
    );
  }
  if (off > 0 || odd.length > 0) process.exitCode = 1;
}

/** A command as a user who may open /dev/kvm alone, by a device of their own in a mount namespace. */
function user() {
  const device = join(folder, 'kvm');
  const make = `mknod ${device} c 10 232 && chown 0:65534 ${device} && chmod 660 ${device}`;
  spawnSync('sh', ['-ec', make], { stdio: 'inherit' });
  const inside = `mount --bind ${device} /dev/kvm; exec setpriv --reuid=65534 --regid=65534 --clear-groups --pdeathsig KILL "$@"`;
  return ['unshare', '-m', 'sh', '-ec', inside, 'sh'];
}

const instances = () => readdirSync(join(TRACING, 'instances')).sort();

/** Instances of runs that are over. */
const leftBehind = () =>
  instances().filter((name) => {
    const pid = /^tscope-(\d+)-/.exec(name)?.[1];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  });

/** What a run must not change of the host's tracing, and of an instance that is somebody else's. */
function tracing(other) {
  const files = ['tracing_on', 'current_tracer', 'trace_clock', 'set_event', 'buffer_size_kb'];
  const contents = [TRACING, other].flatMap((at) =>
    files.map((file) => readFileSync(join(at, file), 'utf8')),
  );
  return JSON.stringify([instances().filter((name) => !name.startsWith('tscope-')), contents]);
}

/** The command, its forks, and the process that owns the guest of the stop by SIGSTOP. */
const OURS = [`${MAIN}\0kvm`, join(import.meta.dirname, '../../dist/kvm/sigstop-child')];

const processes = () =>
  readdirSync('/proc').filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return /^\d+$/.test(pid) && OURS.some((one) => words.includes(one));
    } catch {
      return false;
    }
  });

async function killed() {
  const other = join(TRACING, 'instances', `somebody-else-${process.pid}`);
  mkdirSync(other);
  try {
    writeFileSync(join(other, 'tracing_on'), '0');
    const before = { tracing: tracing(other), processes: processes().length };
    const begun = performance.now();
    runAs(TIED);
    const whole = performance.now() - begun;
    let slowest = 0;
    for (let i = 0; i < kills; i++) {
      const [program, ...tie] = TIED;
      const child = spawn(program, [...tie, process.execPath, MAIN, ...SHORT], { stdio: 'ignore' });
      await setTimeout(Math.random() * whole);
      child.kill('SIGKILL');
      const at = performance.now();
      while (processes().length > before.processes && performance.now() - at < 10_000) await setTimeout(5);
      slowest = Math.max(slowest, performance.now() - at);
    }
    const left = leftBehind().length;
    runAs(TIED);
    const doubts = [
      ...(tracing(other) === before.tracing ? [] : ["the host's tracing was changed"]),
      ...leftBehind(),
      ...(processes().length === before.processes ? [] : ['a process lives on']),
    ];
    const clean = doubts.length === 0;
    console.log(
      `kills: ${kills} at random moments of ${(whole / 1000).toFixed(1)} s; the last process was gone after ${slowest.toFixed(0)} ms at most; ` +
        `${left} traces were left for the next run; after it ${clean ? 'nothing is left, and nothing else was touched' : doubts.join(', ')}`,
    );
    if (!clean) process.exitCode = 1;
  } finally {
    rmdirSync(other);
  }
}

if (parts.includes('root')) repeat('root', TIED);
if (parts.includes('user')) repeat('user', user());
if (parts.includes('busy')) {
  const cpus = availableParallelism();
  await whileBusy(() => repeat(`${cpus - 1} of ${cpus} CPUs busy`, TIED), cpus - 1);
}
if (parts.includes('kills')) await killed();

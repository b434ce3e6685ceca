#!/usr/bin/env node
// tscope's live timer beside cyclictest (Debian package rt-tests): same period, priority and CPU, in turns, so that
// whatever else the host does meets both: many short runs, because tails move from second to second. Needs root for SCHED_FIFO. Import from dist/: build first.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { median, sorted } from '../dist/statistics.js';
import { runCyclictest } from '../dist/tasks/timer/cyclictest.js';

const run = promisify(execFile);
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '25' },
    seconds: { type: 'string', default: '2' },
    'period-us': { type: 'string', default: '1000' },
    priority: { type: 'string', default: '80' },
    cpu: { type: 'string', default: '1' },
  },
});
const [runs, seconds, periodUs] = [values.runs, values.seconds, values['period-us']].map(Number);
const cli = join(import.meta.dirname, '../dist/cli/main.js');

async function cyclictest() {
  const found = await runCyclictest(
    {
      periodNs: BigInt(periodUs) * 1000n,
      durationNs: BigInt(seconds) * 1_000_000_000n,
      quiet: { cpu: Number(values.cpu), priority: Number(values.priority) },
    },
    new AbortController().signal,
  );
  return found.latenessNs;
}

async function tscope(backend) {
  const { stdout } = await run(process.execPath, [
    ...[cli, 'timer', '--json', '--backend', backend, '--period', `${periodUs}us`],
    ...['--duration', `${seconds}s`, '--priority', values.priority, '--cpu', values.cpu],
  ]);
  const { warnings, result } = JSON.parse(stdout);
  for (const { message } of warnings) console.warn(`warning: ${message}`);
  return result.latenessNs;
}

const contestants = {
  cyclictest,
  hrtimer: () => tscope('hrtimer'),
  hybrid: () => tscope('hybrid'),
};
const names = Object.keys(contestants);
const figures = Object.fromEntries(names.map((name) => [name, []]));
for (let i = 0; i < runs; i++) {
  for (let turn = 0; turn < names.length; turn++) {
    const name = names[(turn + i) % names.length];
    figures[name].push(await contestants[name]());
  }
}

/** Order statistics between which the true median lies with 95 % (binomial; David and Nagaraja, 7.1). */
function medianInterval(ratios) {
  const reach = 0.98 * Math.sqrt(ratios.length);
  const at = (rank) => ratios[Math.min(ratios.length - 1, Math.max(0, Math.round(rank)))];
  return [at(ratios.length / 2 - reach - 0.5), at(ratios.length / 2 + reach - 0.5)];
}
const us = (ns) => (ns / 1000).toFixed(2).padStart(8);
console.log(
  `lateness in us, every ${periodUs} us for ${seconds} s, SCHED_FIFO ${values.priority}, CPU ${values.cpu}, ${runs} runs in turns`,
);
console.log('                 p50 of each run, then p99 of each run');
for (const name of names) {
  for (const p of ['p50', 'p99']) {
    console.log(
      `${name.padEnd(11)} ${p} ${figures[name].map((run) => us(run[p])).join(' ')}   median ${us(median(figures[name].map((run) => run[p])))}`,
    );
  }
}
for (const name of ['hrtimer', 'hybrid']) {
  for (const p of ['p50', 'p99']) {
    const [own, peer] = [name, 'cyclictest'].map((of) => figures[of].map((run) => run[p]));
    const ratios = sorted(own.map((ns, i) => ns / peer[i]));
    console.log(
      `${name} / cyclictest at ${p}: median of the ratios ${median(ratios).toFixed(4)} (95 %: ${medianInterval(
        ratios,
      )
        .map((ratio) => ratio.toFixed(4))
        .join(' to ')}; all: ${ratios[0].toFixed(4)} to ${ratios.at(-1).toFixed(4)})`,
    );
  }
}

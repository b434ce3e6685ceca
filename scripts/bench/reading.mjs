// What a read costs: a batched triple against the same loop in C, and one (ktime, TSC) read from JavaScript
// against two process.hrtime.bigint(). Both sides of a ratio take turns, so that noise hits both.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { HostClock } from '../../dist/clock/host.js';
import { native } from '../../dist/native.js';

const ROUNDS = 40;
const ROWS = 100_000;
const MONOTONIC_RAW = 4;

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const nsPer = (count, work) => {
  const begin = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - begin) / count;
};

/** A C program that measures its loop each time it is asked. */
async function withC(use) {
  const folder = mkdtempSync(join(tmpdir(), 'tscope-bench-'));
  try {
    const program = join(folder, 'triples');
    execFileSync('gcc', ['-O2', '-o', program, join(import.meta.dirname, 'triples.c')]);
    const child = spawn(program);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    await use(async () => {
      child.stdin.write('\n');
      return Number((await lines.next()).value);
    });
    child.stdin.end();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const addon = native();
const rows = new BigInt64Array(4 * ROWS);
const clock = new HostClock();
const samples = { triple: [], c: [], pair: [], hrtime: [] };
await withC(async (measureC) => {
  for (let round = 0; round < ROUNDS; round++) {
    samples.triple.push(nsPer(ROWS, () => addon.readBrackets(MONOTONIC_RAW, false, rows)));
    samples.c.push(await measureC());
    samples.pair.push(
      nsPer(ROWS, () => {
        for (let i = 0; i < ROWS; i++) clock.read();
      }),
    );
    samples.hrtime.push(
      nsPer(ROWS, () => {
        for (let i = 0; i < ROWS; i++) {
          process.hrtime.bigint();
          process.hrtime.bigint();
        }
      }),
    );
  }
});

const [triple, c, pair, hrtime] = ['triple', 'c', 'pair', 'hrtime'].map((name) => median(samples[name]));
console.log(
  `a batched triple             ${triple.toFixed(1)} ns; in C ${c.toFixed(1)} ns; ratio ${(triple / c).toFixed(3)}`,
);
console.log(
  `one (ktime, TSC) read in JS  ${pair.toFixed(1)} ns; two hrtime.bigint() ${hrtime.toFixed(1)} ns; ratio ${(pair / hrtime).toFixed(3)}`,
);
console.log(`median of ${ROUNDS} rounds of ${ROWS} reads each, taken in turns`);

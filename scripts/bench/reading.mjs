// What a read costs: a batched triple against the same loop in C, and one (ktime, TSC) read from JavaScript
// against two process.hrtime.bigint(). Both sides of a ratio take turns, so that noise hits both.
import { join } from 'node:path';
import { HostClock } from '../../dist/clock/host.js';
import { native } from '../../dist/native.js';
import { median } from '../../dist/statistics.js';
import { withC } from '../c-program.mjs';

const ROUNDS = process.argv.includes('--quick') ? 2 : 40;
/** What one call of the addon takes. */
const ROWS = 65_536;
const MONOTONIC_RAW = 4;

const nsPer = (count, work) => {
  const begin = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - begin) / count;
};

const addon = native();
const rows = new BigInt64Array(4 * ROWS);
const clock = new HostClock();
const samples = { triple: [], c: [], pair: [], hrtime: [] };
await withC(join(import.meta.dirname, 'triples.c'), async (measureC) => {
  for (let round = 0; round < ROUNDS; round++) {
    samples.triple.push(nsPer(ROWS, () => addon.readBrackets(MONOTONIC_RAW, false, rows)));
    samples.c.push(...(await measureC()));
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

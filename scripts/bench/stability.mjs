// A day at 10 Hz (864,000 points), octave taus: every estimator, and reading such a record from text. The yardstick is a
// plain sum of squares over the same points, once for each averaging time.
//
// node scripts/bench/stability.mjs [text]: `text` measures reading alone, and read and analysed with times and gaps.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quietControl } from '../../dist/clock/control.js';
import { analyseStability } from '../../dist/stability/analyse.js';
import { ESTIMATOR_NAMES } from '../../dist/stability/estimators.js';
import { frequencySeries, phaseSeries } from '../../dist/stability/series.js';
import { readRecordFile } from '../../dist/tasks/stability.js';

const [POINTS, ROUNDS] = process.argv.includes('--quick') ? [2_160, 1] : [864_000, 5];
/** Estimators that take longer than this are run once. */
const LONG_MS = 5_000;

const ms = (work) => {
  const begin = performance.now();
  work();
  return performance.now() - begin;
};
const best = (work) => {
  const first = ms(work);
  return first > LONG_MS ? first : Math.min(first, ...Array.from({ length: ROUNDS - 1 }, () => ms(work)));
};

let walk = 0;
const frequency = Float64Array.from({ length: POINTS }, () => 1e-6 + (Math.random() - 0.5) * 1e-11);
const phase = frequency.map((y) => {
  walk += y * 0.1;
  return walk;
});
const gapped = frequency.map((y, i) => (i % 1000 === 7 ? Number.NaN : y));
const octaves = Math.floor(Math.log2(POINTS));

let sink = 0;
const yardstick = best(() => {
  for (let k = 0; k < octaves; k++) {
    let sum = 0;
    for (let i = 0; i < POINTS; i++) sum += phase[i] * phase[i];
    sink += sum;
  }
});

const say = (what, took) =>
  console.log(
    `${what.padEnd(46)} ${took.toFixed(0).padStart(6)} ms  ${(took / yardstick).toFixed(1).padStart(6)} x the sum of squares`,
  );
const analyse = (series, estimators) => () =>
  analyseStability(series, { estimators, taus: 'octave', confidence: 0.95 }, quietControl);

// What `tscope stability` computes unless others are named, without mtie.
const allButMtie = ['adev', 'oadev', 'mdev', 'tdev', 'hdev', 'ohdev', 'totdev'];
say('the yardstick', yardstick);
if (process.argv[2] !== 'text') {
  for (const name of ESTIMATOR_NAMES) say(name, best(analyse(phaseSeries(phase, 0.1), [name])));
  say('all but mtie, from phase', best(analyse(phaseSeries(phase, 0.1), allButMtie)));
  say('all but mtie, from frequency with gaps', best(analyse(frequencySeries(gapped, 0.1), allButMtie)));
}

const folder = mkdtempSync(join(tmpdir(), 'tscope-bench-'));
const path = join(folder, 'phase.txt');
writeFileSync(path, phase.join('\n'));
const timed = join(folder, 'timed.txt');
writeFileSync(
  timed,
  [...phase]
    .flatMap((x, i) => (i % 1000 === 7 ? [] : [`${(60310 + (i * 0.1) / 86400).toFixed(9)} ${x}`]))
    .join('\n'),
);
const reading = async (file, options) => {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const begin = performance.now();
    await readRecordFile(file, options);
    least = Math.min(least, performance.now() - begin);
  }
  return least;
};
say('reading one number a line', await reading(path, { tau0: 0.1 }));
say('reading MJD and a number, with gaps', await reading(timed, {}));

/** Reading and analysing what `tscope stability` does. */
const whole = async (file, options) => {
  const begin = performance.now();
  const { values, tau0 } = await readRecordFile(file, options);
  analyse(phaseSeries(values, tau0), [...allButMtie, 'mtie'])();
  return performance.now() - begin;
};
// In turns, so that what else the machine does falls on both.
const rounds = [];
for (let round = 0; round < ROUNDS; round++)
  rounds.push([await whole(path, { tau0: 0.1 }), await whole(timed, {})]);
say('one number a line, read and analysed', Math.min(...rounds.map(([plain]) => plain)));
say('MJD and a number with gaps, read and analysed', Math.min(...rounds.map(([, gappy]) => gappy)));
const ratios = rounds.map(([plain, gappy]) => gappy / plain).sort((a, b) => a - b);
console.log(
  `${ratios[ROUNDS >> 1].toFixed(2)} times, the median of ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')} (at most 1.5)`,
);
rmSync(folder, { recursive: true });
if (!Number.isFinite(sink)) throw new Error('the yardstick was not computed');

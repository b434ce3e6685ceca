#!/usr/bin/env node
// How fast the TSC deadline leaves the ktime deadline, measured and predicted, for the period near 1 ms whose cycle count
// loses least to rounding on this host and for the one that loses most. Under `independent` it drifts by that rounding and
// by the error of the rate that KVM was told; under `clamp` it must not. Import from dist/: build first.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { nsecToCycles, timeScale } from '../dist/lapic/time-scale.js';

const run = promisify(execFile);
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    backend: { type: 'string', default: 'tsc' },
    cpu: { type: 'string', default: '1' },
  },
});
const cli = join(import.meta.dirname, '../dist/cli/main.js');

async function timer(policy, period, duration) {
  const { stdout } = await run(process.execPath, [
    ...[cli, 'timer', '--json', '--backend', values.backend, '--policy', policy, '--cpu', values.cpu],
    ...['--period', `${period}ns`, '--duration', duration],
  ]);
  return JSON.parse(stdout).result;
}

/** The part of a cycle that the rounding of a period cuts off. */
function lostTo(period, khz) {
  const cycles = (Number(period) * khz) / 1e6;
  return cycles - Number(nsecToCycles(timeScale(khz), period));
}

const ppb = (ratio) => (ratio * 1e9).toFixed(3).padStart(10);
const { guestTscKhz } = await timer('clamp', 1_000_000, '100ms');
const periods = Array.from({ length: 1001 }, (_, i) => 1_000_000n + BigInt(i)).sort(
  (a, b) => lostTo(a, guestTscKhz) - lostTo(b, guestTscKhz),
);
console.log(
  `${values.backend} backend, ${values.seconds} s each, the guest's TSC at ${guestTscKhz} kHz; rates in ppb`,
);
console.log('policy       period       cycles lost   measured  +/- 1 s.e.  predicted, from         to');
for (const policy of ['independent', 'clamp']) {
  for (const period of [periods[0], periods.at(-1)]) {
    const { divergence } = await timer(policy, period, `${values.seconds}s`);
    const { rateRatio, rateStandardError, predictedLowRatio: low, predictedHighRatio: high } = divergence;
    const off = Math.max(0, low - rateRatio, rateRatio - high);
    // The interval is that of the prediction; the measurement has an error of its own.
    const agrees = off <= 3 * rateStandardError;
    if (!agrees) process.exitCode = 1;
    console.log(
      `${policy.padEnd(12)} ${period} ns ${lostTo(period, guestTscKhz).toFixed(4).padStart(11)} ${ppb(rateRatio)} ${ppb(rateStandardError)} ${ppb(divergence.predictedRateRatio)} ${ppb(low)} ${ppb(high)}  ${off === 0 ? 'within' : agrees ? 'within 3 s.e.' : 'DIFFERS'}`,
    );
  }
}

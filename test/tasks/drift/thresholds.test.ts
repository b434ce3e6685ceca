import { expect, test } from 'vitest';
import { quietControl } from '../../../src/clock/control.ts';
import type { ClockName } from '../../../src/host/clocks.ts';
import { analysePhase } from '../../../src/tasks/drift/analysis.ts';
import { drift } from '../../../src/tasks/drift/drift.ts';
import { EventLog, watchCounter } from '../../../src/tasks/drift/events.ts';
import { JumpDetector } from '../../../src/tasks/drift/jumps.ts';
import { fittedRate, known } from '../../../src/tasks/drift/rate.ts';
import { Sampler } from '../../../src/tasks/drift/sampler.ts';
import { phaseNoise, seedOf } from '../../stability/records.ts';
import { scriptedHost } from './scripted-host.ts';

/** What a detector says of a clock that stands at 0 for a while and then at `ns`, its phases known to `bound`. */
function stepBy(ns: number, bound: number, everyNs: number, before: (i: number) => number = () => 0) {
  const detector = new JumpDetector();
  const push = (i: number, phase: number) => detector.push((i + 1) * everyNs, phase, bound);
  for (let i = 0; i < 64; i++) push(i, before(i));
  push(64, before(64) + ns);
  return push(65, before(65) + ns);
}

test('a jump is one beyond both windows and a rate that wanders by 100 ppb', () => {
  // 1 ns for each of two windows, and 10 ms * 1e-7.
  expect(stepBy(3, 1, 1e7)).toBeNull();
  expect(stepBy(3.01, 1, 1e7)).toEqual({ kind: 'step', ns: 3.01 });
  expect(stepBy(12, 1, 1e8)).toBeNull();
  expect(stepBy(12.01, 1, 1e8)).toMatchObject({ kind: 'step' });
});

test('and beyond eight times the usual residual', () => {
  // Every sample lies 2 ns from the last, above it and below it by turns.
  const noisy = (i: number) => (i % 2 === 0 ? 1 : -1);
  expect(stepBy(12.5, 0, 1, noisy)).toBeNull();
  expect(stepBy(16, 0, 1, noisy)).toMatchObject({ kind: 'step' });
});

/** A sampler of a clock whose brackets are as wide as `windows` says, burst by burst, ns. */
function sampled(windows: readonly number[]): boolean[] {
  let burst = 0;
  const source = {
    readBrackets: (_clock: ClockName, rows: BigInt64Array) => {
      const width = BigInt(windows[Math.max(0, burst - 2)] ?? 100);
      burst += 1;
      for (let i = 0; i < rows.length; i += 4) {
        const before = BigInt(burst) * 1_000_000n;
        rows.set([before, before, before + width, 0n], i);
      }
    },
  };
  // The first two bursts warm the caches and give the origin.
  const sampler = new Sampler(source, ['monotonic'], 1e9);
  return windows.map(() => {
    sampler.take();
    return sampler.clocks[0]?.fresh ?? false;
  });
}

test('a burst counts up to three times the narrowest window and 20 ns', () => {
  expect(sampled([100, 320, 321, 100])).toEqual([true, true, false, true]);
});

test('the eighth wide burst in a row is the new normal', () => {
  const wide = Array.from({ length: 8 }, () => 1000);
  expect(sampled([100, ...wide])).toEqual([true, ...wide.map((_, i) => i === 7)]);
  expect(sampled([100, ...wide.slice(1), 100, 1000])).toEqual([
    true,
    ...wide.slice(1).map(() => false),
    true,
    false,
  ]);
});

test('a thousand events are kept, more are counted', () => {
  const log = new EventLog();
  for (let i = 0; i < 1001; i++) log.add(new Date(0), 'step', '');
  expect([log.events.length, log.dropped]).toEqual([1000, 1]);
});

test('a counter that grows by as much as is asked for is an event', () => {
  let value = 0;
  const watch = watchCounter(
    'steal',
    () => value,
    5,
    (ticks) => `${ticks}`,
  );
  value += 4;
  expect(watch()).toEqual([]);
  value += 5;
  expect(watch()).toEqual([{ kind: 'steal', detail: '5' }]);
});

test('the usual rate and noise are of sixteen samples', () => {
  // Known to 100 ns each, still for 64 samples, then 160 ns ahead: rate and noise become a sixteenth of that.
  const after = (moved: number) => {
    const detector = new JumpDetector();
    for (let i = 1; i <= 64; i++) detector.push(i, 0, 100);
    detector.push(65, 160, 100);
    detector.push(66, 160 + moved, 100);
    return detector.push(67, 160 + moved + 10, 100);
  };
  // 10 ns by the rate, 200 by the windows, 8 * 10 by the noise.
  expect(after(290)).toBeNull();
  expect(after(290.1)).toEqual({ kind: 'step', ns: expect.closeTo(280.1, 9) });
});

test('CLOCK_BOOTTIME that gains more than a microsecond on CLOCK_MONOTONIC slept', () => {
  const events = (gainedNs: number) =>
    drift(
      scriptedHost({ errors: { boottime: (ns) => (ns < 1.05e9 ? 0 : gainedNs) } }),
      { durationNs: 2e9, intervalNs: 1e8, clocks: ['tsc'], reference: 'monotonic_raw' },
      quietControl,
    ).pairs[0]?.events.map(({ kind }) => kind);
  expect(events(1000)).toEqual([]);
  expect(events(1001)).toEqual(['suspend']);
});

test('the rate is a fitted line in phase noise from flicker on, and from end to end in frequency noise', () => {
  const rates = (alpha: number) => {
    const phase = phaseNoise(alpha, 256, seedOf(3)).map((ns) => 100 * ns);
    const { rateRatio } = analysePhase(phase, 1e8);
    const ends = ((phase.at(-1) as number) - (phase[0] as number)) / 255e8;
    return { rateRatio, fitted: fittedRate(known(phase, 1e8)).rateRatio, ends };
  };
  for (const alpha of [1, 2]) {
    const { rateRatio, fitted } = rates(alpha);
    expect(rateRatio).toBe(fitted);
  }
  for (const alpha of [-1, 0]) {
    const { rateRatio, ends } = rates(alpha);
    expect(rateRatio).toBe(ends);
  }
});

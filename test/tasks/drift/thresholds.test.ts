import { expect, test } from 'vitest';
import type { ClockName } from '../../../src/host/clocks.ts';
import { EventLog, watchCounter } from '../../../src/tasks/drift/events.ts';
import { JumpDetector } from '../../../src/tasks/drift/jumps.ts';
import { Sampler } from '../../../src/tasks/drift/sampler.ts';

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
  expect(stepBy(3.01, 1, 1e7)).toEqual({ kind: 'step', ns: 3.01, ago: 1 });
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

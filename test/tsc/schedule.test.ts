import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import type { ClockName } from '../../src/host/clocks.ts';
import { known } from '../../src/host/fact.ts';
import { readingsEveryNs } from '../../src/tsc/clock-readings.ts';
import { pauseAt, record } from '../../src/tsc/schedule.ts';

const MS = 1e6;
const S = 1e9;

test('a short run is sampled evenly, a long one densely at its ends and about 4096 times between them', () => {
  // In the middle of the jitter.
  const pause = (elapsedNs: number, durationNs: number) => pauseAt(elapsedNs, durationNs, 0.5);
  expect([pause(0, MS), pause(9 * MS, 10 * MS), pause(0, 20 * MS)]).toEqual(
    [1, 10, 20].map((ms) => (ms * MS) / 1024),
  );
  const dense = (2 * MS) / 256;
  const long = 100 * MS;
  expect([pause(0, long), pause(2 * MS - 1, long), pause(98 * MS, long), pause(101 * MS, long)]).toEqual([
    dense,
    dense,
    dense,
    dense,
  ]);
  expect([pause(2 * MS, long), pause(95 * MS, long), pause(97 * MS, long)]).toEqual([2 * MS, 2 * MS, 1 * MS]);
  expect(pause(10 * S, 40.96 * S)).toBe(10 * MS);
  expect(pauseAt(0, 20 * MS + 1, 0.5)).toBe(dense);
});

test('pauses are half to one and a half times as long as they are on average', () => {
  for (const [elapsed, duration] of [
    [0, MS],
    [0, S],
    [S / 2, S],
  ] as const) {
    const [least, mean, most] = [0, 0.5, 1].map((chance) => pauseAt(elapsed, duration, chance));
    expect([(least ?? 0) / (mean ?? 1), (most ?? 0) / (mean ?? 1)]).toEqual([0.5, 1.5]);
  }
});

test('the other clocks are read 512 times a run, at most each ms and at least each second', () => {
  expect([100 * MS, 512 * MS, 1024 * MS, 512 * S, 86_400 * S].map(readingsEveryNs)).toEqual([
    MS,
    MS,
    2 * MS,
    S,
    S,
  ]);
});

/** A host whose time passes only as it is waited for. */
function waitedHost() {
  const asked: { clock: ClockName; rows: number }[] = [];
  const waits: number[] = [];
  let now = 0;
  return {
    asked,
    waits,
    source: {
      readBrackets: (clock: ClockName, out: BigInt64Array) => {
        asked.push({ clock, rows: out.length / 4 });
        for (let i = 0; i < out.length; i += 4)
          out.set([BigInt(Math.round(now)), BigInt(Math.round(now)), BigInt(Math.round(now)) + 1n, 0n], i);
      },
      wait: (ns: number) => {
        waits.push(ns);
        now += ns;
      },
      random: () => 0.5,
      clocksource: () => known('tsc', 'test'),
    },
  };
}

test('a run: four batches to warm up, one that it counts from, one after each pause, 32 to close it', () => {
  const { source, asked, waits } = waitedHost();
  const { log, readings } = record({ clock: 'tai', durationNs: 10 * MS }, source, quietControl);
  expect(waits).toHaveLength(1024);
  expect(log.batches).toBe(1 + 1025 + 32);
  expect(asked.filter(({ clock }) => clock === 'tai')).toHaveLength(4 + 1 + 1025 + 32);
  expect(new Set(asked.map(({ clock, rows }) => `${clock} ${rows}`))).toEqual(
    new Set(['tai 16', 'realtime 4', 'monotonic 4', 'boottime 4', 'monotonic_raw 4']),
  );
  // At the start, a ms or the one pause more after the last time, and at the end.
  expect(readings.map(({ batch }) => batch)).toEqual([
    0,
    ...Array.from({ length: 9 }, (_, i) => 2 + 103 * (i + 1)),
    1058,
  ]);
});

test('no wait is longer than a tenth of a second, and a run that is cancelled ends after it', () => {
  const { source, waits } = waitedHost();
  let asked = 0;
  const control = { progress: () => {}, cancelled: () => ++asked > 2000 };
  const days = 30 * 86_400 * S;
  const { log } = record({ clock: 'monotonic_raw', durationNs: days }, source, control);
  expect(Math.max(...waits)).toBe(100 * MS);
  expect(waits.length).toBeLessThan(2000);
  // Past the dense beginning a pause takes many waits, and the batches follow it.
  expect(log.batches).toBeLessThan(256 + 3 + 32 + 10);
});

test('progress is told each 50 ms of a run', () => {
  const { source } = waitedHost();
  const told: number[] = [];
  const control = {
    progress: (done: number, of: number) => {
      expect(of).toBe(300 * MS);
      told.push(done);
    },
    cancelled: () => false,
  };
  record({ clock: 'monotonic', durationNs: 300 * MS }, source, control);
  expect(told).toHaveLength(5);
  for (const [i, done] of told.entries()) {
    expect(done - (told[i - 1] ?? 0)).toBeGreaterThanOrEqual(50 * MS);
    expect(done - (told[i - 1] ?? 0)).toBeLessThan(53 * MS);
  }
});

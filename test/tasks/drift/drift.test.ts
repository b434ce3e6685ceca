import { expect, test } from 'vitest';
import { quietControl } from '../../../src/clock/control.ts';
import type { DriftEvent, DriftPair } from '../../../src/schema/drift.ts';
import { driftResultSchema } from '../../../src/schema/drift.ts';
import { type DriftOptions, drift } from '../../../src/tasks/drift/drift.ts';
import { watchCounter, watchName } from '../../../src/tasks/drift/events.ts';
import { type Script, scriptedHost, seededNoise } from './scripted-host.ts';

const INTERVAL = 100_000_000;
const CLOCKS = ['tsc', 'monotonic', 'monotonic_raw', 'realtime'] as const;
const options = (samples: number): DriftOptions => ({
  durationNs: (samples - 1) * INTERVAL,
  intervalNs: INTERVAL,
  clocks: CLOCKS,
  reference: 'monotonic_raw',
});

function run(script: Script, samples = 100) {
  const result = drift(scriptedHost(script), options(samples), quietControl);
  driftResultSchema.parse(result);
  const pair = (clock: string): DriftPair => {
    const found = result.pairs.find((candidate) => candidate.clock === clock);
    if (found === undefined) throw new Error(`no pair for ${clock}`);
    return found;
  };
  return { result, pair };
}

/** Samples between the trouble and the event. */
const samplesFrom = (troubleNs: number, event: DriftEvent | undefined): number =>
  (new Date(event?.at ?? 0).getTime() * 1e6 - troubleNs) / INTERVAL;

const T = 4_037_000_000;
const after = (change: (ns: number) => number) => (ns: number) => (ns < T ? 0 : change(ns));

test('clocks that agree show no rate, no time error and no event', () => {
  const { result, pair } = run({});
  expect(result.pairs.map(({ clock }) => clock)).toEqual(['tsc', 'monotonic', 'realtime']);
  expect(pair('tsc')).toMatchObject({
    samples: 100,
    rejected: 0,
    rateRatio: 0,
    atEndNs: 0,
    maxTimeIntervalErrorNs: 0,
    events: [],
  });
});

test('a constant rate comes out as it went in', () => {
  const { pair } = run({ errors: { realtime: (ns) => ns * 5e-6 } });
  expect(pair('realtime').rateRatio).toBeCloseTo(5e-6, 11);
  expect(pair('realtime').atEndNs).toBeCloseTo(9.9e9 * 5e-6, -1);
  expect(pair('realtime').events).toEqual([]);
  expect(pair('monotonic').rateRatio).toBeCloseTo(0, 12);
});

test('a faster TSC shows against every clock', () => {
  const { pair } = run({ errors: { tsc: (ns) => ns * 2e-6 } });
  expect(pair('tsc').rateRatio).toBeCloseTo(2e-6, 11);
  expect(pair('realtime').rateRatio).toBeCloseTo(0, 9);
});

test.each([5_000, -5_000, 1e9, -3.6e12])('a step of %d ns is found, named, and not averaged in', (ns) => {
  const { pair } = run({ errors: { realtime: after(() => ns) } });
  const [event, ...others] = pair('realtime').events;
  expect(others).toEqual([]);
  expect(event?.kind).toBe('step');
  expect(Math.abs(samplesFrom(T, event))).toBeLessThanOrEqual(2);
  expect(pair('monotonic').events).toEqual([]);
  expect(pair('realtime').rateRatio).toBeCloseTo(0, 9);
  expect(pair('realtime').maxTimeIntervalErrorNs).toBeLessThan(200);
  expect(Math.abs((pair('realtime').atEndNs ?? 0) - ns)).toBeLessThan(200);
});

test.each([200e-6, -250e-6, 5e-6])('a frequency step of %d is found once, within two samples', (ratio) => {
  const { pair } = run({ errors: { realtime: after((ns) => (ns - T) * ratio) } });
  const [event, ...others] = pair('realtime').events;
  expect(others).toEqual([]);
  expect(event?.kind).toBe('frequency-step');
  expect(Math.abs(samplesFrom(T, event))).toBeLessThanOrEqual(2);
});

test('a suspend is a suspend, not a step of the clocks that count it', () => {
  const slept = after(() => 3_600e9);
  const { pair } = run({ errors: { boottime: slept, realtime: slept } });
  for (const clock of ['tsc', 'monotonic', 'realtime']) {
    expect(pair(clock).events.map(({ kind }) => kind)).toEqual(['suspend']);
    expect(Math.abs(samplesFrom(T, pair(clock).events[0]))).toBeLessThanOrEqual(2);
  }
});

test('a migration to another CPU is an event of every pair', () => {
  const { pair } = run({ cpu: (ns) => (ns < T ? 0 : 3) });
  expect(pair('tsc').events).toMatchObject([{ kind: 'cpu-migration', detail: 'CPU 0 to CPU 3' }]);
});

test('samples torn by migrations are rejected and counted, and leave gaps', () => {
  const { pair } = run({ cpu: (ns) => (Math.floor(ns / INTERVAL) % 5 === 2 ? -1 : 0) });
  expect(pair('tsc').samples).toBe(80);
  expect(pair('tsc').rejected).toBe(20);
  expect(pair('tsc').rateRatio).toBe(0);
});

test('a change of the clocksource, steal and throttling are seen by the watchers', () => {
  let now = 0;
  const watchers = [
    watchName('clocksource-change', () => (now < T ? 'tsc' : 'hpet')),
    watchCounter(
      'steal',
      () => (now < T ? 10 : 30),
      5,
      (ticks) => `${ticks} ticks`,
    ),
    watchCounter(
      'throttling',
      () => null,
      1,
      () => 'never',
    ),
  ];
  const { pair } = run({
    watchers,
    onWait: (ns) => {
      now = ns;
    },
  });
  expect(pair('tsc').events).toMatchObject([
    { kind: 'clocksource-change', detail: 'tsc to hpet' },
    { kind: 'steal', detail: '20 ticks' },
  ]);
});

test('one bad read is no event', () => {
  const { pair } = run({ errors: { realtime: (ns) => (ns >= T && ns < T + INTERVAL ? 50_000 : 0) } });
  expect(pair('realtime').events).toEqual([]);
});

test('a thread that comes late leaves gaps, not a shifted grid', () => {
  let stalled = false;
  const host = scriptedHost({ errors: { realtime: (ns) => ns * 1e-6 } });
  const late = {
    ...host,
    date: () => {
      if (!stalled && host.now() > BigInt(T)) {
        stalled = true;
        host.waitUntil(host.now() + 1_000_000_000n);
      }
      return host.date();
    },
  };
  const result = drift(late, options(100), quietControl);
  const realtime = result.pairs.find(({ clock }) => clock === 'realtime');
  expect(realtime?.samples).toBeGreaterThan(85);
  expect(realtime?.samples).toBeLessThan(92);
  expect(realtime?.rateRatio).toBeCloseTo(1e-6, 8);
});

test('cancelled early, it returns what it has', () => {
  const { pair } = run({ cancelAfter: 10 });
  expect(pair('tsc').samples).toBe(10);
});

test('a quiet million samples invents no event and keeps its memory bounded', () => {
  const noise = seededNoise(12345);
  const { pair } = run({ noise, errors: { realtime: (ns) => ns * 3e-6 } }, 1_000_000);
  for (const clock of ['tsc', 'monotonic', 'realtime']) expect(pair(clock).events).toEqual([]);
  expect(pair('tsc').samples).toBeLessThanOrEqual(2 ** 17);
  expect(pair('realtime').rateRatio).toBeCloseTo(3e-6, 12);
}, 120_000);

test('clocks that become dearer to read for good are rejected for a while, then sampled again', () => {
  const { pair } = run({ window: (ns) => (ns < T ? 60 : 1_000) }, 200);
  expect(pair('realtime').rejected).toBeGreaterThan(0);
  expect(pair('realtime').samples).toBeGreaterThan(180);
  expect(pair('realtime').events).toEqual([]);
});

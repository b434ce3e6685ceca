import { expect, test } from 'vitest';
import { type SamplingHost, sampleUntilStopped } from '../../src/agent/sampling/loop.ts';
import type { SampleMessage, SamplingMessage } from '../../src/agent/sampling/messages.ts';
import { absorb, initialState } from '../../src/agent/state.ts';
import { type Script, scriptedHost } from '../tasks/drift/scripted-host.ts';

const INTERVAL = 10_000_000_000;
const T = 40 * INTERVAL;

/** The loop on a scripted host for so many samples. */
function run(script: Script, samples: number, change: Partial<SamplingHost> = {}) {
  const host = { ...scriptedHost({ ...script, stopAfter: samples }), recalibrate: () => {}, ...change };
  const messages: SamplingMessage[] = [];
  const options = {
    interval: INTERVAL,
    clocks: ['tsc', 'realtime'] as const,
    reference: 'monotonic_raw' as const,
    recalibrate: 3600e9,
  };
  const end = sampleUntilStopped(host, options, (message) => messages.push(message));
  const taken = messages.filter((message): message is SampleMessage => message.kind === 'sample');
  return { messages, taken, end, events: taken.flatMap(({ events }) => events) };
}

test('a quiet host: one sample an interval, no event, the rate that there is', () => {
  const { taken, events, end } = run({ errors: { realtime: (ns) => ns * 5e-6 } }, 100);
  expect(end).toBe('stopped');
  expect(taken).toHaveLength(100);
  expect(events).toEqual([]);
  const [tsc, realtime] = taken.at(-1)?.pairs ?? [];
  expect(realtime?.rateRatio).toBeCloseTo(5e-6, 10);
  expect(tsc?.rateRatio).toBeCloseTo(0, 10);
  expect(realtime?.ns).toBeCloseTo(99 * INTERVAL * 5e-6, -2);
});

test('a step is told once, within two samples, and is in the time error but not in the rate', () => {
  const { taken, events } = run({ errors: { realtime: (ns) => (ns < T ? 0 : 5e6) } }, 80);
  expect(events).toMatchObject([{ kind: 'step', clock: 'realtime' }]);
  const at = taken.findIndex((sample) => sample.events.length > 0);
  expect(at).toBeLessThanOrEqual(42);
  const last = taken.at(-1)?.pairs[1];
  expect(last?.ns).toBeCloseTo(5e6, -2);
  expect(Math.abs(last?.rateRatio ?? 1)).toBeLessThan(1e-9);
});

test('after a frequency step the rate is the new one within a minute, not an average', () => {
  const { taken, events } = run({ errors: { realtime: (ns) => (ns < T ? 0 : (ns - T) * 2e-4) } }, 60);
  expect(events).toMatchObject([{ kind: 'frequency-step', clock: 'realtime' }]);
  expect(taken[48]?.pairs[1]?.rateRatio).toBeCloseTo(2e-4, 6);
});

test('grid points that passed are counted, not made up', () => {
  let late = 0;
  const host = scriptedHost({ stopAfter: 20 });
  const waitUntil = (ktime: bigint): boolean => {
    late += 1;
    return host.waitUntil(late === 10 ? ktime + BigInt(3.5 * INTERVAL) : ktime);
  };
  const { taken } = run({}, 20, { waitUntil, now: host.now, source: host.source, date: host.date });
  expect(taken.at(-1)?.missed).toBe(3);
  expect(taken).toHaveLength(20);
});

test('when the wall clock is set, the run ends, so that the next one has the right times', () => {
  let now = 0;
  const date = (): Date => {
    now += 1000;
    return new Date(now > 60_000 ? 1e9 + now : now);
  };
  const host = scriptedHost({ stopAfter: 50 });
  const { end, taken } = run({}, 50, {
    date,
    now: () => BigInt(now) * 1_000_000n,
    waitUntil: host.waitUntil,
  });
  expect(end).toBe('clock-set');
  expect(taken.length).toBeLessThan(50);
});

test('counts go on over runs', () => {
  const state = initialState(new Date());
  const step = { errors: { realtime: (ns: number) => (ns < T ? 0 : 5e6) } };
  for (let round = 0; round < 3; round++)
    for (const message of run(step, 80).messages) absorb(state, message);
  expect(state.samples).toBe(240);
  expect(state.events.step).toBe(3);
  expect(state.sample?.pairs).toHaveLength(2);
});

test('the stability of the whole run is told, and renewed ever less often', () => {
  const { messages } = run({}, 300);
  const told = messages.filter((message) => message.kind === 'stability');
  expect(told.length).toBeGreaterThan(0);
  expect(told.at(-1)?.pairs.map(({ clock }) => clock)).toEqual(['tsc', 'realtime']);
});

import { expect, test } from 'vitest';
import { type SamplingHost, sampleUntilCancelled } from '../../src/agent/sampling/loop.ts';
import type { SampleMessage, SamplingMessage } from '../../src/agent/sampling/messages.ts';
import { absorb, initialState } from '../../src/agent/state.ts';
import { type Script, scriptedHost } from '../tasks/drift/scripted-host.ts';

const INTERVAL = 10_000_000_000;
const T = 40 * INTERVAL;

/** The loop on a scripted host for this many samples. */
function run(script: Script, samples: number, change: Partial<SamplingHost> = {}) {
  const host = { ...scriptedHost({ ...script, cancelAfter: samples }), recalibrate: () => {}, ...change };
  const messages: SamplingMessage[] = [];
  const options = {
    interval: INTERVAL,
    clocks: ['tsc', 'realtime'] as const,
    reference: 'monotonic_raw' as const,
    recalibrate: 3600e9,
  };
  sampleUntilCancelled(host, options, (message) => messages.push(message));
  const taken = messages.filter((message): message is SampleMessage => message.kind === 'sample');
  return { messages, taken, events: taken.flatMap(({ events }) => events) };
}

test('a quiet host: one sample an interval, no event, the rate that there is', () => {
  const { taken, events } = run({ errors: { realtime: (ns) => ns * 5e-6 } }, 100);
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
  const host = scriptedHost({ cancelAfter: 20 });
  const waitUntil = (ktime: bigint): boolean => {
    late += 1;
    return host.waitUntil(late === 10 ? ktime + BigInt(3.5 * INTERVAL) : ktime);
  };
  const { taken } = run({}, 20, { waitUntil, now: host.now, source: host.source, date: host.date });
  expect(taken.at(-1)?.missed).toBe(3);
  expect(taken).toHaveLength(20);
});

test('when the wall clock is set, a new run has the right times, and offset, events and stability go on', () => {
  const SET_NS = 2e9;
  const scripted = scriptedHost({
    errors: { realtime: (ns) => (ns < T ? 0 : SET_NS) },
    cancelAfter: 80,
  });
  const date = (): Date => {
    const ns = Number(scripted.now());
    return new Date((ns + (ns < T ? 0 : SET_NS)) / 1e6);
  };
  const { messages, taken, events } = run({}, 80, { ...scripted, date });
  const starts = messages.filter((message) => message.kind === 'started');
  expect(starts.map(({ goesOn }) => goesOn)).toEqual([false, true]);
  expect(starts[1]?.origins).toEqual(starts[0]?.origins);
  expect(taken).toHaveLength(80);
  // The step is told once, with the time of the first sample that shows it.
  expect(events).toMatchObject([{ kind: 'step', clock: 'realtime' }]);
  const shown = taken.findIndex(({ pairs }) => (pairs[1]?.ns ?? 0) > SET_NS / 2);
  expect(Date.parse(events[0]?.at ?? '')).toBeCloseTo(taken[shown]?.atMs ?? 0, -1);
  const offsets = taken.map(({ pairs }) => pairs[1]?.ns ?? Number.NaN);
  expect(offsets.slice(shown).every((ns) => Math.abs(ns - SET_NS) < 1e3)).toBe(true);
  // The host ends at the grid point after the last sample.
  expect(date().getTime() - (taken.at(-1)?.atMs ?? 0)).toBeCloseTo(INTERVAL / 1e6, -2);
  const state = initialState(new Date());
  for (const message of messages) absorb(state, message);
  expect(state.sample).toBe(taken.at(-1));
  expect(state.events.step.get('realtime')).toBe(1);
});

test('counts go on over runs', () => {
  const state = initialState(new Date());
  const step = { errors: { realtime: (ns: number) => (ns < T ? 0 : 5e6) } };
  for (let round = 0; round < 3; round++)
    for (const message of run(step, 80).messages) absorb(state, message);
  expect(state.samples).toBe(240);
  expect(state.events.step.get('realtime')).toBe(3);
  expect(state.sample?.pairs).toHaveLength(2);
});

test('the records are told from three points on, then whenever they are a tenth longer, and every hour', () => {
  const { messages } = run({}, 5_000);
  const told = messages.flatMap((message) => (message.kind === 'records' ? [message.pairs] : []));
  const lengths = told.map(([tsc]) => tsc?.phase.length ?? 0);
  expect(lengths.slice(0, 11)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15]);
  const steps = lengths.slice(1).map((length, i) => length - (lengths[i] as number));
  expect(steps.at(-1)).toBe(360);
  expect(steps.every((step, i) => step === Math.min(360, Math.ceil((lengths[i] as number) / 10)))).toBe(true);
  expect(told.at(-1)).toMatchObject([
    { clock: 'tsc', intervalNs: INTERVAL, breaks: [] },
    { clock: 'realtime', intervalNs: INTERVAL, breaks: [] },
  ]);
});

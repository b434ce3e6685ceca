import { join } from 'node:path';
import { expect, test } from 'vitest';
import { appendEvents, eventsOf } from '../../src/store/events.ts';
import { documentOfRun, endRun, findRun, listRuns, startRun } from '../../src/store/runs.ts';
import { appendSamples, samplesOf } from '../../src/store/samples.ts';
import { listSeries } from '../../src/store/series.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { addTsc, batchOf, host, ramp, SECOND, storeWithSeries, T0 } from './fixtures.ts';

const folder = temporaryFolder();
const { store, run, series } = storeWithSeries(join(folder, 'a.db'));

test('samples keep every digit of their time and offset', () => {
  const samples = [
    { atNs: T0 + 1n, offsetNs: 0.1 + 0.2, windowNs: 19.5 },
    { atNs: T0 + 2n, offsetNs: -1e15 - 0.125, windowNs: 0 },
    { atNs: T0 + 3n, offsetNs: 5, windowNs: 1e9 },
  ];
  appendSamples(store, batchOf(series, samples));
  expect(samplesOf(store, series, T0, 10)).toEqual(samples);
  expect(samplesOf(store, series, T0 + 2n, 1)).toEqual([samples[1]]);
});

test('a batch is stored whole or not at all, and no sample twice', () => {
  const again = { atNs: T0 + 3n, offsetNs: 7, windowNs: 1 };
  const fresh = { atNs: T0 + 4n, offsetNs: 7, windowNs: 1 };
  expect(() => appendSamples(store, batchOf(series, [fresh, again]))).toThrow(
    expect.objectContaining({ code: 'STORE_REPEATED' }),
  );
  expect(samplesOf(store, series, T0, 10)).toHaveLength(3);
});

test('a sample of no series, or without a number, is not stored', () => {
  expect(() => appendSamples(store, batchOf(999, ramp(1, SECOND)))).toThrow(
    expect.objectContaining({ code: 'STORE_ROW_GONE' }),
  );
  expect(() =>
    appendSamples(store, [[series, { atNs: T0 + 9n, offsetNs: Number.NaN, windowNs: 1 }]]),
  ).toThrow('must be numbers');
});

test('series are found by host, run and clocks', () => {
  const other = startRun(store, {
    host: { ...host, key: 'machine-2' },
    command: 'agent',
    startedAtNs: T0 + 5n,
    options: '{}',
  });
  addTsc(store, other.id);
  expect(listSeries(store).map(({ run: of }) => of)).toEqual([run, other.id]);
  expect(listSeries(store, 'machine-2')).toMatchObject([
    { run: other.id, originNs: -5n, independent: false, firstAtNs: null, lastAtNs: null },
  ]);
  expect(listSeries(store)[0]).toMatchObject({ id: series, firstAtNs: T0 + 1n, lastAtNs: T0 + 3n });
  expect(listSeries(store, 'machine-3')).toEqual([]);
});

test('runs are listed newest first, and found by a part of their name that is their own', () => {
  const [newest, oldest] = listRuns(store);
  expect(newest).toMatchObject({ command: 'agent', hostKey: 'machine-2', samples: 0, endedAtNs: null });
  expect(oldest).toMatchObject({ command: 'drift', samples: 3, lastSampleAtNs: T0 + 3n });
  expect(findRun(store, oldest?.key ?? '')?.id).toBe(run);
  expect(findRun(store, oldest?.key.slice(0, -3) ?? '')?.id).toBe(run);
  expect(findRun(store, '2023')).toBeNull();
  expect(findRun(store, 'no')).toBeNull();
});

test('a run ends with its time and its document', () => {
  expect(documentOfRun(store, run)).toBeNull();
  endRun(store, run, T0 + 60n * SECOND, '{"schema":"tscope/drift/1"}');
  expect(documentOfRun(store, run)).toBe('{"schema":"tscope/drift/1"}');
  expect(findRun(store, listRuns(store)[1]?.key ?? '')).toMatchObject({
    endedAtNs: T0 + 60n * SECOND,
    hasDocument: true,
  });
});

test('events are stored once, and come back in order', () => {
  const step = { series, atNs: T0 + 8n, kind: 'step', detail: 'stepped by 1 ms' };
  const suspend = { series: null, atNs: T0 + 6n, kind: 'suspend', detail: '' };
  appendEvents(store, run, [step, suspend]);
  appendEvents(store, run, [step, suspend]);
  expect(eventsOf(store, run, T0, T0 + SECOND)).toEqual([suspend, step]);
  expect(eventsOf(store, run, T0 + 7n, T0 + 8n)).toEqual([]);
});

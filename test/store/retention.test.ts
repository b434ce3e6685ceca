import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HOUR_NS, MINUTE_NS } from '../../src/store/buckets.ts';
import { appendEvents } from '../../src/store/events.ts';
import { queryRange } from '../../src/store/range.ts';
import { maintain, type Retention, usedBytes } from '../../src/store/retention.ts';
import { rollUp } from '../../src/store/roll-up.ts';
import { endRun, listRuns, startRun } from '../../src/store/runs.ts';
import { appendSamples } from '../../src/store/series.ts';
import type { Store } from '../../src/store/store.ts';
import { addTsc, batchOf, host, ramp, SECOND, storeWithSeries, T0, temporaryFolder } from './fixtures.ts';

const folder = temporaryFolder();
const FOREVER: Retention = { samplesNs: null, minutesNs: null, hoursNs: null, maxBytes: null };
const DAY_NS = 24n * HOUR_NS;

const counts = ({ connection }: Store) => ({
  samples: Number(connection.get('SELECT count(*) FROM sample')?.[0]),
  minutes: Number(connection.get('SELECT count(*) FROM rollup WHERE width = ?', MINUTE_NS)?.[0]),
  hours: Number(connection.get('SELECT count(*) FROM rollup WHERE width = ?', HOUR_NS)?.[0]),
});
const oldest = ({ connection }: Store) => connection.get('SELECT min(at) FROM sample')?.[0];

/** Three days at one sample each 20 s. */
function threeDays(name: string) {
  const place = storeWithSeries(join(folder, name));
  appendSamples(place.store, batchOf(place.series, ramp(12_960, 20n * SECOND)));
  return place;
}

test('nothing goes without a limit', () => {
  const { store } = threeDays('forever.db');
  expect(maintain(store, FOREVER)).toEqual({
    rolledUp: 12_960,
    deleted: { samples: 0, minutes: 0, hours: 0 },
  });
  expect(counts(store)).toEqual({ samples: 12_960, minutes: 4321, hours: 73 });
});

test('each kind goes at its own age, and what is left still answers', () => {
  const { store, series } = threeDays('ages.db');
  const before = queryRange(store, series, T0, T0 + 4n * DAY_NS, HOUR_NS);
  maintain(store, { ...FOREVER, samplesNs: 6n * HOUR_NS, minutesNs: 30n * HOUR_NS });
  const left = counts(store);
  expect(left.samples).toBeGreaterThanOrEqual(6 * 180);
  expect(left.samples).toBeLessThanOrEqual(7 * 180);
  expect(left.minutes).toBeGreaterThanOrEqual(30 * 60);
  expect(left.minutes).toBeLessThanOrEqual(31 * 60 + 1);
  expect(left.hours).toBe(73);
  const after = queryRange(store, series, T0, T0 + 4n * DAY_NS, HOUR_NS);
  expect(after.map(({ atNs, count, minNs, maxNs }) => [atNs, count, minNs, maxNs])).toEqual(
    before.map(({ atNs, count, minNs, maxNs }) => [atNs, count, minNs, maxNs]),
  );
});

test('age counts from the newest sample: a store that rests loses nothing', () => {
  const { store } = threeDays('rest.db');
  const week = { ...FOREVER, samplesNs: 7n * DAY_NS };
  expect(maintain(store, week).deleted.samples).toBe(0);
  expect(maintain(store, week).deleted.samples).toBe(0);
});

test('a limit on the size takes the oldest samples first and gives the space back', () => {
  const path = join(folder, 'size.db');
  const { store, series } = storeWithSeries(path);
  appendSamples(store, batchOf(series, ramp(100_000, 4n * SECOND)));
  rollUp(store);
  const full = usedBytes(store);
  const { deleted } = maintain(store, { ...FOREVER, maxBytes: full / 2 });
  expect(usedBytes(store)).toBeLessThanOrEqual(full / 2);
  expect(usedBytes(store)).toBeGreaterThan(full / 4);
  expect(deleted.samples).toBeGreaterThan(25_000);
  expect(deleted.minutes).toBe(0);
  expect(counts(store).hours).toBe(112);
  expect(oldest(store)).toBeGreaterThan(T0);
  store.connection.pragma('wal_checkpoint(TRUNCATE)');
  // A few free pages stay for what comes next.
  expect(statSync(path).size).toBeLessThan(full / 2 + 300 * 4096);
});

test('the newest hours stay whatever the limits are', () => {
  const { store } = threeDays('tiny.db');
  maintain(store, { samplesNs: 0n, minutesNs: 0n, hoursNs: 0n, maxBytes: 1 });
  const left = counts(store);
  expect(left.samples).toBeGreaterThanOrEqual(2 * 180);
  expect(left.minutes).toBeGreaterThanOrEqual(24 * 60);
});

test('samples go on being rolled up after older ones are gone', () => {
  const { store, series } = threeDays('on.db');
  const limits = { ...FOREVER, samplesNs: 2n * HOUR_NS };
  maintain(store, limits);
  const more = T0 + 12_960n * 20n * SECOND;
  appendSamples(store, batchOf(series, ramp(1000, 20n * SECOND, more)));
  maintain(store, limits);
  const points = queryRange(store, series, T0, T0 + 5n * DAY_NS, HOUR_NS);
  expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(13_960);
});

test('old events and runs with nothing left go with the hours', () => {
  const { store, run } = threeDays('runs.db');
  const old = startRun(store, { host, command: 'agent', startedAtNs: T0 - 90n * DAY_NS, options: null });
  endRun(store, old.id, T0 - 89n * DAY_NS);
  addTsc(store, old.id);
  appendEvents(store, old.id, [{ series: null, atNs: T0 - 90n * DAY_NS, kind: 'step', detail: '' }]);
  appendEvents(store, run, [{ series: null, atNs: T0, kind: 'step', detail: '' }]);
  maintain(store, FOREVER);
  expect(listRuns(store)).toHaveLength(2);
  maintain(store, { ...FOREVER, hoursNs: 30n * DAY_NS });
  expect(listRuns(store)).toMatchObject([{ id: run, events: 1 }]);
});

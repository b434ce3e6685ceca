import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { floorTo, HOUR_NS, MINUTE_NS } from '../../src/store/buckets.ts';
import { appendEvents } from '../../src/store/events.ts';
import { exportStore } from '../../src/store/export.ts';
import { importInto } from '../../src/store/import.ts';
import { queryRange } from '../../src/store/range.ts';
import {
  FOREVER,
  MOST_SHARE,
  maintain,
  type Retention,
  retentionFor,
  usedBytes,
} from '../../src/store/retention.ts';
import { rollUp } from '../../src/store/roll-up.ts';
import { endRun, listRuns, startRun } from '../../src/store/runs.ts';
import { appendSamples, countSamples, extentOf } from '../../src/store/samples.ts';
import { listSeries } from '../../src/store/series.ts';
import { openStore, openStoreToRead, type Store } from '../../src/store/store.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { addTsc, batchOf, host, ramp, SECOND, storeWithSeries, T0 } from './fixtures.ts';

const folder = temporaryFolder();
const DAY_NS = 24n * HOUR_NS;
const YEAR_NS = 365n * DAY_NS;
/** The first whole hour after the samples begin. */
const FIRST_HOUR = floorTo(T0, HOUR_NS) + HOUR_NS;

const counts = (store: Store) => ({
  samples: listSeries(store).reduce((sum, { id }) => sum + countSamples(store, BigInt(id)), 0),
  minutes: Number(store.connection.get('SELECT count(*) FROM rollup WHERE width = ?', MINUTE_NS)?.[0]),
  hours: Number(store.connection.get('SELECT count(*) FROM rollup WHERE width = ?', HOUR_NS)?.[0]),
});
const samplesLeft = (store: Store, series: number) => countSamples(store, BigInt(series));
const none = { samples: 0, minutes: 0, hours: 0 };

/** Three days at one sample each 20 s. */
function threeDays(name: string) {
  const place = storeWithSeries(join(folder, name));
  appendSamples(place.store, batchOf(place.series, ramp(12_960, 20n * SECOND)));
  return place;
}

/** A run of its own with samples each 20 s from `start` on. */
function measured(store: Store, key: string, start: bigint, hours: number) {
  const identity = { ...host, key };
  const run = startRun(store, { host: identity, command: 'agent', startedAtNs: start, options: null }).id;
  const series = addTsc(store, run);
  appendSamples(store, batchOf(series, ramp(hours * 180, 20n * SECOND, start)));
  return { run, series };
}

test('nothing goes without a limit', () => {
  const { store } = threeDays('forever.db');
  expect(maintain(store, FOREVER)).toEqual({
    rolledUp: 12_960,
    deleted: none,
    events: 0,
    runs: 0,
    withheld: none,
  });
  expect(counts(store)).toEqual({ samples: 12_960, minutes: 4321, hours: 73 });
});

test('an agent keeps roll-ups ten times as long as samples', () => {
  expect(retentionFor(7n, 5)).toEqual({ samplesNs: 7n, minutesNs: 70n, hoursNs: 70n, maxBytes: 5 });
});

test('each kind goes at its own age, and what is left still answers', () => {
  const { store, series } = threeDays('ages.db');
  const before = queryRange(store, series, T0, T0 + 4n * DAY_NS, HOUR_NS);
  const { deleted } = maintain(
    store,
    { ...FOREVER, samplesNs: 6n * HOUR_NS, minutesNs: 30n * HOUR_NS },
    { force: true },
  );
  // The last hour that was measured is 72 hours after the first, and is not whole: 6 hours before it, and what it holds.
  const lastHour = floorTo(T0, HOUR_NS) + 72n * HOUR_NS;
  const inLastHour = Number((T0 + 12_959n * 20n * SECOND - lastHour) / (20n * SECOND)) + 1;
  expect(counts(store)).toEqual({
    samples: 6 * 180 + inLastHour,
    minutes: 30 * 60 + Math.ceil(inLastHour / 3),
    hours: 73,
  });
  expect(deleted.samples).toBe(12_960 - 6 * 180 - inLastHour);
  const after = queryRange(store, series, T0, T0 + 4n * DAY_NS, HOUR_NS);
  expect(after.map(({ atNs, count, minNs, maxNs }) => [atNs, count, minNs, maxNs])).toEqual(
    before.map(({ atNs, count, minNs, maxNs }) => [atNs, count, minNs, maxNs]),
  );
});

test('one pass takes a quarter at most; the next ones, or force, take the rest', () => {
  expect(MOST_SHARE).toBe(0.25);
  const { store, series } = threeDays('share.db');
  const limits = { ...FOREVER, samplesNs: 6n * HOUR_NS };
  const first = maintain(store, limits);
  expect(first.deleted.samples).toBeLessThanOrEqual(12_960 / 4);
  expect(first.deleted.samples).toBeGreaterThan(12_960 / 4 - 180);
  expect(first.withheld.samples + first.deleted.samples).toBe(12_960 - 6 * 180 - samplesOfLastHour);
  // The oldest went.
  expect(extentOf(store, BigInt(series)).firstAtNs).toBeGreaterThan(FIRST_HOUR + 16n * HOUR_NS);
  const second = maintain(store, limits);
  expect(second.deleted.samples).toBeGreaterThan(0);
  expect(maintain(store, limits, { force: true }).withheld).toEqual(none);
  expect(samplesLeft(store, series)).toBe(6 * 180 + samplesOfLastHour);
});
const samplesOfLastHour =
  Number((T0 + 12_959n * 20n * SECOND - (floorTo(T0, HOUR_NS) + 72n * HOUR_NS)) / (20n * SECOND)) + 1;

test('a dry run tells what a pass would delete, and changes nothing', () => {
  const { store } = threeDays('dry.db');
  const limits = { ...FOREVER, samplesNs: 60n * HOUR_NS, minutesNs: 60n * HOUR_NS };
  store.connection.pragma('wal_checkpoint(TRUNCATE)');
  const reader = openStoreToRead(store.connection.path);
  const told = maintain(reader, limits, { dryRun: true });
  expect(counts(store)).toEqual({ samples: 12_960, minutes: 0, hours: 0 });
  expect(told.deleted.samples).toBeGreaterThan(0);
  expect(maintain(store, limits).deleted.samples).toBe(told.deleted.samples);
});

test.each([
  ['less than its share', { hours: 60n, force: false, withheld: false }],
  ['more than its share', { hours: 30n, force: false, withheld: true }],
  ['all at once', { hours: 30n, force: true, withheld: false }],
])('a dry run tells of each kind what the pass then takes: %s', (name, { hours, force, withheld }) => {
  const { store } = threeDays(`dry-${name}.db`);
  rollUp(store);
  const ageNs = hours * HOUR_NS;
  const limits = { ...FOREVER, samplesNs: ageNs, minutesNs: ageNs, hoursNs: ageNs };
  const before = counts(store);
  const told = maintain(store, limits, { dryRun: true, force });
  expect(counts(store)).toEqual(before);
  expect(maintain(store, limits, { force })).toEqual(told);
  const left = counts(store);
  for (const kind of ['samples', 'minutes', 'hours'] as const) {
    expect(told.deleted[kind], kind).toBeGreaterThan(0);
    expect(left[kind], kind).toBe(before[kind] - told.deleted[kind]);
    expect(told.withheld[kind] > 0, kind).toBe(withheld);
  }
});

test('a store that rests loses nothing', () => {
  const { store } = threeDays('rest.db');
  const week = { ...FOREVER, samplesNs: 7n * DAY_NS };
  expect(maintain(store, week).deleted.samples).toBe(0);
  expect(maintain(store, week).deleted.samples).toBe(0);
});

test('a sample that is a year ahead ages the others by an hour, and what follows it is kept', () => {
  const { store, series } = threeDays('ahead.db');
  const limits = { ...FOREVER, samplesNs: 3n * DAY_NS, minutesNs: 3n * DAY_NS, hoursNs: 3n * DAY_NS };
  appendSamples(store, [[series, { atNs: T0 + YEAR_NS, offsetNs: 0, windowNs: 1 }]]);
  for (let pass = 0; pass < 3; pass++) maintain(store, limits, { force: true });
  expect(counts(store).samples).toBeGreaterThanOrEqual(12_961 - 2 * 180);
  // The clock is right again, in the same run and in the next.
  appendSamples(store, batchOf(series, ramp(500, 20n * SECOND, T0 + 3n * DAY_NS)));
  const present = measured(store, host.key, T0 + 4n * DAY_NS, 10);
  for (let pass = 0; pass < 3; pass++) maintain(store, limits, { force: true });
  expect(samplesLeft(store, present.series)).toBe(1800);
  // By 35 hours: 3 of these, 21 without any, 10 of the next run, and the year.
  expect(samplesLeft(store, series)).toBeGreaterThan(12_960 - 36 * 180);
  expect(samplesLeft(store, series)).toBeLessThan(12_960 + 500 - 33 * 180);
});

test('a run whose clock was a year ahead ages none that follows it', () => {
  const { store, series } = threeDays('wrong-run.db');
  const wrong = measured(store, host.key, T0 + YEAR_NS, 200);
  const present = measured(store, host.key, T0 + 4n * DAY_NS, 10);
  const limits = retentionFor(3n * DAY_NS, null);
  maintain(store, limits, { force: true });
  expect(samplesLeft(store, present.series)).toBe(1800);
  // It did measure 200 hours after the first run: that one's samples are older than three days, its roll-ups are not.
  expect(samplesLeft(store, series)).toBe(0);
  expect(samplesLeft(store, wrong.series)).toBeLessThanOrEqual(73 * 180);
  expect(counts(store).hours).toBeGreaterThan(73 + 200);
});

test('a run whose clock was stepped back is not taken for an old one', () => {
  const { store, series } = threeDays('back.db');
  const back = measured(store, host.key, 946_684_800_000_000_000n, 10);
  maintain(store, retentionFor(3n * DAY_NS, null), { force: true });
  expect(samplesLeft(store, back.series)).toBe(1800);
  expect(samplesLeft(store, series)).toBeGreaterThanOrEqual(12_960 - 180);
});

test('what is imported from a host with a wrong clock deletes nothing of another', async () => {
  const { store, series } = threeDays('importing.db');
  const other = openStore(join(folder, 'other-host.db'));
  measured(other, 'machine-2', T0 + 10n * YEAR_NS, 300);
  const file = join(folder, 'other-host.jsonl');
  exportStore(other, file, quietControl);
  await importInto(store, file, quietControl);
  const limits = retentionFor(4n * DAY_NS, null);
  maintain(store, limits, { force: true });
  expect(samplesLeft(store, series)).toBe(12_960);
});

test('hours up to a day apart are time that went by; further apart they are a step of the clock', () => {
  const twoHours = (name: string, gap: bigint) => {
    const place = storeWithSeries(join(folder, name));
    appendSamples(place.store, batchOf(place.series, ramp(180, 20n * SECOND, FIRST_HOUR)));
    appendSamples(place.store, batchOf(place.series, ramp(180, 20n * SECOND, FIRST_HOUR + gap)));
    maintain(place.store, { ...FOREVER, samplesNs: 20n * HOUR_NS }, { force: true });
    return samplesLeft(place.store, place.series);
  };
  expect(twoHours('day-apart.db', 24n * HOUR_NS)).toBe(180);
  expect(twoHours('further-apart.db', 25n * HOUR_NS)).toBe(360);
});

test('a limit on the size takes the oldest samples first and gives the space back', () => {
  const path = join(folder, 'size.db');
  const { store, series } = storeWithSeries(path);
  appendSamples(store, batchOf(series, ramp(100_000, 4n * SECOND)));
  rollUp(store);
  const full = usedBytes(store);
  const limits: Retention = { ...FOREVER, maxBytes: full * 0.6 };
  let deleted = 0;
  for (let pass = 0; pass < 6; pass++) {
    const before = samplesLeft(store, series);
    const took = maintain(store, limits).deleted.samples;
    expect(took).toBeLessThanOrEqual(Math.ceil(before / 4));
    deleted += took;
  }
  expect(usedBytes(store)).toBeLessThanOrEqual(full * 0.6);
  expect(usedBytes(store)).toBeGreaterThan(full * 0.3);
  expect(deleted).toBeGreaterThan(25_000);
  expect(samplesLeft(store, series)).toBe(100_000 - deleted);
  expect(counts(store).hours).toBe(112);
  expect(extentOf(store, BigInt(series)).firstAtNs).toBeGreaterThan(T0);
  store.connection.pragma('wal_checkpoint(TRUNCATE)');
  // A few free pages stay for what comes next.
  expect(statSync(path).size).toBeLessThan(full * 0.6 + 300 * 4096);
});

test('the newest two hours of samples and the newest day of roll-ups stay whatever the limits are', () => {
  const { store, series } = threeDays('tiny.db');
  for (let pass = 0; pass < 3; pass++) {
    maintain(store, { samplesNs: 0n, minutesNs: 0n, hoursNs: 0n, maxBytes: 1 }, { force: true });
  }
  expect(samplesLeft(store, series)).toBe(2 * 180 + samplesOfLastHour);
  expect(counts(store)).toMatchObject({ minutes: 24 * 60 + Math.ceil(samplesOfLastHour / 3), hours: 25 });
});

test('samples go on being rolled up after older ones are gone', () => {
  const { store, series } = threeDays('on.db');
  const limits = { ...FOREVER, samplesNs: 2n * HOUR_NS };
  maintain(store, limits, { force: true });
  const more = T0 + 12_960n * 20n * SECOND;
  appendSamples(store, batchOf(series, ramp(1000, 20n * SECOND, more)));
  maintain(store, limits, { force: true });
  const points = queryRange(store, series, T0, T0 + 5n * DAY_NS, HOUR_NS);
  expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(13_960);
});

test('old events and runs with nothing left go with the hours', () => {
  const { store } = storeWithSeries(join(folder, 'runs.db'));
  const first = listRuns(store)[0]?.id ?? -1;
  endRun(store, first, T0 + HOUR_NS);
  appendEvents(store, first, [
    { series: null, atNs: T0, kind: 'step', detail: '' },
    // The clock was set back by then: as old as the run at most.
    { series: null, atNs: 5n, kind: 'step', detail: 'back' },
  ]);
  const { run } = measured(store, host.key, T0 + DAY_NS, 72);
  appendEvents(store, run, [{ series: null, atNs: T0 + 3n * DAY_NS, kind: 'step', detail: '' }]);
  maintain(store, FOREVER);
  maintain(store, { ...FOREVER, hoursNs: 30n * DAY_NS });
  expect(listRuns(store)).toHaveLength(2);
  const limits = { ...FOREVER, hoursNs: 2n * DAY_NS };
  expect(maintain(store, limits, { dryRun: true })).toMatchObject({ events: 2, runs: 1 });
  expect(maintain(store, limits)).toMatchObject({ events: 2, runs: 1 });
  expect(listRuns(store)).toMatchObject([{ id: run, events: 1 }]);
});

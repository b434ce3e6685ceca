import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { floorTo, HOUR_NS, MINUTE_NS } from '../../src/store/buckets.ts';
import { appendEvents } from '../../src/store/events.ts';
import { endRun, startRun } from '../../src/store/runs.ts';
import { appendSamples } from '../../src/store/samples.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import {
  countingLost,
  countUnshipped,
  instanceOf,
  lostUnshipped,
  markShipped,
  putCalibration,
  readUnshipped,
} from '../../src/store/unshipped.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { addTsc, batchOf, host, ramp, SECOND, T0 } from './fixtures.ts';

const folder = temporaryFolder();
/** A whole hour. */
const START = floorTo(T0, HOUR_NS) + HOUR_NS;
const LAST = START + 140n * SECOND;
const NOW = LAST + SECOND;
const ROLLUPS = { hostKey: host.key, samples: false };
const ALL = { ...ROLLUPS, samples: true };
const PLENTY = 1e6;

/** Two minutes and a half of samples, one each 10 s. */
function measured(name: string) {
  const store = openStore(join(folder, `${name}.db`));
  const { id: run, key } = startRun(store, {
    host,
    command: 'agent',
    startedAtNs: START,
    options: '{"a":1}',
  });
  const series = addTsc(store, run);
  appendSamples(store, batchOf(series, ramp(15, 10n * SECOND, START)));
  return { store, run, key, series };
}

/** What is sent of one run: the starts of its minutes and hours, and the times of its samples, s after the start. */
function sent(store: Store, parts = ALL, nowNs = NOW, bytes = PLENTY) {
  const { runs, marks, more } = readUnshipped(store, parts, bytes, nowNs);
  const seconds = (ns: bigint) => Number((ns - START) / SECOND);
  const [one] = runs.flatMap(({ series }) => series);
  return {
    minutes: one?.minutes.map(({ atNs }) => seconds(atNs)) ?? [],
    hours: one?.hours.map(({ atNs }) => seconds(atNs)) ?? [],
    samples: one?.samples.map(({ atNs }) => seconds(atNs)) ?? [],
    more,
    marks,
    runs,
  };
}
const every10 = (from: number, to: number) =>
  Array.from({ length: (to - from) / 10 + 1 }, (_, i) => from + 10 * i);
const nothing = { minutes: [], hours: [], samples: [], runs: [], more: false };

test('whole minutes and hours, and every sample; what has arrived is not sent again', () => {
  const { store, key, series } = measured('whole');
  const first = sent(store);
  expect(first).toMatchObject({ minutes: [0, 60], hours: [], samples: every10(0, 140), more: false });
  expect(first.runs).toEqual([
    {
      key,
      command: 'agent',
      startedAtNs: START,
      endedAtNs: null,
      options: '{"a":1}',
      series: [
        {
          clock: 'tsc',
          reference: 'monotonic_raw',
          independent: false,
          reason: 'one counter',
          originNs: -5n,
          minutes: first.runs[0]?.series[0]?.minutes,
          hours: [],
          samples: ramp(15, 10n * SECOND, START),
        },
      ],
      events: [],
      calibrations: [],
      document: null,
    },
  ]);
  expect(first.runs[0]?.series[0]?.minutes[1]).toMatchObject({ count: 6, firstNs: 6, lastNs: 11.5 });
  expect(first.marks).toEqual({
    series: [{ id: BigInt(series), minutes: START + 110n * SECOND, hours: null, samples: LAST }],
    event: null,
    calibration: null,
    ended: [],
    documents: [],
  });
  // Until it is noted that it has arrived, it is sent again.
  expect(sent(store)).toEqual(first);
  markShipped(store, first.marks);
  expect(sent(store)).toMatchObject(nothing);
  appendSamples(store, batchOf(series, ramp(5, 10n * SECOND, START + 150n * SECOND)));
  expect(sent(store)).toMatchObject({ minutes: [120], samples: every10(150, 190) });
});

test('single samples are sent where they are wanted', () => {
  const { store } = measured('rollups');
  const { minutes, samples, marks } = sent(store, ROLLUPS);
  expect([minutes, samples, marks.series[0]?.samples]).toEqual([[0, 60], [], null]);
});

test('the last minute and hour go once the run has ended, or has been quiet for more than two minutes', () => {
  const { store, run } = measured('ended');
  const parts = (nowNs: bigint) => {
    const { minutes, hours } = sent(store, ROLLUPS, nowNs);
    return [minutes.length, hours.length];
  };
  const QUIET = 2n * MINUTE_NS;
  expect([LAST, LAST + QUIET, LAST + QUIET + 1n].map(parts)).toEqual([
    [2, 0],
    [2, 0],
    [3, 1],
  ]);
  // The wall clock was set back.
  expect([LAST - QUIET, LAST - QUIET - 1n].map(parts)).toEqual([
    [2, 0],
    [3, 1],
  ]);
  endRun(store, run, NOW);
  expect(parts(NOW)).toEqual([3, 1]);
});

test('a minute that was sent unfinished is sent again, whole, when it has more', () => {
  const { store, series } = measured('again');
  const quiet = LAST + 10n * MINUTE_NS;
  markShipped(store, readUnshipped(store, ROLLUPS, PLENTY, quiet).marks);
  expect(sent(store, ROLLUPS, quiet)).toMatchObject(nothing);
  appendSamples(store, batchOf(series, ramp(2, 10n * SECOND, START + 150n * SECOND)));
  const { runs, minutes, hours } = sent(store, ROLLUPS, quiet);
  expect([minutes, hours]).toEqual([[120], [0]]);
  expect(runs[0]?.series[0]?.minutes[0]).toMatchObject({ count: 5, firstAtNs: START + 120n * SECOND });
});

test('a batch ends where it is full, and says that there is more', () => {
  const { store } = measured('room');
  const some = (bytes: number, parts = ROLLUPS) => {
    const { minutes, samples, more } = sent(store, parts, NOW, bytes);
    return [minutes.length, samples.length, more];
  };
  // 160 bytes a minute; one row at least.
  expect([1, 160, 319, 320, 321].map((bytes) => some(bytes))).toEqual([
    [1, 0, true],
    [1, 0, true],
    [1, 0, false],
    [2, 0, true],
    [2, 0, false],
  ]);
  // 50 bytes a sample.
  expect([320, 420, 1069, 1070, 1071].map((bytes) => some(bytes, ALL))).toEqual([
    [2, 0, true],
    [2, 2, true],
    [2, 14, false],
    [2, 15, true],
    [2, 15, false],
  ]);
  const { marks } = sent(store, ROLLUPS, NOW, 160);
  markShipped(store, marks);
  expect(sent(store, ROLLUPS)).toMatchObject({ minutes: [60], more: false });
});

test('a full batch leaves out the next series, events, calibrations and ends', () => {
  const { store, run } = measured('full');
  addTsc(store, run, 'monotonic');
  appendEvents(store, run, [{ series: null, atNs: START, kind: 'step', detail: 'x' }]);
  putCalibration(store, run, START, '{}');
  endRun(store, run, NOW, '{}');
  const { runs, marks } = sent(store, ROLLUPS, NOW, 160);
  expect(runs).toMatchObject([{ series: [{ clock: 'tsc' }], events: [], calibrations: [], document: null }]);
  expect(marks).toMatchObject({ event: null, calibration: null, ended: [], documents: [] });
});

describe('events', () => {
  const event = (atNs: bigint, series: number | null = null) => ({
    series,
    atNs,
    kind: 'step',
    detail: 'by 3 s',
  });

  test('each with its pair, once', () => {
    const { store, run, series } = measured('events');
    appendEvents(store, run, [event(START), event(START + 1n, series)]);
    const { runs, marks } = sent(store, ROLLUPS);
    expect(runs[0]?.events).toEqual([
      { atNs: START, kind: 'step', detail: 'by 3 s', pair: null },
      { atNs: START + 1n, kind: 'step', detail: 'by 3 s', pair: ['tsc', 'monotonic_raw'] },
    ]);
    expect(marks.event).toBe(2n);
    markShipped(store, marks);
    expect(sent(store, ROLLUPS)).toMatchObject(nothing);
    appendEvents(store, run, [event(START + 2n)]);
    expect(sent(store, ROLLUPS).runs[0]?.events).toHaveLength(1);
  });

  test("those of another host's runs are passed over for good", () => {
    const { store } = measured('others');
    const other = { ...host, key: 'machine-2' };
    const { id } = startRun(store, { host: other, command: 'agent', startedAtNs: START, options: null });
    appendSamples(store, batchOf(addTsc(store, id), ramp(15, 10n * SECOND, START)));
    appendEvents(store, id, [event(START)]);
    putCalibration(store, id, START, '{}');
    endRun(store, id, NOW, '{}');
    const { runs, marks } = sent(store);
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({ command: 'agent', events: [], calibrations: [] });
    expect(marks).toMatchObject({ event: 1n, calibration: 1n, ended: [], documents: [] });
    expect(marks.series).toHaveLength(1);
  });

  test('are counted from 1 again where retention has emptied the table', () => {
    const { store, run } = measured('emptied');
    appendEvents(store, run, [event(START), event(START + 1n)]);
    markShipped(store, readUnshipped(store, ROLLUPS, PLENTY, NOW).marks);
    store.connection.run('DELETE FROM event');
    appendEvents(store, run, [event(START + 2n)]);
    expect(sent(store, ROLLUPS).runs[0]?.events).toEqual([
      { atNs: START + 2n, kind: 'step', detail: 'by 3 s', pair: null },
    ]);
  });

  test('take their room', () => {
    const { store, run } = measured('event-room');
    markShipped(store, readUnshipped(store, ROLLUPS, PLENTY, NOW).marks);
    appendEvents(store, run, [event(START), event(START + 1n), event(START + 2n)]);
    // 160 bytes and the 6 of the detail.
    const some = (bytes: number) => {
      const { runs, marks, more } = sent(store, ROLLUPS, NOW, bytes);
      return [runs[0]?.events.length, marks.event, more];
    };
    expect([1, 320, 333, 499].map(some)).toEqual([
      [1, 1n, true],
      [2, 2n, true],
      [2, 2n, false],
      [3, 3n, false],
    ]);
  });
});

describe('calibrations', () => {
  test('each once; one of a time that is there already stays', () => {
    const { store, run } = measured('calibrations');
    putCalibration(store, run, START, '{"hz":1}');
    putCalibration(store, run, START, '{"hz":2}');
    putCalibration(store, run, START + 1n, '{"hz":3}');
    const { runs, marks } = sent(store, ROLLUPS);
    expect(runs[0]?.calibrations).toEqual(['{"hz":1}', '{"hz":3}']);
    markShipped(store, marks);
    expect(sent(store, ROLLUPS)).toMatchObject(nothing);
  });

  test('one that is damaged is noted, and not sent', () => {
    const { store, run } = measured('damaged');
    putCalibration(store, run, START, '{"hz":1}');
    putCalibration(store, run, START + 1n, '{"hz":3}');
    store.connection.run('UPDATE calibration SET result = \'{"hz":9}\' WHERE at = ?', START);
    const { runs, marks } = sent(store, ROLLUPS);
    expect(runs[0]?.calibrations).toEqual(['{"hz":3}']);
    expect(store.damage.all).toEqual([{ run: null, what: 'a calibration', fromNs: START, toNs: START }]);
    markShipped(store, marks);
    expect(sent(store, ROLLUPS)).toMatchObject(nothing);
  });
});

test('the end of a run and its document go once each, whichever comes first', () => {
  const { store, run } = measured('documents');
  markShipped(store, readUnshipped(store, ROLLUPS, PLENTY, LAST + 10n * MINUTE_NS).marks);
  endRun(store, run, NOW);
  const ended = sent(store, ROLLUPS);
  expect(ended.runs).toMatchObject([{ endedAtNs: NOW, series: [], document: null }]);
  expect(ended.marks).toMatchObject({ ended: [BigInt(run)], documents: [] });
  markShipped(store, ended.marks);
  expect(sent(store, ROLLUPS)).toMatchObject(nothing);
  endRun(store, run, NOW, '{"a":1}');
  const documented = sent(store, ROLLUPS);
  expect(documented.runs).toMatchObject([{ document: '{"a":1}' }]);
  expect(documented.marks).toMatchObject({ ended: [], documents: [BigInt(run)] });
  markShipped(store, documented.marks);
  expect(sent(store, ROLLUPS)).toMatchObject(nothing);
});

describe('how much a hub does not have', () => {
  test('of each kind; nothing once all has arrived', () => {
    const { store, run, series } = measured('counts');
    appendEvents(store, run, [{ series: null, atNs: START, kind: 'step', detail: 'x' }]);
    endRun(store, run, NOW, '{}');
    // Counted from what is rolled up.
    expect(countUnshipped(store, ALL)).toEqual({ minutes: 0, samples: 0, events: 1, documents: 1 });
    const { marks } = readUnshipped(store, ALL, PLENTY, NOW);
    expect(countUnshipped(store, ALL)).toEqual({ minutes: 3, samples: 15, events: 1, documents: 1 });
    expect(countUnshipped(store, ROLLUPS).samples).toBe(0);
    const none = { minutes: 0, samples: 0, events: 0, documents: 0 };
    // Runs of another host, imported, are never sent.
    expect(countUnshipped(store, { ...ALL, hostKey: 'machine-2' })).toEqual(none);
    markShipped(store, marks);
    expect(countUnshipped(store, ALL)).toEqual(none);
    appendSamples(store, batchOf(series, ramp(3, 10n * SECOND, START + 170n * SECOND)));
    readUnshipped(store, ALL, PLENTY, NOW);
    expect(countUnshipped(store, ALL)).toEqual({ minutes: 2, samples: 3, events: 0, documents: 0 });
  });

  test('what retention takes of it is counted, and adds up', () => {
    const { store, run } = measured('lost');
    appendEvents(store, run, [{ series: null, atNs: START, kind: 'step', detail: 'x' }]);
    const none = { minutes: 0, samples: 0, events: 0, documents: 0 };
    expect(countingLost(store, ALL, () => 'done')).toBe('done');
    expect(lostUnshipped(store)).toEqual(none);
    const take = (sql: string) => () => store.connection.run(sql);
    countingLost(store, ALL, take(`DELETE FROM sample WHERE at < ${START + 40n * SECOND}`));
    expect(lostUnshipped(store)).toEqual({ ...none, samples: 4 });
    countingLost(store, ALL, take('DELETE FROM event'));
    countingLost(store, ALL, take(`DELETE FROM sample WHERE at < ${START + 50n * SECOND}`));
    expect(lostUnshipped(store)).toEqual({ ...none, samples: 5, events: 1 });
  });

  test('also where the process was killed before it had counted', () => {
    const { store } = measured('killed');
    const kill = () => {
      store.connection.run(`DELETE FROM sample WHERE at < ${START + 40n * SECOND}`);
      throw new Error('killed');
    };
    expect(() => countingLost(store, ALL, kill)).toThrow('killed');
    expect(lostUnshipped(store).samples).toBe(0);
    countingLost(store, ALL, () => {});
    countingLost(store, ALL, () => {});
    expect(lostUnshipped(store).samples).toBe(4);
  });
});

test('a store has one random name forever, and another store another', () => {
  const { store } = measured('name');
  const name = instanceOf(store);
  expect(name).toMatch(/^[0-9a-f]{16}$/);
  expect(instanceOf(store)).toBe(name);
  expect(instanceOf(measured('another').store)).not.toBe(name);
});

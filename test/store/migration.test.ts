import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { checkStore } from '../../src/store/check.ts';
import { connect } from '../../src/store/connection.ts';
import { eventsOf } from '../../src/store/events.ts';
import { APPLICATION_ID, MIGRATIONS, migrate, versionOf } from '../../src/store/migrations.ts';
import { queryRange } from '../../src/store/range.ts';
import { documentOfRun, listRuns } from '../../src/store/runs.ts';
import { appendSamples, samplesOf } from '../../src/store/samples.ts';
import { openStore, openStoreToRead } from '../../src/store/store.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { ramp, SECOND, T0 } from './fixtures.ts';

const folder = temporaryFolder();
const MINUTE = 60n * SECOND;

/** A store as version 1 left it, with `count` samples, one minute, one event and one document. */
function oldStore(name: string, count: number): string {
  const path = join(folder, name);
  const connection = connect(path, path);
  migrate(connection, MIGRATIONS.slice(0, 1));
  connection.exec('PRAGMA journal_mode = WAL');
  connection.run("INSERT INTO host VALUES (1, 'machine-1', 'one', NULL)");
  connection.run(
    "INSERT INTO run VALUES (1, '20231114-221320-abcdef', 1, 'agent', ?, ?, NULL, ?)",
    T0,
    T0 + 5n,
    '{"a":"é"}',
  );
  connection.run("INSERT INTO series VALUES (1, 1, 'tsc', 'monotonic_raw', 1, 'why', -5, ?)", T0 + 9n);
  connection.exec('BEGIN');
  for (const { atNs, offsetNs, windowNs } of ramp(count, SECOND)) {
    connection.run('INSERT INTO sample VALUES (1, ?, ?, ?)', atNs, offsetNs, windowNs);
  }
  connection.exec('COMMIT');
  connection.run(
    'INSERT INTO rollup (series, width, at, count, min, max, mean, first_at, first, last_at, last) VALUES (1, ?, ?, 2, 0.5, 1.5, 1, ?, 0.5, ?, 1.5)',
    MINUTE,
    T0 - (T0 % MINUTE) - MINUTE,
    T0 - MINUTE,
    T0 - MINUTE + SECOND,
  );
  connection.run("INSERT INTO event VALUES (1, 1, 1, ?, 'step', 'by 1 ms')", T0);
  connection.close();
  return path;
}

test.each([0, 100, 20_000])(
  'a store of version 1 with %i samples is brought up to date, and nothing is lost',
  (count) => {
    const path = oldStore(`old-${count}.db`, count);
    const store = openStore(path);
    expect(versionOf(store.connection)).toBe(MIGRATIONS.length);
    expect(samplesOf(store, 1, T0, 1e6)).toEqual(ramp(count, SECOND));
    expect(listRuns(store)).toMatchObject([
      {
        key: '20231114-221320-abcdef',
        hostName: 'one',
        samples: count,
        series: 1,
        events: 1,
        endedAtNs: T0 + 5n,
      },
    ]);
    expect(documentOfRun(store, 1)).toBe('{"a":"é"}');
    expect(eventsOf(store, 1, T0, T0 + 1n)).toEqual([
      { series: 1, atNs: T0, kind: 'step', detail: 'by 1 ms' },
    ]);
    expect(queryRange(store, 1, T0 - 2n * MINUTE, T0 - (T0 % MINUTE), MINUTE)).toMatchObject([
      { count: 2, minNs: 0.5, maxNs: 1.5, meanNs: 1 },
    ]);
    appendSamples(store, [[1, { atNs: T0 + 1_000_000n * SECOND, offsetNs: 1, windowNs: 2 }]]);
    expect(checkStore(store, quietControl)).toEqual({
      runs: 1,
      samples: count + 1,
      rollups: 1,
      events: 1,
      documents: 1,
    });
    expect(store.damage.all).toEqual([]);
    expect(store.connection.pragma('application_id')).toBe(BigInt(APPLICATION_ID));
    store.close();
  },
);

test('reading an old store brings it up to date first', () => {
  const store = openStoreToRead(oldStore('old-read.db', 50));
  expect(store.readOnly).toBe(true);
  expect(samplesOf(store, 1, T0, 100)).toEqual(ramp(50, SECOND));
  store.close();
});

test('an old store that is damaged is left as it is, to write and to read, and what may still help is named', () => {
  const path = oldStore('old-damaged.db', 20_000);
  const connection = connect(path, path);
  connection.pragma('wal_checkpoint(TRUNCATE)');
  connection.close();
  const bytes = readFileSync(path).fill(0xa5, 30 * 4096, 40 * 4096);
  writeFileSync(path, bytes);
  expect(() => openStoreToRead(path)).toThrow(
    expect.objectContaining({
      code: 'STORE_REFUSED',
      message: `${path} has an older format and is damaged.`,
      hint: '`sqlite3 FILE .recover` may save rows.',
    }),
  );
  expect(() => openStore(path)).toThrow(`${path} is damaged (`);
  expect(readFileSync(path).equals(bytes)).toBe(true);
});

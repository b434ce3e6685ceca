import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import Database from 'libsql';
import { expect, test } from 'vitest';
import { connect } from '../../src/store/connection.ts';
import { MIGRATIONS, migrate, versionOf } from '../../src/store/migrations.ts';
import { listRuns } from '../../src/store/runs.ts';
import { appendSamples, samplesOf } from '../../src/store/samples.ts';
import { openStore, openStoreToRead } from '../../src/store/store.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { batchOf, ramp, SECOND, storeWithSeries, T0 } from './fixtures.ts';

const folder = temporaryFolder();
let next = 0;
const fresh = () => join(folder, `${next++}.db`);

/** A store that was closed, with `count` samples. */
function stored(count: number): string {
  const path = fresh();
  const { store, series } = storeWithSeries(path);
  appendSamples(store, batchOf(series, ramp(count, SECOND)));
  store.close();
  return path;
}

/** That `path` is refused with a sentence, and that neither it nor its folder is changed by that. */
function expectRefused(path: string, sentence: RegExp | string): void {
  const before = readFileSync(path);
  const beside = readdirSync(folder);
  for (const open of [openStore, openStoreToRead]) {
    expect(() => open(path)).toThrow(expect.objectContaining({ code: 'STORE_REFUSED' }));
    expect(() => open(path)).toThrow(sentence);
  }
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(readdirSync(folder)).toEqual(beside);
}

test('what was stored is there when it is opened again, to write or to read', () => {
  const path = stored(3);
  for (const open of [openStore, openStoreToRead]) {
    const store = open(path);
    expect(listRuns(store)).toMatchObject([{ command: 'drift', samples: 3, series: 1, hostName: 'one' }]);
    expect(samplesOf(store, 1, T0, 10)).toEqual(ramp(3, SECOND));
    store.close();
  }
});

test('folders on the way are created; an empty file becomes a store', () => {
  openStore(join(folder, 'a/b/c.db')).close();
  expect(existsSync(join(folder, 'a/b/c.db'))).toBe(true);
  const path = fresh();
  writeFileSync(path, '');
  storeWithSeries(path).store.close();
});

test('names that mean something in a URL are only names', () => {
  const path = join(folder, 'a?mode=memory#%41 b.db');
  storeWithSeries(path).store.close();
  expect(listRuns(openStoreToRead(path))).toHaveLength(1);
  expect(existsSync(path)).toBe(true);
});

test('reading needs a store', () => {
  const path = fresh();
  expect(() => openStoreToRead(path)).toThrow(`there is no store at ${path}`);
  expect(existsSync(path)).toBe(false);
});

test('a folder, or a path through a file, is refused with the reason', () => {
  expect(() => openStore(folder)).toThrow('EISDIR');
  const path = stored(1);
  expect(() => openStore(join(path, 'x.db'))).toThrow(/cannot create .* \((EEXIST|ENOTDIR)\)/);
});

test('another file is refused and left as it is', () => {
  const text = fresh();
  writeFileSync(text, 'These are notes, not a store.\n'.repeat(100));
  expectRefused(text, 'is not a tscope store');
  const short = fresh();
  writeFileSync(short, 'SQLite');
  expectRefused(short, 'is not a tscope store');
  const foreign = fresh();
  const database = new Database(foreign);
  database.exec('CREATE TABLE cats (name TEXT)');
  database.close();
  expectRefused(foreign, 'is an SQLite database, but not a tscope store');
});

test('a newer store is refused and left as it is', () => {
  const path = stored(1);
  const database = new Database(path);
  database.exec('PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
  expectRefused(path, `its format is 99, this one knows ${MIGRATIONS.length}`);
});

/** One of SQLite's findings, whole, without the line that names its database. */
const ONE_FINDING = /\.db is damaged \(\w+ [^\n*]*\w\)\.$/;

test('a damaged store is refused for writing and left as it is; reading it names the damage', () => {
  const cut = stored(5000);
  truncateSync(cut, 40_960);
  const scribbled = stored(5000);
  const bytes = readFileSync(scribbled);
  bytes.fill(0xa5, 3 * 4096, 12 * 4096);
  writeFileSync(scribbled, bytes);
  for (const path of [cut, scribbled]) {
    const before = readFileSync(path);
    expect(() => openStore(path)).toThrow(expect.objectContaining({ code: 'STORE_REFUSED' }));
    expect(() => openStore(path)).toThrow(ONE_FINDING);
    expect(readFileSync(path).equals(before)).toBe(true);
  }
  const store = openStoreToRead(cut);
  expect(store.damage.all[0]?.what).toMatch(/^the file itself \(/);
  expect(listRuns(store)).toHaveLength(1);
});

test.skipIf(process.getuid?.() === 0)(
  'a file that may not be written is refused for writing and can be read',
  () => {
    const path = stored(2);
    chmodSync(path, 0o444);
    expect(() => openStore(path)).toThrow(expect.objectContaining({ code: 'STORE_READ_ONLY' }));
    expect(samplesOf(openStoreToRead(path), 1, T0, 10)).toHaveLength(2);
  },
);

test('a reader cannot write', () => {
  const store = openStoreToRead(stored(1));
  expect(() => appendSamples(store, batchOf(1, ramp(1, SECOND, T0 + 9n * SECOND)))).toThrow(
    expect.objectContaining({ code: 'STORE_READ_ONLY' }),
  );
});

test('a migration runs each missing step once, and is all or nothing', () => {
  const path = fresh();
  const connection = connect(path, path);
  const first = 'CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1)';
  migrate(connection, [first]);
  migrate(connection, [first]);
  expect(connection.all('SELECT x FROM a')).toEqual([[1n]]);
  expect(() =>
    migrate(connection, [first, 'INSERT INTO a VALUES (2)', 'INSERT INTO missing VALUES (3)']),
  ).toThrow();
  expect(versionOf(connection)).toBe(1);
  expect(connection.all('SELECT x FROM a')).toEqual([[1n]]);
  migrate(connection, [first, 'INSERT INTO a VALUES (2)', 'INSERT INTO a VALUES (3)']);
  expect(versionOf(connection)).toBe(3);
  expect(connection.all('SELECT x FROM a')).toEqual([[1n], [2n], [3n]]);
  connection.close();
});

test('a folder that takes no files beside the store is named', () => {
  const place = join(folder, 'place');
  mkdirSync(place);
  openStore(join(place, 'x.db')).close();
  expect(readdirSync(place)).toContain('x.db');
});

test('a pipe, a socket and a device are refused, and not waited for', async () => {
  const own = mkdtempSync(join(folder, 'kinds-'));
  const fifo = join(own, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const socket = join(own, 'socket');
  const server = createServer().listen(socket);
  await once(server, 'listening');
  for (const path of [fifo, socket, '/dev/null', '/dev/zero']) {
    for (const open of [openStore, openStoreToRead])
      expect(() => open(path), path).toThrow(expect.objectContaining({ code: 'STORE_REFUSED' }));
  }
  server.close();
});

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { maintain } from '../../src/store/retention.ts';
import { listRuns } from '../../src/store/runs.ts';
import { samplesOf } from '../../src/store/samples.ts';
import { listSeries } from '../../src/store/series.ts';
import { openStore, openStoreToRead, type Store } from '../../src/store/store.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { SECOND, T0 } from './fixtures.ts';

const folder = temporaryFolder();
/** Of four writers each. The benchmark of the store does it hundreds of times. */
const ROUNDS = 10;
const WRITER = join(import.meta.dirname, 'append.mjs');

interface Writer {
  /** The last number that the writer said was stored, -1 for none. */
  readonly stored: number;
  readonly stderr: string;
}

/** Runs a writer until it ends, or is killed after `killAfter` numbers. */
function write(
  path: string,
  clock: string,
  count: number,
  killAfter = Number.POSITIVE_INFINITY,
): Promise<Writer> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [WRITER, path, clock, String(count)]);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      if (stdout.split('\n').length > killAfter) child.kill('SIGKILL');
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', () => resolve({ stored: Number(stdout.trim().split('\n').at(-1) || -1), stderr }));
  });
}

const intact = ({ connection }: Store) => expect(connection.pragma('integrity_check')).toBe('ok');

test('eight processes create and write one store together, and none gets in the way of another', async () => {
  const path = join(folder, 'together.db');
  const writers = await Promise.all(Array.from({ length: 8 }, (_, i) => write(path, `clock-${i}`, 40)));
  expect(writers).toEqual(writers.map(() => ({ stored: 39, stderr: '' })));
  const store = openStoreToRead(path);
  intact(store);
  expect(listRuns(store).map(({ samples }) => samples)).toEqual(new Array(8).fill(40));
});

test('a roll-up in one process and writers in others lose nothing', async () => {
  const path = join(folder, 'rolling.db');
  const store = openStore(path);
  const writers = Promise.all(Array.from({ length: 3 }, (_, i) => write(path, `clock-${i}`, 700)));
  let done = false;
  void writers.then(() => {
    done = true;
  });
  const forever = { samplesNs: null, minutesNs: null, hoursNs: null, maxBytes: null };
  let rolledUp = 0;
  while (!done) {
    rolledUp += maintain(store, forever).rolledUp;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  rolledUp += maintain(store, forever).rolledUp;
  expect((await writers).map(({ stderr }) => stderr)).toEqual(['', '', '']);
  expect(rolledUp).toBe(2100);
  const [total] = store.connection.get('SELECT sum(count) FROM rollup WHERE width = 60000000000') ?? [];
  expect(total).toBe(2100n);
});

test('a writer killed again and again loses no sample that it had stored, and stores none twice', async () => {
  const path = join(folder, 'killed.db');
  // Each is killed at another moment: after this many samples, or in the middle of the next one.
  for (let round = 0; round < ROUNDS; round++) {
    const names = Array.from({ length: 4 }, (_, i) => `clock-${round}-${i}`);
    const writers = await Promise.all(
      names.map((clock, i) => write(path, clock, 0, 1 + ((round * 7 + i * 5) % 37))),
    );
    const store = openStore(path);
    for (const [i, { stored, stderr }] of writers.entries()) {
      expect(stderr).toBe('');
      const series = listSeries(store).findLast(({ clock }) => clock === names[i])?.id ?? -1;
      const offsets = samplesOf(store, series, T0, 10_000).map(({ offsetNs }) => offsetNs);
      // All that were said to be stored, at most one more, in order, each once.
      expect(offsets.length - (stored + 1)).toBeGreaterThanOrEqual(0);
      expect(offsets.length - (stored + 1)).toBeLessThanOrEqual(1);
      expect(offsets).toEqual(offsets.map((_, k) => k));
    }
    if (round % 2 === 0) intact(store);
    store.close();
  }
  const store = openStore(path);
  intact(store);
  expect(listRuns(store)).toHaveLength(4 * ROUNDS);
  maintain(store, { samplesNs: 2n * 3600n * SECOND, minutesNs: null, hoursNs: null, maxBytes: null });
  intact(store);
}, 120_000);

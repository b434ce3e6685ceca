import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { listRuns } from '../../src/store/runs.ts';
import { appendSamples, samplesOf } from '../../src/store/samples.ts';
import { openStore, openStoreToRead } from '../../src/store/store.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { batchOf, ramp, SECOND, storeWithSeries, T0 } from './fixtures.ts';

const folder = temporaryFolder();

const removed = (path: string) => ({
  code: 'STORE_REMOVED',
  message: `${path} was removed or replaced while it was in use; nothing more is stored.`,
  hint: 'This process can still read what it stored. Open the store again to start a new file.',
});

test('a file removed under the writer is noticed at the next sample; what was stored can still be read', () => {
  const path = join(folder, 'removed.db');
  const { store, series } = storeWithSeries(path);
  appendSamples(store, batchOf(series, ramp(5, SECOND)));
  rmSync(path);
  const append = () => appendSamples(store, batchOf(series, ramp(1, SECOND, T0 + 9n * SECOND)));
  expect(append).toThrow(expect.objectContaining(removed(path)));
  expect(samplesOf(store, series, T0, 10)).toEqual(ramp(5, SECOND));
  store.close();
  const fresh = openStore(path);
  expect(listRuns(fresh)).toEqual([]);
  fresh.close();
});

test.each(['-wal', '-shm'])(
  'the %s beside the file removed: what is in the log is saved into the file',
  (log) => {
    const path = join(folder, `log${log}.db`);
    const { store, series } = storeWithSeries(path);
    appendSamples(store, batchOf(series, ramp(5, SECOND)));
    rmSync(`${path}${log}`);
    expect(() => appendSamples(store, batchOf(series, ramp(5, SECOND, T0 + 10n * SECOND)))).toThrow(
      expect.objectContaining({
        code: 'STORE_REMOVED',
        message: `${path}: the log beside it was removed while it was in use; what it held is in the file now.`,
        hint: 'Open the store again to go on.',
      }),
    );
    // As if this process were killed now.
    cpSync(path, `${path}.file`);
    const file = openStoreToRead(`${path}.file`);
    expect(samplesOf(file, series, T0, 10)).toEqual(ramp(5, SECOND));
    file.close();
    store.close();
  },
);

test('a file replaced under the writer is noticed, and the new one is left alone', async () => {
  const path = join(folder, 'replaced.db');
  const { store, series } = storeWithSeries(path);
  renameSync(path, `${path}.old`);
  writeFileSync(path, 'something else');
  expect(() => appendSamples(store, batchOf(series, ramp(1, SECOND)))).toThrow(
    expect.objectContaining(removed(path)),
  );
  const work = vi.fn();
  await expect(store.longTransaction(work)).rejects.toThrow(expect.objectContaining(removed(path)));
  expect(work).not.toHaveBeenCalled();
  expect(listRuns(store)).toMatchObject([{ command: 'drift', samples: 0 }]);
  store.close();
  expect(readFileSync(path, 'utf8')).toBe('something else');
});

test('the log removed while another process reads from it: that it cannot be saved yet is said', () => {
  const path = join(folder, 'log-in-use.db');
  storeWithSeries(path).store.close();
  const store = openStore(path, 10);
  appendSamples(store, batchOf(1, ramp(5, SECOND)));
  const reader = openStoreToRead(path);
  reader.snapshot(() => {
    expect(samplesOf(reader, 1, T0, 10)).toHaveLength(5);
    rmSync(`${path}-wal`);
    expect(() => appendSamples(store, batchOf(1, ramp(5, SECOND, T0 + 10n * SECOND)))).toThrow(
      expect.objectContaining({
        code: 'STORE_BUSY',
        message: `${path}: the log beside it was removed, and others are reading it.`,
      }),
    );
  });
  reader.close();
  store.close();
});

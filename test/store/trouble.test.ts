import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { queryRange } from '../../src/store/range.ts';
import { listRuns } from '../../src/store/runs.ts';
import { appendSamples, samplesOf } from '../../src/store/samples.ts';
import { openStore, openStoreToRead } from '../../src/store/store.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { batchOf, ramp, SECOND, storeWithSeries, T0 } from './fixtures.ts';

const folder = temporaryFolder();
const WRITER = join(import.meta.dirname, 'append.mjs');
const disk = join(folder, 'disk');
mkdirSync(disk);

/** A file system of its own needs root, and a container may still refuse it. */
const mount = (...options: string[]) => spawnSync('mount', [...options, disk]).status === 0;
const mounted = mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs');
afterAll(() => {
  if (mounted) execFileSync('umount', ['-l', disk]);
});
const onDisk = test.skipIf(!mounted);

/** Runs code in a process of its own, since a file system cannot be made read-only under open files. */
const inProcess = (code: string) => {
  const module = (name: string) => JSON.stringify(join(import.meta.dirname, `../../dist/store/${name}.js`));
  const head = `import * as store from ${module('store')}; import * as runs from ${module('runs')};`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', head + code], {
    encoding: 'utf8',
  });
  return stdout + stderr;
};

onDisk('a full disk is a clear error; what was stored stays readable, and room lets the store go on', () => {
  const path = join(disk, 'full.db');
  const { store, series } = storeWithSeries(path);
  let stored = 0;
  const append = () => {
    appendSamples(store, batchOf(series, ramp(1, SECOND, T0 + BigInt(stored) * SECOND)));
    stored += 1;
  };
  const fill = () => {
    for (;;) append();
  };
  expect(fill).toThrow(expect.objectContaining({ code: 'STORE_FULL' }));
  expect(stored).toBeGreaterThan(10);
  expect(append).toThrow(`${path}: the disk is full`);
  expect(samplesOf(store, series, T0, 10_000)).toHaveLength(stored);
  expect(queryRange(store, series, T0, T0 + 60n * SECOND, SECOND).length).toBeGreaterThan(10);
  const other = openStoreToRead(path);
  expect(listRuns(other)).toMatchObject([{ samples: stored }]);
  expect(mount('-o', 'remount,size=4m')).toBe(true);
  append();
  expect(samplesOf(store, series, T0, 10_000)).toHaveLength(stored);
  store.close();
});

onDisk('a disk with no room for a store says so', () => {
  mkdirSync(join(disk, 'x'), { recursive: true });
  const room = 'dd if=/dev/zero of="$0" bs=4k 2>/dev/null; true';
  execFileSync('sh', ['-c', room, join(disk, 'x/filler')]);
  expect(() => openStore(join(disk, 'x/none.db'))).toThrow(expect.objectContaining({ code: 'STORE_FULL' }));
  rmSync(join(disk, 'x'), { recursive: true });
});

onDisk('on a disk without room, a store whose writer was killed can be read', () => {
  const path = join(disk, 'killed.db');
  inProcess(`const s = store.openStore(${JSON.stringify(path)});
    runs.startRun(s, { host: { key: 'h', name: 'h', facts: null }, command: 'x', startedAtNs: 1n, options: null });
    process.kill(process.pid, 'SIGKILL');`);
  execFileSync('sh', ['-c', 'dd if=/dev/zero of="$0" bs=4k 2>/dev/null; true', join(disk, 'filler')]);
  expect(inProcess(`console.log(runs.listRuns(store.openStoreToRead(${JSON.stringify(path)})).length)`)).toBe(
    '1\n',
  );
  rmSync(join(disk, 'filler'));
});

onDisk('a read-only file system is a clear error for a writer, and no hindrance to a reader', () => {
  for (const name of readdirSync(disk)) rmSync(join(disk, name), { recursive: true });
  execFileSync('umount', ['-l', disk]);
  expect(mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs')).toBe(true);
  const path = join(disk, 'still.db');
  const child = spawnSync(process.execPath, [WRITER, path, 'tsc', '25'], { encoding: 'utf8' });
  expect(child.stderr).toBe('');
  for (const leftOver of ['-wal', '-shm']) rmSync(path + leftOver, { force: true });
  expect(mount('-o', 'remount,ro')).toBe(true);
  const again = spawnSync(process.execPath, [WRITER, path, 'tsc', '5'], { encoding: 'utf8' });
  expect(again.stderr).toBe(
    `STORE_READ_ONLY: ${path} cannot be written: it, its folder or its file system is read-only.\n`,
  );
  expect(listRuns(openStoreToRead(path))).toMatchObject([{ samples: 25 }]);
});

import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSmallFile } from '../src/small-file.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const read = (path: string) => readSmallFile('the file', path);

test('a file is read up to 1 MiB, and whether every user can read it is told', () => {
  writeFileSync(at('most'), Buffer.alloc(2 ** 20, 'x'));
  chmodSync(at('most'), 0o640);
  const { bytes, open } = read(at('most'));
  expect([bytes.length, open]).toEqual([2 ** 20, false]);
  chmodSync(at('most'), 0o604);
  expect(read(at('most')).open).toBe(true);
  writeFileSync(at('more'), Buffer.alloc(2 ** 20 + 1));
  expect(() => read(at('more'))).toThrow('larger than 1 MiB');
  writeFileSync(at('empty'), '');
  expect(read(at('empty')).bytes).toHaveLength(0);
});

test('a pipe is waited for two seconds; a device without an end is not read without end', () => {
  execFileSync('mkfifo', [at('fifo')]);
  spawn('sh', ['-c', `sleep 0.1; printf secret > '${at('fifo')}'`], { stdio: 'ignore' });
  expect(read(at('fifo')).bytes.toString()).toBe('secret');
  const begun = performance.now();
  expect(() => read(at('fifo'))).toThrow('the file');
  expect(performance.now() - begun).toBeGreaterThan(1_900);
  expect(() => read('/dev/zero')).toThrow('larger than 1 MiB');
  expect(() => read(folder)).toThrow('(EISDIR)');
  expect(() => read(at('nothing'))).toThrow('(ENOENT)');
});

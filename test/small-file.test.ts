import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSmallFile } from '../src/small-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'tscope-small-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const read = (path: string) => readSmallFile('the file', path);

test('a file is read with its mode, up to 1 MiB', () => {
  writeFileSync(at('most'), Buffer.alloc(2 ** 20, 'x'));
  chmodSync(at('most'), 0o640);
  const { bytes, mode } = read(at('most'));
  expect([bytes.length, mode]).toEqual([2 ** 20, 0o640]);
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

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeFileWith, writeWhole } from '../src/out-file.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const written = (path: string, text: string) => writeFileWith(path, (fd) => writeSync(fd, text));

test('a file is written through a link, and keeps its mode; a new one gets the usual', () => {
  writeFileSync(at('real'), 'old');
  chmodSync(at('real'), 0o600);
  symlinkSync('real', at('link'));
  expect(written(at('link'), 'new')).toBe(3);
  expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
  expect(readFileSync(at('real'), 'utf8')).toBe('new');
  expect(statSync(at('real')).mode & 0o777).toBe(0o600);
  written(at('fresh'), 'new');
  expect(statSync(at('fresh')).mode & 0o777).toBe(0o666 & ~process.umask());
});

test('what is not wanted any more, or fails half way, leaves the old file and nothing beside it', () => {
  writeFileSync(at('kept'), 'old');
  const before = readdirSync(folder);
  const half = (fd: number) => writeSync(fd, 'half');
  expect(writeFileWith(at('kept'), (fd) => (half(fd) > 0 ? null : 1))).toBeNull();
  const failing = (fd: number) => {
    half(fd);
    throw new RangeError('no more');
  };
  expect(() => writeFileWith(at('kept'), failing)).toThrow('no more');
  expect(readFileSync(at('kept'), 'utf8')).toBe('old');
  expect(readdirSync(folder)).toEqual(before);
});

test('a pipe is written to, with a name or without; what cannot be written is named', async () => {
  execFileSync('mkfifo', [at('fifo')]);
  const reader = spawn('cat', [at('fifo')], { stdio: ['ignore', 'pipe', 'ignore'] });
  let read = '';
  reader.stdout.on('data', (chunk: Buffer) => {
    read += chunk;
  });
  await writeWhole(at('fifo'), 'through a pipe');
  await once(reader, 'close');
  expect(read).toBe('through a pipe');
  expect(lstatSync(at('fifo')).isFIFO()).toBe(true);

  // As a shell's >(...) hands it over.
  const module = new URL('../src/out-file.ts', import.meta.url).href;
  const code = `import('${module}').then(({ writeWhole }) => writeWhole('/dev/fd/3', 'without a name'))`;
  const loader = new URL('./load-typescript.mjs', import.meta.url).href;
  const shell = `exec "$0" --import ${loader} -e "$1" 3> >(cat)`;
  expect(execFileSync('bash', ['-c', `${shell} | cat`, process.execPath, code], { encoding: 'utf8' })).toBe(
    'without a name',
  );

  expect(written('/dev/null', 'gone')).toBe(4);
  expect(() => written('/dev/full', 'x')).toThrow('cannot write /dev/full');
  expect(() => written(folder, 'x')).toThrow(expect.objectContaining({ code: 'IO' }));
});

import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LINE_LENGTH, readText, type TextLimits, textLines } from '../src/text-file.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();

let files = 0;
const saved = (bytes: string | Uint8Array): string => {
  files += 1;
  const path = join(folder, `${files}.txt`);
  writeFileSync(path, bytes);
  return path;
};
const linesAt = async (path: string, limits?: TextLimits): Promise<string[]> => {
  const lines: string[] = [];
  for await (const batch of textLines(path, limits)) for (const line of batch) lines.push(line);
  return lines;
};
const lines = (bytes: string | Uint8Array, limits?: TextLimits) => linesAt(saved(bytes), limits);

const swapped = (text: string) => Buffer.from(text, 'utf16le').swap16();

test.each([
  ['as it is', Buffer.from('1\n2\n\n3')],
  ['a byte order mark', Buffer.from('\uFEFF1\n2\n\n3')],
  ['Windows', Buffer.from('1\r\n2\r\n\r\n3\r\n')],
  ['an old Mac', Buffer.from('1\r2\r\r3\r')],
  ['mixed ends', Buffer.from('1\r2\n\r\n3')],
  ['UTF-16 with its mark', Buffer.from('\uFEFF1\r\n2\r\n\r\n3', 'utf16le')],
  ['UTF-16 without a mark', Buffer.from('1\n2\n\n3', 'utf16le')],
  ['big-endian UTF-16', swapped('\uFEFF1\n2\n\n3')],
  ['big-endian UTF-16 without a mark', swapped('1\n2\n\n3')],
  ['gzip', gzipSync('1\n2\n\n3')],
  ['gzip of UTF-16', gzipSync(Buffer.from('\uFEFF1\r\n2\r\n\r\n3', 'utf16le'))],
  ['two members of gzip', Buffer.concat([gzipSync('1\n2'), gzipSync('\n\n3')])],
])('the same lines from every packing: %s', async (_name, bytes) => {
  expect(await lines(bytes)).toEqual(['1', '2', '', '3']);
});

test('lines are whole across chunks, whatever their ends', async () => {
  const many = Array.from({ length: 300_000 }, (_, i) => String(i));
  for (const end of ['\n', '\r\n', '\r']) expect(await lines(many.join(end))).toEqual(many);
  expect(await lines(gzipSync(many.join('\r\n')))).toEqual(many);
});

test('a whole text comes back as it was written', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
      fc.pre(!text.startsWith('\uFEFF') && !text.includes('\0'));
      expect(await readText(saved(text), 1000)).toBe(text);
    }),
    { numRuns: 50 },
  );
  expect(await readText(saved(''), 0)).toBe('');
});

test('a line may be as long as the limit and no longer; the fault is named by its line', async () => {
  const longest = 'x'.repeat(LINE_LENGTH);
  expect(await lines(`1\n${longest}\n2`)).toEqual(['1', longest, '2']);
  await expect(lines(`1\n${longest}x\n2`)).rejects.toThrow(`line 2 is longer than ${LINE_LENGTH} characters`);
  await expect(lines(`${longest}x`)).rejects.toThrow(`longer than ${LINE_LENGTH} characters`);
  await expect(lines(gzipSync('x'.repeat(40 * LINE_LENGTH)))).rejects.toThrow('line 1 is longer');
});

test('a text may be as large as the limit and no larger, unpacked', async () => {
  const text = 'x'.repeat(2 ** 20);
  expect(await readText(saved(text), 2 ** 20)).toBe(text);
  await expect(readText(saved(`${text}y`), 2 ** 20)).rejects.toThrow('is larger than 1 MiB');
  await expect(readText(saved(gzipSync(`${text}y`)), 2 ** 20)).rejects.toThrow('is larger than 1 MiB');
});

test('what cannot be read is named with the reason', async () => {
  await expect(linesAt(join(folder, 'absent'))).rejects.toThrow('absent: no such file or folder (ENOENT)');
  await expect(linesAt(folder)).rejects.toThrow('EISDIR');
  const packed = gzipSync('1\n2\n3');
  await expect(lines(packed.subarray(0, packed.length - 9))).rejects.toThrow('is a damaged gzip file');
  await expect(readText(saved(Buffer.from([0x31, 0xff])), 9, { strict: true })).rejects.toThrow(
    'is not UTF-8',
  );
  expect(await readText(saved(Buffer.from([0x31, 0xff])), 9)).toBe('1\uFFFD');
});

test('a FIFO is read to its end, also where its writer comes late; without one it can be given up', async () => {
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  let asked = 0;
  const nobody = await linesAt(path, { cancelled: () => ++asked > 3 });
  expect(nobody).toEqual([]);
  const reading = linesAt(path);
  setTimeout(() => {
    const writer = createWriteStream(path);
    writer.write('1\n2');
    setTimeout(() => writer.end('3\n4\n'), 50);
  }, 50);
  expect(await reading).toEqual(['1', '23', '4']);
});

test('standard input: a pipe, a file, and nothing', async () => {
  const script = `
    import { textLines } from ${JSON.stringify(new URL('../src/text-file.ts', import.meta.url).href)};
    for await (const lines of textLines('-')) process.stdout.write(lines.map((line) => line + ';').join(''));`;
  const shell = (command: string) =>
    new Promise<string>((resolve) => {
      const child = spawn('sh', ['-c', command], {
        env: { ...process.env, SCRIPT: script, LOADER: new URL('load-typescript.mjs', import.meta.url).href },
      });
      let out = '';
      child.stdout.on('data', (data) => (out += data));
      child.stderr.on('data', (data) => (out += data));
      child.on('close', () => resolve(out));
    });
  const node = `"${process.execPath}" --import "$LOADER" --input-type=module -e "$SCRIPT"`;
  expect(await shell(`(echo 1; sleep 0.1; echo 2) | ${node}`)).toBe('1;2;');
  expect(await shell(`${node} < ${saved('3\n4\n')}`)).toBe('3;4;');
  expect(await shell(`${node} < /dev/null`)).toBe('');
});

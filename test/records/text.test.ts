import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRecordFile } from '../../src/tasks/stability.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const folder = temporaryFolder();

const path = join(folder, 'record.txt');
const readings = async (): Promise<number[]> => {
  const record = await readRecordFile(path, { tau0: 1, gap: Number.NaN, unit: 's' });
  return [...record.values];
};
const read = (text: string | Uint8Array) => {
  writeFileSync(path, text);
  return readings();
};

test('numbers in every usual form', async () => {
  expect(await read('1\n-2.5\n+3e-12\n.5\n4.\n1E+3\n0\n')).toEqual([1, -2.5, 3e-12, 0.5, 4, 1000, 0]);
});

test('comments, blank lines, indents, Windows line ends, a byte order mark, no line end at the end', async () => {
  expect(await read('\uFEFF# head\r\n1\r\n\r\n  2 \r\n\t3 # with a remark\r\n#4\r\n \r\n5')).toEqual([
    1, 2, 3, 5,
  ]);
});

test('nan is a gap, in its place', async () => {
  expect(await read('1\nNaN\nnan\n-nan\n2')).toEqual([1, Number.NaN, Number.NaN, Number.NaN, 2]);
});

test('an empty file has no values', async () => {
  expect(await read('')).toEqual([]);
  expect(await read('# nothing\n\n')).toEqual([]);
});

test.each([
  ['1\n2\nx3\n', "line 3 is not a number: 'x3'"],
  ['# a\n\n1 2\n', "line 3 has 2 columns: '1 2'"],
  ['1;2;3', "line 1 has 3 columns: '1;2;3'"],
  ['1,5\n2,5,7\n', 'columns'],
  ['# a\n1 2 3\n4 5 6\n', "line 2 has 3 columns: '1 2 3'; say which one"],
  ['0x10\n', "line 1 is not a number: '0x10'"],
  ['1\ninf\n', "line 2 is not a number: 'inf'"],
  ['1\nInfinity\n', 'line 2 is not a number'],
  ['1\n1e999\n', "line 2 is too large: '1e999'"],
  ['1\n1e\n', 'line 2 is not a number'],
  ['1\n1_000\n', 'line 2 is not a number'],
  ['1\n\u0000\u0001\n', "line 2 is not a number: '\\x00\\x01'"],
  [`1\n${'9a'.repeat(1000)}\n`, `'${'9a'.repeat(20)}...'`],
])('a bad line is named by its number: %j', async (text, message) => {
  await expect(read(text)).rejects.toThrow(message);
  await expect(read(text)).rejects.toThrow(path);
});

test('the columns of a file are counted in words where the times alone are named', async () => {
  const only = (text: string) => {
    writeFileSync(path, text);
    return readRecordFile(path, { timeColumn: 1 });
  };
  await expect(only('1\n2\n3\n')).rejects.toThrow(
    `${path}: has one column; say which one holds the readings.`,
  );
  await expect(only('1 2 3\n4 5 6\n')).rejects.toThrow(
    `${path}: has 3 columns; say which one holds the readings.`,
  );
});

test('a file that cannot be read is named with the reason', async () => {
  await expect(readRecordFile(join(folder, 'absent'), {})).rejects.toThrow(
    'absent: no such file or folder (ENOENT)',
  );
  await expect(readRecordFile(folder, {})).rejects.toThrow('EISDIR');
});

test('every double comes back as it was printed, also across the borders of what is read at once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 50 }),
      async (values) => {
        expect(await read(values.join('\n'))).toEqual(values.map((value) => value + 0));
      },
    ),
  );
  const many = Float64Array.from({ length: 200_000 }, (_, i) => Math.sin(i) * 1e-9);
  writeFileSync(path, many.join('\r\n'));
  expect((await readRecordFile(path, { tau0: 1 })).values).toEqual(many);
});

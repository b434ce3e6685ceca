import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import type { RecordOptions } from '../../src/records/record.ts';
import { stabilityTask } from '../../src/tasks/stability.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const folder = temporaryFolder();

type Text = string | Uint8Array;
const swapped = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16();
const lines = (text: string, change: (line: string) => string) => text.split('\n').map(change).join('\n');

/** Ways in which the same readings of phase, in whole picoseconds, reach us. */
const routes: ReadonlyArray<readonly [string, (text: string) => Text, RecordOptions]> = [
  ['packed with gzip', (text) => gzipSync(text), { unit: 'ps' }],
  [
    'in two packed parts',
    (text) => Buffer.concat([gzipSync(text.slice(0, 9)), gzipSync(text.slice(9))]),
    { unit: 'ps' },
  ],
  ['CR', (text) => text.replaceAll('\n', '\r'), { unit: 'ps' }],
  ['CRLF', (text) => text.replaceAll('\n', '\r\n'), { unit: 'ps' }],
  ['a byte order mark', (text) => `\uFEFF${text}`, { unit: 'ps' }],
  ['UTF-16', (text) => Buffer.from(`\uFEFF${text}`, 'utf16le'), { unit: 'ps' }],
  ['UTF-16, big-endian', swapped, { unit: 'ps' }],
  ['quotes', (text) => lines(text, (line) => `"${line}"`), { unit: 'ps' }],
  ['a trailing comma', (text) => lines(text, (line) => `${line},`), { unit: 'ps' }],
  ['a decimal comma', (text) => lines(text, (line) => `${line},0`.replace('nan,0', 'nan')), { unit: 'ps' }],
  ['comments', (text) => `# head\n% head\n${lines(text, (line) => `${line} # remark`)}`, { unit: 'ps' }],
  ['a heading with the unit', (text) => `phase [ps]\n${text}`, {}],
  ['the unit after each', (text) => lines(text, (line) => (line === 'nan' ? line : `${line} ps`)), {}],
  ['seconds', (text) => lines(text, (line) => (line === 'nan' ? line : `${line}e-12`)), { unit: 's' }],
  ['D exponents', (text) => lines(text, (line) => (line === 'nan' ? line : `${line}D-12`)), { unit: 's' }],
  ['ns', (text) => lines(text, (line) => (line === 'nan' ? line : `${line}e-3`)), { unit: 'ns' }],
  ['ms', (text) => lines(text, (line) => (line === 'nan' ? line : `${line}e-9`)), { unit: 'ms' }],
  [
    'a column of times',
    (text) =>
      text
        .split('\n')
        .flatMap((line, i) => (line === 'nan' ? [] : [`${i},${line}`]))
        .join('\n'),
    { unit: 'ps', column: 2, timeColumn: 1 },
  ],
  [
    'MJD',
    (text) =>
      text
        .split('\n')
        .flatMap((line, i) => (line === 'nan' ? [] : [`${(60_310 + i / 86_400).toFixed(9)} ${line}`]))
        .join('\n'),
    { unit: 'ps', column: 2, timeColumn: 1 },
  ],
];

async function figures(text: Text, options: RecordOptions): Promise<unknown> {
  const path = join(folder, 'record');
  writeFileSync(path, text);
  const { result } = await stabilityTask(
    {
      tau0: 1,
      ...options,
      paths: [path],
      estimators: ['adev', 'oadev', 'mdev', 'totdev', 'mtie'],
      taus: 'octave',
      confidence: 0.95,
    },
    quietControl,
  );
  return result.points;
}

test.each(routes)('the same readings give the same digits: %s', async (_, change, options) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          { weight: 9, arbitrary: fc.integer({ min: -99_999, max: 99_999 }) },
          { weight: 1, arbitrary: fc.constant(null) },
        ),
        { minLength: 34, maxLength: 60 },
      ),
      async (middle) => {
        const text = [12_345, -678, 91, ...middle, 23, -45_678].map((ps) => ps ?? 'nan').join('\n');
        expect(await figures(change(text), options)).toEqual(await figures(text, { unit: 'ps' }));
      },
    ),
    { numRuns: 12 },
  );
});

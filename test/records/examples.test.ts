import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RecordOptions } from '../../src/records/read-record.ts';
import { readRecordFile } from '../../src/tasks/record-file.ts';

const folder = join(import.meta.dirname, 'examples');
const read = (file: string, options: RecordOptions = {}) => readRecordFile(join(folder, file), options);

// One phase record, in ns, in every form; seconds 7 to 9 are missing.
const plain = await read('plain.txt', { tau0: 1 });
const ns = [...plain.values].map((value) => Math.round(value * 1e9));

const formats: ReadonlyArray<readonly [string, RecordOptions, number, string]> = [
  ['windows.txt', { tau0: 1 }, 1, 'columns of numbers'],
  ['old-mac.txt', { tau0: 1 }, 1, 'columns of numbers'],
  ['utf16.txt', { tau0: 1 }, 1, 'columns of numbers'],
  ['packed.txt.gz', { tau0: 1 }, 1, 'columns of numbers'],
  ['decimal-comma.csv', {}, 1, 'columns of numbers'],
  ['quoted.csv', {}, 1, 'columns of numbers'],
  ['matlab.dat', {}, 1, 'columns of numbers'],
  ['mjd.txt', { timeColumn: 1, column: 2 }, 1, 'columns of numbers'],
  ['iso.csv', { timeColumn: 1, column: 3 }, 1, 'columns of numbers'],
  ['loopstats', {}, 64, 'loopstats (ntpd)'],
  ['peerstats', {}, 64, 'peerstats (ntpd)'],
  ['tracking.log', {}, 16, 'tracking.log (chronyd)'],
  ['statistics.log', {}, 16, 'statistics.log (chronyd)'],
  ['measurements.log', {}, 16, 'measurements.log (chronyd)'],
  ['ptp4l.log', {}, 1, 'ptp4l (linuxptp)'],
  ['phc2sys.log', {}, 1, 'phc2sys (linuxptp)'],
  ['ts2phc.log', {}, 1, 'ts2phc (linuxptp)'],
  ['stable32.phd', { tau0: 1, format: 'stable32' }, 1, 'stable32'],
  ['counter-wraps.txt', { tau0: 1 }, 1, 'columns of numbers'],
];

test.each(formats)('%s holds the same record', async (file, options, tau0, format) => {
  const record = await read(file, options);
  const found = [...record.values].map((value) => Math.round(value * 1e9));
  // A counter that wraps starts anywhere.
  const turns = file === 'counter-wraps.txt' ? Math.round(((found[0] ?? 0) - (ns[0] ?? 0)) / 1e9) * 1e9 : 0;
  expect({ ns: found.map((value) => value - turns), tau0: record.tau0, format: record.read.format }).toEqual({
    ns,
    tau0,
    format,
  });
});

test('the named format and the found one are the same', async () => {
  for (const name of [
    'loopstats',
    'peerstats',
    'tracking',
    'statistics',
    'measurements',
    'ptp4l',
    'phc2sys',
    'ts2phc',
  ] as const) {
    const file = readdirSync(folder).find((entry) => entry.startsWith(name)) ?? '';
    expect((await read(file, { format: name })).values).toEqual((await read(file)).values);
  }
});

test('frequencies of a log', async () => {
  const ppm = await read('loopstats', { data: 'frequency' });
  expect(ppm).toMatchObject({ data: 'frequency', read: { unit: 'ppm' } });
  expect(ppm.values[0]).toBeCloseTo(-12.345e-6, 18);
  expect((await read('ptp4l.log', { data: 'frequency' })).values[0]).toBe(14_420e-9);
  await expect(read('peerstats', { data: 'frequency' })).rejects.toThrow(
    'peerstats (ntpd) holds no frequency',
  );
});

test('TimeLab: lines of words at the head are left out', async () => {
  const record = await read('timelab.tim', { tau0: 1, format: 'timelab' });
  expect([record.values.length, record.read.skipped]).toEqual([24, [{ what: 'headings', lines: 2 }]]);
});

test('a heading that names Hz asks for the nominal frequency, and says which', async () => {
  await expect(read('hz.txt', { tau0: 1 })).rejects.toMatchObject({
    message: expect.stringContaining('readings in Hz need the nominal frequency'),
    hint: 'Add `nominal` 10000000.',
  });
  const record = await read('hz.txt', { tau0: 1, nominal: 10e6 });
  expect(record.data).toBe('frequency');
  expect(Math.abs((record.values[0] as number) - (ns[0] as number) * 1e-9)).toBeLessThan(1e-13);
});

test('what is left out is counted by what it is', async () => {
  expect((await read('peerstats')).read.skipped).toEqual([
    { what: 'of another source than 192.0.2.7', lines: 21 },
  ]);
  expect((await read('mjd.txt', { timeColumn: 1, column: 2 })).read).toEqual({
    format: 'columns of numbers',
    columns: 2,
    column: 2,
    timeColumn: 1,
    unit: 's',
    nominalHz: null,
    spacing: { tau0: 1, source: 'times', times: 'MJD' },
    lines: 22,
    readings: 21,
    gaps: { marked: 0, zeros: 0, absent: 3 },
    wraps: null,
    skipped: [{ what: 'comments', lines: 1 }],
  });
});

test('each example stands in the table of formats', () => {
  const table = readFileSync(join(import.meta.dirname, '../../src/records/README.md'), 'utf8');
  for (const file of readdirSync(folder)) expect(table).toContain(file);
});

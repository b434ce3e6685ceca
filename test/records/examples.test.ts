import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RecordOptions } from '../../src/records/record.ts';
import { readRecordFile } from '../../src/tasks/stability.ts';

const folder = join(import.meta.dirname, 'examples');
const read = (file: string, options: RecordOptions = {}) => readRecordFile(join(folder, file), options);

// One phase record, in ns, in every form; seconds 7 to 9 are missing.
const plain = await read('plain.txt', { tau0: 1 });
const ns = [...plain.values].map((value) => Math.round(value * 1e9));

/** The rows of the table: its examples, each with the flags that it names first. */
const rows = readFileSync(join(import.meta.dirname, '../../src/records/README.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && line.includes('`') && !line.startsWith('| file'))
  .map((line) =>
    line.split(' | ').map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? '')),
  )
  .map(([, how, examples]) => ({
    flags:
      how?.[0]?.startsWith('--tau0') || how?.[0]?.startsWith('--time') || how?.[0]?.startsWith('--format')
        ? how[0]
        : '',
    examples,
  }));
const examples = rows.flatMap(({ flags, examples = [] }) =>
  examples.filter((code) => readdirSync(folder).includes(code)).map((file) => [file, flags] as const),
);

function optionsOf(flags: string): RecordOptions {
  const options: Record<string, string | number> = {};
  for (const [, name = '', value = ''] of flags.matchAll(/--(\S+) (\S+)/g)) {
    const key = name === 'time-column' ? 'timeColumn' : name;
    options[key] = Number.isNaN(Number(value)) ? value : Number(value);
  }
  return options;
}

/** What these were written by has no mark for a gap. */
const WHOLE = ['hz.txt', 'timelab.tim'];
const SPACINGS: Readonly<Record<string, number>> = {
  loopstats: 64,
  peerstats: 64,
  'tracking.log': 16,
  'statistics.log': 16,
  'measurements.log': 16,
};

test.each(examples)('%s holds the same record, read as the table says: %s', async (file, flags) => {
  const record = await read(file, optionsOf(flags));
  const found = [...record.values].map((value) => Math.round(value * 1e9));
  // A counter that wraps starts anywhere.
  const turns = file === 'counter-wraps.txt' ? Math.round(((found[0] ?? 0) - (ns[0] ?? 0)) / 1e9) * 1e9 : 0;
  const known = found.map((value, i) => (WHOLE.includes(file) && Number.isNaN(ns[i]) ? Number.NaN : value));
  expect({ ns: known.map((value) => value - turns), tau0: record.tau0 }).toEqual({
    ns,
    tau0: SPACINGS[file] ?? 1,
  });
});

test('each example stands in the table of formats, and each row has one', () => {
  expect(examples.map(([file]) => file).sort()).toEqual(readdirSync(folder).sort());
  for (const { examples } of rows) expect(examples).not.toEqual([]);
});

test('what a file was taken for', async () => {
  const formats = Object.fromEntries(
    await Promise.all(
      examples.map(async ([file, flags]) => [file, (await read(file, optionsOf(flags))).read] as const),
    ),
  );
  expect(
    Object.fromEntries(
      Object.entries(formats).map(([file, { format, unit, spacing }]) => [
        file,
        `${format}, ${unit}, ${spacing.times}`,
      ]),
    ),
  ).toMatchInlineSnapshot(`
    {
      "counter-wraps.txt": "columns of numbers, s, null",
      "day-first.csv": "columns of numbers, ns, dates",
      "decimal-comma.csv": "columns of numbers, ns, s",
      "hz.txt": "columns of numbers, hz, null",
      "iso.csv": "columns of numbers, ns, dates",
      "loopstats": "loopstats (ntpd), s, MJD and seconds",
      "matlab.dat": "columns of numbers, s, s",
      "measurements.log": "measurements.log (chronyd), s, dates",
      "mjd.txt": "columns of numbers, s, MJD",
      "old-mac.txt": "columns of numbers, s, null",
      "packed.txt.gz": "columns of numbers, s, null",
      "peerstats": "peerstats (ntpd), s, MJD and seconds",
      "phc2sys.log": "phc2sys (linuxptp), ns, s",
      "plain.txt": "columns of numbers, s, null",
      "ptp4l.log": "ptp4l (linuxptp), ns, s",
      "quoted.csv": "columns of numbers, ns, s",
      "stable32.phd": "stable32, s, null",
      "statistics.log": "statistics.log (chronyd), s, dates",
      "timelab.tim": "timelab, s, null",
      "tracking.log": "tracking.log (chronyd), s, dates",
      "ts2phc.log": "ts2phc (linuxptp), ns, s",
      "unit-after.txt": "columns of numbers, ns, null",
      "utf16.txt": "columns of numbers, s, null",
      "windows.txt": "columns of numbers, s, null",
    }
  `);
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

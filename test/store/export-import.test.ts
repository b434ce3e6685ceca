import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import { checkStore } from '../../src/store/check.ts';
import { csvCell, csvCells, recordsIn } from '../../src/store/csv.ts';
import { appendEvents } from '../../src/store/events.ts';
import { exportStore } from '../../src/store/export.ts';
import { importInto, withLineFeeds } from '../../src/store/import.ts';
import { rollUp } from '../../src/store/roll-up.ts';
import { endRun, listRuns } from '../../src/store/runs.ts';
import { appendSamples, samplesOf } from '../../src/store/samples.ts';
import { readSeries } from '../../src/store/series.ts';
import { openStore, openStoreToRead, type Store } from '../../src/store/store.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { batchOf, ramp, SECOND, storeWithSeries, T0 } from './fixtures.ts';

const folder = temporaryFolder();
const source = storeWithSeries(join(folder, 'source.db'));
appendSamples(source.store, batchOf(source.series, ramp(12_345, SECOND)));
appendSamples(source.store, [[source.series, { atNs: T0 - 1n, offsetNs: -0.1 - 0.2e-7, windowNs: 1e-9 }]]);
appendEvents(source.store, source.run, [
  { series: source.series, atNs: T0, kind: 'step', detail: 'a "step", of\r\n1 ms' },
  { series: null, atNs: T0, kind: 'suspend', detail: '' },
]);
endRun(source.store, source.run, T0 + 1n, '{"text":"é\\n,"}');
rollUp(source.store);

/** Every row of every table, without the numbers that each store gives anew. */
const contents = (store: Store) => [
  ...['host', 'run', 'series', 'rollup', 'event'].map((table) =>
    store.connection.all(`SELECT * FROM ${table} ORDER BY 1, 2, 3`),
  ),
  ...readSeries(store).map(({ id }) => samplesOf(store, Number(id), -(2n ** 62n), 1e6)),
];

test.each(['csv', 'jsonl'])('what was exported as %s and imported is the same', async (format) => {
  const file = join(folder, `all.${format}`);
  const count = exportStore(openStoreToRead(join(folder, 'source.db')), file, quietControl);
  expect(count).toBe(1 + 1 + 1 + 2 + 12_346 + 207 + 4);
  const copy = openStore(join(folder, `copy-${format}.db`));
  expect(await importInto(copy, file, quietControl)).toEqual({ newRows: count, checked: true });
  expect(contents(copy)).toEqual(contents(source.store));
  // Importing it once more changes nothing, and exporting it gives the same file.
  expect(await importInto(copy, file, quietControl)).toEqual({ newRows: 0, checked: true });
  expect(contents(copy)).toEqual(contents(source.store));
  const again = join(folder, `again.${format}`);
  exportStore(copy, again, quietControl);
  expect(readFileSync(again, 'utf8')).toBe(readFileSync(file, 'utf8'));
});

/** The cells of CSV that comes in pieces. */
async function csvRows(pieces: readonly string[]) {
  const rows: Array<Array<string | null>> = [];
  const refused = (line: number, what: string) => new Error(`line ${line} ${what}`);
  for await (const records of recordsIn(Readable.from(pieces), 'csv', refused))
    rows.push(...records.map(({ text }) => csvCells(text)));
  return rows;
}

test('as tables, each file is one rectangle with a head of its own; cut short, there is no folder', async () => {
  const place = join(folder, 'tables/');
  const store = openStoreToRead(join(folder, 'source.db'));
  const stopped = { ...quietControl, cancelled: () => true };
  expect(exportStore(store, place, stopped)).toBeNull();
  expect(existsSync(place)).toBe(false);
  expect(exportStore(store, place, quietControl)).toBe(1 + 1 + 1 + 2 + 12_346 + 207 + 4);
  const shapes: Record<string, unknown> = {};
  for (const name of readdirSync(place)) {
    const rows = await csvRows([readFileSync(join(place, name), 'utf8')]);
    shapes[name] = [rows[0]?.join(), rows.length - 1, new Set(rows.map(({ length }) => length)).size];
  }
  expect(shapes).toEqual({
    'hosts.csv': ['host,name,facts', 1, 1],
    'runs.csv': ['run,host,command,startedAtNs,endedAtNs,options,document', 1, 1],
    'series.csv': ['run,clock,reference,independent,reason,originNs,rolledAtNs', 1, 1],
    'samples.csv': ['run,clock,reference,atNs,offsetNs,windowNs', 12_346, 1],
    'rollups.csv': [
      'run,clock,reference,widthNs,atNs,count,minNs,maxNs,meanNs,firstAtNs,firstNs,lastAtNs,lastNs',
      211,
      1,
    ],
    'events.csv': ['run,clock,reference,atNs,kind,detail', 2, 1],
  });
  expect(() => exportStore(store, place, quietControl)).toThrow('is not empty; give a new folder.');
  expect(() => exportStore(store, '/proc/none/tables/', quietControl)).toThrow('cannot write /proc/none');
  expect(readdirSync(folder).filter((name) => name.startsWith('.tscope-'))).toEqual([]);
});

test('a cell of a table is empty where nothing is known, and has quotes where the text is empty', async () => {
  const pair = { run: 'r', clock: 'tsc', reference: 'monotonic_raw' };
  const tai = { run: 's', clock: 'tai', reference: 'realtime' };
  const times = { widthNs: '60000000000', atNs: '0', firstAtNs: '6', lastAtNs: '7' };
  const offsets = { count: 2, minNs: -1, maxNs: 1.5, meanNs: 0.25, firstNs: -1, lastNs: 1.5 };
  const ended = { endedAtNs: '9', options: '{}', document: '"é\n"' };
  const rows = [
    { row: 'host', host: 'h', name: 'one, two', facts: null },
    { row: 'host', host: 'i', name: '', facts: '{"cpu":"x"}' },
    { row: 'run', run: 'r', host: 'h', command: 'agent', startedAtNs: '5' },
    { row: 'run', run: 's', host: 'i', command: 'drift', startedAtNs: '6', ...ended },
    { row: 'series', ...pair, independent: false, reason: 'one counter', originNs: '-5' },
    { row: 'series', ...tai, independent: true, reason: '', originNs: '0', rolledAtNs: '7' },
    { row: 'series', ...tai, clock: 'boottime', reason: 'unknown', originNs: '1' },
    { row: 'sample', ...pair, atNs: '7', offsetNs: -0.5, windowNs: 20 },
    { row: 'rollup', ...tai, ...times, ...offsets },
    { row: 'event', run: 'r', atNs: '7', kind: 'suspend', detail: '' },
    { row: 'event', ...pair, atNs: '8', kind: 'step', detail: 'by "1" ms' },
  ];
  const file = join(folder, 'cells.jsonl');
  writeFileSync(file, rows.map(line).join(''));
  const store = openStore(join(folder, 'cells.db'));
  await importInto(store, file, quietControl);
  const place = join(folder, 'cells/');
  exportStore(store, place, quietControl);
  const behindHead = (name: string) =>
    readFileSync(join(place, name), 'utf8').replace(/^.*\n/, '').split('\n');
  expect(Object.fromEntries(readdirSync(place).map((name) => [name, behindHead(name)]))).toEqual({
    'hosts.csv': ['h,"one, two",', 'i,"","{""cpu"":""x""}"', ''],
    'runs.csv': ['r,h,agent,5,,,', 's,i,drift,6,9,{},"""é', '"""', ''],
    'series.csv': [
      'r,tsc,monotonic_raw,false,one counter,-5,',
      's,tai,realtime,true,"",0,7',
      's,boottime,realtime,,unknown,1,',
      '',
    ],
    'samples.csv': ['r,tsc,monotonic_raw,7,-0.5,20', ''],
    'rollups.csv': ['s,tai,realtime,60000000000,0,2,-1,1.5,0.25,6,-1,7,1.5', ''],
    'events.csv': ['r,,,7,suspend,""', 'r,tsc,monotonic_raw,8,step,"by ""1"" ms"', ''],
  });
  store.close();
});

const BOM = '\ufeff';
/** What becomes of an export on its way: the name it then has, and its bytes. */
const ROUTES: ReadonlyArray<[string, string, (text: string) => Uint8Array]> = [
  ['a byte order mark', '', (text) => Buffer.from(BOM + text)],
  ['gzip', '.gz', (text) => gzipSync(text)],
  ['UTF-16', '', (text) => Buffer.from(BOM + text, 'utf16le')],
  ['CRLF', '', (text) => Buffer.from(text.replaceAll('\n', '\r\n'))],
  ['CR', '', (text) => Buffer.from(text.replaceAll('\n', '\r'))],
  ['all of it', '.gz', (text) => gzipSync(Buffer.from(BOM + text.replaceAll('\n', '\r\n'), 'utf16le'))],
];

test.each(ROUTES.flatMap((route) => [['csv', ...route] as const, ['jsonl', ...route] as const]))(
  'a %s export that went through %s is imported whole, and its digest holds',
  async (format, name, suffix, change) => {
    const first = storeWithSeries(join(folder, `route-${name}-${format}.db`));
    appendSamples(first.store, batchOf(first.series, ramp(3, SECOND)));
    endRun(first.store, first.run, T0 + 1n, '{"text":"é\n,\nx"}');
    const file = join(folder, `route-${name}.${format}`);
    exportStore(first.store, file, quietControl);
    const changed = `${file}${suffix}`;
    writeFileSync(changed, change(readFileSync(file, 'utf8')));
    const copy = openStore(join(folder, `routed-${name}-${format}.db`));
    expect(await importInto(copy, changed, quietControl)).toEqual({ newRows: 6, checked: true });
    expect(contents(copy)).toEqual(contents(first.store));
    copy.close();
  },
);

test('line ends become line feeds only where the first of them was changed, however the text is cut', async () => {
  const through = async (chunks: string[]) => {
    let all = '';
    const source = (async function* () {
      yield* chunks;
    })();
    for await (const text of withLineFeeds(source)) all += text;
    return all;
  };
  expect(await through(['a', '\r', '\nb\r', 'c\r'])).toBe('a\nb\nc\n');
  expect(await through(['a\n"x\r', '\ny"\r\n'])).toBe('a\n"x\r\ny"\r\n');
  expect(await through(['a'])).toBe('a');
});

/** Exports of one run: without a roll-up, with one, and with another after more samples, some of the same minute. */
const growing = storeWithSeries(join(folder, 'growing.db'));
for (const [name, from, count] of [
  ['fresh', 0, 100],
  ['once', 100, 3],
  ['twice', 103, 4000],
] as const) {
  appendSamples(growing.store, batchOf(growing.series, ramp(count, SECOND, T0 + BigInt(from) * SECOND)));
  if (name !== 'fresh') rollUp(growing.store);
  exportStore(growing.store, join(folder, `${name}.jsonl`), quietControl);
}

test.each([
  ['fresh', 'once', 'twice'],
  ['fresh', 'twice', 'once'],
  ['once', 'fresh', 'twice'],
  ['once', 'twice', 'fresh'],
  ['twice', 'fresh', 'once'],
  ['twice', 'once', 'fresh'],
])('exports of one run from three moments make up the newest: %s, %s, %s', async (...order) => {
  const copy = openStore(join(folder, `${order.join('-')}.db`));
  for (const name of order) await importInto(copy, join(folder, `${name}.jsonl`), quietControl);
  expect(contents(copy)).toEqual(contents(growing.store));
  // What was rolled up where it was measured is not rolled up again.
  expect(rollUp(copy)).toBe(0);
  copy.close();
});

test('an import adds to what is there', async () => {
  const file = join(folder, 'more.jsonl');
  exportStore(source.store, file, quietControl);
  const other = storeWithSeries(join(folder, 'other.db'));
  await importInto(other.store, file, quietControl);
  expect(listRuns(other.store)).toHaveLength(2);
});

const line = (values: object) => `${JSON.stringify(values)}\n`;
const host = line({ row: 'host', host: 'h', name: 'h', facts: null });

test.each([
  ['bad.jsonl', `${host}{"row":`, 'line 2 is not JSON'],
  ['bad.jsonl', `${host}7\n`, 'line 2 is not a JSON object'],
  ['bad.jsonl', `${host}${line({ row: 'cat' })}`, 'line 2 is not a row of a store: its kind is "cat"'],
  ['bad.jsonl', `${host}\n${line({ row: 'host', host: 'x' })}`, 'line 3 has no name'],
  ['bad.jsonl', line({ row: 'host', host: 1, name: 'x' }), 'line 1 has 1 for host'],
  [
    'bad.jsonl',
    line({ row: 'run', run: 'r', host: 'h', command: 'x', startedAtNs: '1' }),
    'line 1 names the host h',
  ],
  [
    'bad.jsonl',
    `${host}${line({ row: 'run', run: 'r', host: 'h', command: 'x', startedAtNs: '99999999999999999999' })}`,
    'line 2 has "99999999999999999999" for startedAtNs',
  ],
  ['bad.csv', 'row,host,name\nhost,h\n', 'line 2 has 2 columns instead of 3'],
  ['bad.csv', 'row,host,name\nhost,"h\n\n",x\nhost,,x\n', 'line 5 has no host'],
  ['bad.csv', 'row,host,name\nhost,h"x,y\nhost,"h"z,x\n', 'ends within quotes, so it was cut off'],
  ['bad.csv', 'row,host,name\nhost,"h"z,x\n', 'line 2 has a quote where CSV allows none'],
  ['bad.jsonl', '[1]\n', 'line 1 is not a JSON object'],
  ['bad.jsonl', line({ row: 'x'.repeat(500) }), `its kind is "${'x'.repeat(59)}...`],
  ['bad.txt', '', 'ends neither in .csv nor in .jsonl'],
])('%s: a bad line is named, and nothing is imported', async (name, text, message) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  const store = openStore(join(folder, 'refusing.db'));
  await expect(importInto(store, file, quietControl)).rejects.toThrow(message);
  expect(contents(store).flat()).toEqual([]);
  store.close();
});

test('an export that cannot be written leaves nothing, and says why', () => {
  expect(() => exportStore(source.store, join(folder, 'no/such/place.csv'), quietControl)).toThrow(
    '(ENOENT)',
  );
  const stopped = { progress: () => {}, cancelled: () => true };
  expect(exportStore(source.store, join(folder, 'stopped.csv'), stopped)).toBeNull();
  expect(readdirSync(folder).filter((name) => /stopped|partial/.test(name))).toEqual([]);
});

test('a store is never written over by its own export, by whatever name', () => {
  const path = join(folder, 'itself.csv');
  const { store } = storeWithSeries(path);
  const link = join(folder, 'link.jsonl');
  symlinkSync(path, link);
  for (const file of [path, link]) {
    expect(() => exportStore(store, file, quietControl)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: `${file} is the store itself; give another file.`,
      }),
    );
  }
  store.close();
  expect(listRuns(openStoreToRead(path))).toHaveLength(1);
});

test('an import or a check that is stopped says so, and nothing of the import is kept', async () => {
  const file = join(folder, 'stopped.jsonl');
  exportStore(source.store, file, quietControl);
  const stopped = { ...quietControl, cancelled: () => true };
  const store = openStore(join(folder, 'stopping.db'));
  await expect(importInto(store, file, stopped)).rejects.toThrow(
    expect.objectContaining({ code: 'INTERRUPTED', message: 'interrupted; nothing was imported.' }),
  );
  expect(contents(store).flat()).toEqual([]);
  store.close();
  expect(() => checkStore(source.store, stopped)).toThrow(
    expect.objectContaining({
      code: 'INTERRUPTED',
      message: 'interrupted before all of the store was checked.',
    }),
  );
});

test('what ends an export in the middle is what is thrown; its file and its descriptor are gone', () => {
  const open = () => readdirSync('/proc/self/fd').length;
  const before = open();
  const cancelled = () => {
    throw new RangeError('in the middle');
  };
  for (let i = 0; i < 3; i++) {
    expect(() =>
      exportStore(source.store, join(folder, 'middle.csv'), { ...quietControl, cancelled }),
    ).toThrow('in the middle');
  }
  expect(open()).toBe(before);
  expect(readdirSync(folder).filter((name) => /middle|part/.test(name))).toEqual([]);
  expect(exportStore(source.store, join(folder, 'whole.csv'), quietControl)).toBeGreaterThan(0);
});

test.each(['csv', 'jsonl'])(
  'a %s export that is cut anywhere is refused, and nothing of it is imported',
  async (format) => {
    const small = storeWithSeries(join(folder, `small-${format}.db`));
    appendSamples(small.store, batchOf(small.series, ramp(3, SECOND)));
    endRun(small.store, small.run, T0 + 1n, '{"text":"é\\n,"quoted""}');
    const file = join(folder, `small.${format}`);
    exportStore(small.store, file, quietControl);
    const bytes = readFileSync(file);
    const cut = join(folder, `cut.${format}`);
    const store = openStore(join(folder, `cutting-${format}.db`));
    // From behind the row that begins an export; without the last line end it is still whole.
    const from = bytes.indexOf('host') + 4;
    for (let length = from; length < bytes.length - 1; length += format === 'csv' ? 3 : 1) {
      writeFileSync(cut, bytes.subarray(0, length));
      await expect(importInto(store, cut, quietControl), `${length} of ${bytes.length}`).rejects.toThrow(
        expect.objectContaining({ code: 'USAGE' }),
      );
    }
    expect(contents(store).flat()).toEqual([]);
    writeFileSync(cut, bytes.subarray(0, -1));
    expect(await importInto(store, cut, quietControl)).toEqual({ newRows: 6, checked: true });
    store.close();
  },
);

test('one changed digit, a line twice and a line after the end are noticed', async () => {
  const file = join(folder, 'all.jsonl');
  const text = readFileSync(file, 'utf8');
  const store = openStore(join(folder, 'changed.db'));
  const refused = async (name: string, changed: string, message: string) => {
    const path = join(folder, name);
    writeFileSync(path, changed);
    await expect(importInto(store, path, quietControl)).rejects.toThrow(message);
  };
  const lines = text.split('\n');
  await refused(
    'digit.jsonl',
    text.replace('"offsetNs":11.5', '"offsetNs":11.6'),
    'another digest than what comes before it',
  );
  await refused(
    'twice.jsonl',
    [lines[0], lines[1], ...lines.slice(1)].join('\n'),
    'rows come before it, but there are',
  );
  await refused('after.jsonl', `${text}${lines[1]}\n`, 'comes after the end mark');
  await refused(
    'again.jsonl',
    [lines[0], lines[0], ...lines.slice(1)].join('\n'),
    'line 2 begins another export',
  );
  await refused(
    'newer.jsonl',
    text.replace('"format":2', '"format":3'),
    'line 1 is of format 3; this tscope reads 2',
  );
  await refused('empty.jsonl', '', 'there is no row in it');
  expect(contents(store).flat()).toEqual([]);
});

test('an export of an older version, which had no end mark, is read, and said to be unchecked', async () => {
  const file = join(folder, 'older.jsonl');
  writeFileSync(file, host);
  const store = openStore(join(folder, 'older.db'));
  expect(await importInto(store, file, quietControl)).toEqual({ newRows: 1, checked: false });
});

test('a line of 100 MB is refused before it is held, in both formats; what is no regular file is not waited for', async () => {
  const store = openStore(join(folder, 'long.db'));
  for (const format of ['csv', 'jsonl']) {
    const file = join(folder, `long.${format}`);
    const head = format === 'csv' ? 'row,host\n"' : '{"';
    writeFileSync(file, head + 'x'.repeat(40 * 2 ** 20));
    await expect(importInto(store, file, quietControl)).rejects.toThrow('is longer than 32 MB');
  }
  const fifo = join(folder, 'pipe.csv');
  execFileSync('mkfifo', [fifo]);
  await expect(importInto(store, fifo, quietControl)).rejects.toThrow('it is not a regular file');
});

test('CSV comes back cell by cell, however it is cut into pieces', async () => {
  const cell = fc.option(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', 'é', ' ') }));
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(table, fc.integer({ min: 1, max: 9 }), async (records, size) => {
      const text = records.map((cells) => `${cells.map(csvCell).join(',')}\n`).join('');
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      expect(await csvRows(pieces)).toEqual(records);
    }),
  );
});

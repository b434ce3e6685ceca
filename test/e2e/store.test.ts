import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { documents } from '../../src/schema/index.ts';
import { appendSamples } from '../../src/store/samples.ts';
import { batchOf, ramp, SECOND, storeWithSeries } from '../store/fixtures.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { expectRefused, tscope } from './tscope.ts';

const folder = temporaryFolder();
const db = join(folder, 'a.db');
const { store, series } = storeWithSeries(db);
appendSamples(store, batchOf(series, ramp(100, SECOND)));

test('runs lists what is in the store while it is being written', async () => {
  const { code, stdout } = await tscope(['runs', '--db', db]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/drift +2023-11-14 22:13:20 +open; 2023-11-14 22:14:59 +1 +100 +0/);
});

test('runs --json is the contract, and an export moves a store to another file', async () => {
  const file = join(folder, 'all.jsonl');
  const exported = await tscope(['runs', '--db', db, '--export', file, '--json']);
  const copy = await tscope(['runs', '--db', join(folder, 'b.db'), '--import', file, '--json']);
  const [from, to] = [exported, copy].map(({ stdout }) => documents['runs']?.parse(JSON.parse(stdout)));
  expect(from).toMatchObject({ result: { exported: { rows: 103 }, imported: null } });
  expect(to).toMatchObject({
    result: { imported: { newRows: 103 }, runs: [{ samples: 100, endedAt: null }] },
  });
});

test('the same file again brings 0 new rows, and says so', async () => {
  const [file, other] = [join(folder, 'again.jsonl'), join(folder, 'again.db')];
  await tscope(['runs', '--db', db, '--export', file]);
  const first = await tscope(['runs', '--db', other, '--import', file]);
  const second = await tscope(['runs', '--db', other, '--import', file]);
  expect([first, second].map(({ stdout }) => stdout.split('\n')[0])).toEqual([
    `103 new rows from ${file}.`,
    `0 new rows from ${file}.`,
  ]);
});

test('an export to a folder is a CSV file for each table; a folder that holds something is refused', async () => {
  const tables = join(folder, 'made/tables/');
  const { code, stdout } = await tscope(['runs', '--db', db, '--export', tables]);
  expect(code).toBe(0);
  expect(stdout).toContain(`103 rows written to ${tables}.`);
  const again = await tscope(['runs', '--db', db, '--export', tables]);
  expectRefused(again, 'is not empty; give a new folder.');
});

test('runs --check says that a store is sound; of a damaged one it names what is lost, and exits with 1', async () => {
  const sound = await tscope(['runs', '--db', db, '--check']);
  expect(sound.code).toBe(0);
  expect(sound.stdout).toContain(
    'is sound: 1 run, 100 samples, 0 roll-ups, 0 events and 0 documents are as they were written.',
  );
  const bad = join(folder, 'bad.db');
  store.connection.pragma('wal_checkpoint(TRUNCATE)');
  const bytes = readFileSync(db);
  bytes.write('{"cpu":"z"}', bytes.indexOf('{"cpu":"x"}'));
  writeFileSync(bad, bytes);
  const damaged = await tscope(['runs', '--db', bad, '--check', '--json']);
  expect(damaged.code).toBe(1);
  expect(documents['runs']?.parse(JSON.parse(damaged.stdout))).toMatchObject({
    warnings: [{ code: 'store-damaged' }],
    result: { damage: [{ what: 'what is known of the host one' }], checked: { samples: 100 } },
  });
});

test('runs --prune tells first what it would delete', async () => {
  const dry = await tscope(['runs', '--db', db, '--prune', '--retain', '30d', '--dry-run']);
  expect(dry.code).toBe(0);
  expect(dry.stdout).toMatch(
    /^Would delete 0 samples, 0 minutes and 0 hours, 0 events, 0 runs with nothing left\./,
  );
});

test.each([
  [['runs', '--db', db, '--prune'], '--prune: give --retain'],
  [['runs', '--db', db, '--force'], '--force: it goes with --prune.'],
  [['runs', '--db', join(folder, 'none.db')], 'there is no store at'],
  [['runs', '--db', db, '--export', join(folder, 'x.txt')], 'ends neither in .csv nor in .jsonl'],
  [['runs', '--db', import.meta.filename], 'is not a tscope store'],
  [['stability', join(folder, 'none.txt'), '--tau0', '1'], 'none.txt: no such file or folder (ENOENT)'],
  [['stability', import.meta.filename, '--tau0', '1'], 'line 1 is not a number'],
  [['stability', import.meta.filename, '--tau0', '-1'], '--tau0'],
  [['stability', '/dev/null'], '--tau0'],
  [['stability', import.meta.filename, '--outliers', '-1'], '--outliers'],
])('%j: a mistake is one sentence and exit code 2', async (args, message) => {
  expectRefused(await tscope(args), message);
});

test('stability reads a file and prints the contract', async () => {
  const path = join(folder, 'record.txt');
  writeFileSync(
    path,
    `# made here\r\n${Array.from({ length: 100 }, (_, i) => Math.sin(i) * 1e-9).join('\r\n')}`,
  );
  const { code, stdout } = await tscope(['stability', path, '--tau0', '0.5', '--taus', '1,2', '--json']);
  expect(code).toBe(0);
  const document = documents['stability']?.parse(JSON.parse(stdout));
  expect(document).toMatchObject({
    result: {
      values: 100,
      points: [
        { m: 2, tau: 1 },
        { m: 4, tau: 2 },
      ],
    },
  });
});

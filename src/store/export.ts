import { createHash, type Hash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Control } from '../clock/control.ts';
import { systemCode, TscopeError, usageError } from '../errors.ts';
import { makeFolder } from '../folder.ts';
import { writeFileWith } from '../out-file.ts';
import { fileError } from '../system-error.ts';
import { HOUR_NS, MINUTE_NS } from './buckets.ts';
import { asBigint } from './cells.ts';
import { checkReferences } from './check.ts';
import type { Cell } from './connection.ts';
import { soundRows } from './damage.ts';
import { EVENT, eventOf } from './events.ts';
import {
  CSV_HEAD,
  csvLines,
  EXPORT_FORMAT,
  type ExportKind,
  type Format,
  jsonLines,
  tableLines,
} from './export-format.ts';
import { ROLLUP, readRollups } from './rollups.ts';
import { HOST, readHosts, readRuns, soundDocument } from './runs.ts';
import { readSamples, samplesIn } from './samples.ts';
import { readSeries, SERIES } from './series.ts';
import { identityOf, type Store } from './store-on.ts';

const PAGE = 2_000;

type Rows = readonly [ExportKind, ReadonlyArray<readonly Cell[]>];

/** Everything that can be read, in the order in which rows refer to one another. */
function* rowsOf(store: Store): Generator<Rows> {
  checkReferences(store);
  const hosts = readHosts(store);
  yield ['host', Array.from(hosts.values(), HOST.cells)];
  const runs = readRuns(store).filter(({ key, host }) => {
    if (hosts.has(host)) return true;
    store.damage.add({ run: key, what: 'it, with its host' });
    return false;
  });
  for (const run of runs) {
    const host = hosts.get(run.host)?.key ?? '';
    const { key, command, startedAtNs, endedAtNs, options } = run;
    yield ['run', [[key, host, command, startedAtNs, endedAtNs, options, soundDocument(store, run.id)]]];
  }
  const keys = new Map(runs.map(({ id, key }) => [id, key]));
  const series = readSeries(store).flatMap((row) => {
    const key = keys.get(row.run);
    return key === undefined ? [] : [{ ...row, key }];
  });
  yield ['series', series.map((row) => [row.key, ...SERIES.cells(row).slice(1)])];
  yield* eventRows(store, keys, new Map(series.map((row) => [Number(row.id), row])));
  for (const { id, key, clock, reference } of series) {
    const names = [key, clock, reference];
    for (const rows of readSamples(store, id)) {
      yield [
        'sample',
        samplesIn(rows).map(({ atNs, offsetNs, windowNs }) => [...names, atNs, offsetNs, windowNs]),
      ];
    }
    for (const width of [MINUTE_NS, HOUR_NS]) {
      for (const row of readRollups(store, id, width)) {
        yield ['rollup', [[...names, width, ...ROLLUP.cells(row)]]];
      }
    }
  }
}

function* eventRows(
  store: Store,
  runs: ReadonlyMap<bigint, string>,
  series: ReadonlyMap<number, { readonly clock: string; readonly reference: string }>,
): Generator<Rows> {
  const sql = `SELECT ${EVENT.columns}, checksum, run, id FROM event WHERE id > ? ORDER BY id LIMIT ${PAGE}`;
  for (let after = -1n; ; ) {
    const page = soundRows(store, 'some events', sql, after);
    const rows = page.flatMap((row) => {
      const run = asBigint(row[5]);
      const key = runs.get(run);
      const event = eventOf(store, run, row);
      const pair = event?.series == null ? null : series.get(event.series);
      if (key === undefined || event === null || pair === undefined) return [];
      return [[key, pair?.clock ?? null, pair?.reference ?? null, event.atNs, event.kind, event.detail]];
    });
    yield ['event', rows];
    if (page.length < PAGE) return;
    after = asBigint(page.at(-1)?.[6]);
  }
}

/** The format that a file's name asks for. @throws TscopeError USAGE for another ending. */
export function fileFormat(file: string, hint?: string): 'csv' | 'jsonl' {
  if (/\.csv$/i.test(file)) return 'csv';
  if (/\.(jsonl|ndjson)$/i.test(file)) return 'jsonl';
  throw usageError(`'${file}' ends neither in .csv nor in .jsonl, so its format is not known.`, hint);
}

/** The same for an export, which may go to a folder too, with a CSV file for each table: its name ends in a slash. */
export const exportFormat = (place: string): 'csv' | 'jsonl' | 'tables' =>
  place.endsWith('/')
    ? 'tables'
    : fileFormat(place, 'A name that ends in / is a folder, which gets a CSV file for each table.');

/** Writes all of it: the system may take a part only, where the disk is nearly full. */
function writeAll(fd: number, text: string, digest?: Hash): void {
  const bytes = Buffer.from(text);
  digest?.update(bytes);
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}

/** @returns how many rows of the store; null where `control` was cancelled. */
function writeRows(store: Store, fd: number, format: Format, control: Control): number | null {
  const digest = createHash('sha256');
  if (format === csvLines) writeAll(fd, `${CSV_HEAD.join(',')}\n`, digest);
  writeAll(fd, format('export', [[EXPORT_FORMAT]]), digest);
  let count = 0;
  for (const [kind, rows] of rowsOf(store)) {
    if (control.cancelled()) return null;
    writeAll(fd, format(kind, rows), digest);
    count += rows.length;
  }
  writeAll(fd, format('end', [[count + 1, digest.copy().digest('hex')]]), digest);
  return count;
}

/** The tables of a folder, and their files. */
const TABLES = {
  host: 'hosts.csv',
  run: 'runs.csv',
  series: 'series.csv',
  sample: 'samples.csv',
  rollup: 'rollups.csv',
  event: 'events.csv',
} as const;
type Table = keyof typeof TABLES;

/** Writes a file for each table into `folder`. @returns how many rows; null where `control` was cancelled. */
function writeTables(store: Store, folder: string, control: Control): number | null {
  const files = new Map<ExportKind, number>();
  try {
    for (const kind of Object.keys(TABLES) as Table[]) {
      const fd = openSync(join(folder, TABLES[kind]), 'wx');
      files.set(kind, fd);
      writeAll(fd, tableLines.head(kind));
    }
    let count = 0;
    for (const [kind, rows] of rowsOf(store)) {
      if (control.cancelled()) return null;
      const fd = files.get(kind);
      if (fd !== undefined) writeAll(fd, tableLines.rows(kind, rows));
      count += rows.length;
    }
    for (const fd of files.values()) fsyncSync(fd);
    return count;
  } finally {
    for (const fd of files.values()) closeSync(fd);
  }
}

/**
 * The same as CSV files of one table each, in a folder that is new or empty. It appears when all of them are complete.
 *
 * @returns how many rows; null where `control` was cancelled, and no folder was made.
 * @throws TscopeError USAGE where the folder holds something; IO where it cannot be written; as the store.
 */
function exportTables(store: Store, place: string, control: Control): number | null {
  const folder = resolve(place);
  try {
    if (existsSync(folder) && readdirSync(folder).length > 0)
      throw usageError(`${place} is not empty; give a new folder.`);
    makeFolder(dirname(folder));
    const part = mkdtempSync(join(dirname(folder), '.tscope-'));
    try {
      const count = store.snapshot(() => writeTables(store, part, control));
      chmodSync(part, 0o777 & ~process.umask());
      if (count !== null) renameSync(part, folder);
      return count;
    } finally {
      rmSync(part, { recursive: true, force: true });
    }
  } catch (error) {
    throw error instanceof TscopeError || systemCode(error) === null
      ? error
      : fileError(`cannot write ${place}`, error);
  }
}

/**
 * Writes the whole store, as it is at one moment, to a file: CSV or JSON lines by its name, or to a folder of CSV files
 * where the name ends in a slash. A file ends with the number of rows and a digest. Both appear when they are complete;
 * what is damaged is left out, and noted in the store's `damage`.
 *
 * @returns how many rows; null where `control` was cancelled, and the file is what it was.
 * @throws TscopeError USAGE for another name; IO where the file cannot be written; as the store.
 */
export function exportStore(store: Store, file: string, control: Control): number | null {
  const asked = exportFormat(file);
  if (asked === 'tables') return exportTables(store, file, control);
  const format: Format = asked === 'csv' ? csvLines : jsonLines;
  const identity = identityOf(file);
  if (identity !== null && identity === identityOf(store.connection.path))
    throw usageError(`${file} is the store itself; give another file.`);
  // One transaction sees one state, whatever is written meanwhile.
  return writeFileWith(file, (fd) => store.snapshot(() => writeRows(store, fd, format, control)));
}

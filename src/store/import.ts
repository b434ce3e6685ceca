import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Control } from '../clock/control.ts';
import { systemCode, TscopeError, usageError } from '../errors.ts';
import { asBigint, asText } from './cells.ts';
import type { Cell, Connection } from './connection.ts';
import { CsvReader } from './csv.ts';
import { formatOf } from './export.ts';
import { type ParsedRow, parseCsvRecord, parseJsonLine } from './export-format.ts';
import type { ExportKind } from './export-rows.ts';
import type { Store } from './store.ts';

const CHUNK_BYTES = 1 << 20;

/** Inserts that leave what is there as it is; a roll-up gives way to one of more samples. */
const INSERTS: Readonly<Record<ExportKind, string>> = {
  host: 'INSERT OR IGNORE INTO host (key, name, facts) VALUES (?, ?, ?)',
  run: `INSERT OR IGNORE INTO run (key, host, command, started_at, ended_at, options, document)
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
  series: `INSERT INTO series (run, clock, reference, independent, reason, origin, rolled_at) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (run, clock, reference) DO UPDATE SET
      rolled_at = max(coalesce(rolled_at, excluded.rolled_at), coalesce(excluded.rolled_at, rolled_at))`,
  sample: 'INSERT OR IGNORE INTO sample (series, at, offset, window) VALUES (?, ?, ?, ?)',
  rollup: `INSERT INTO rollup (series, width, at, count, min, max, mean, first_at, first, last_at, last)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (series, width, at) DO UPDATE SET count = excluded.count, min = excluded.min, max = excluded.max,
      mean = excluded.mean, first_at = excluded.first_at, first = excluded.first, last_at = excluded.last_at,
      last = excluded.last WHERE excluded.count > rollup.count`,
  event: 'INSERT OR IGNORE INTO event (run, series, at, kind, detail) VALUES (?, ?, ?, ?, ?)',
};

/** Numbers of rows by their names, each looked up once. */
function lookups(connection: Connection) {
  const known = new Map<string, bigint>();
  const find = (what: string, sql: string, ...names: Cell[]): bigint => {
    const key = [sql, ...names].join('\0');
    const id = known.get(key) ?? connection.get(sql, ...names)?.[0];
    if (id === null || id === undefined)
      throw new RangeError(`names the ${what} ${names.join(' ')}, which is not there`);
    known.set(key, asBigint(id));
    return asBigint(id);
  };
  const run = (key: Cell | undefined) => find('run', 'SELECT id FROM run WHERE key = ?', asText(key));
  return {
    host: (key: Cell | undefined) => find('host', 'SELECT id FROM host WHERE key = ?', asText(key)),
    run,
    series: (key: Cell | undefined, clock: Cell | undefined, reference: Cell | undefined) =>
      find(
        'series',
        'SELECT id FROM series WHERE run = ? AND clock = ? AND reference = ?',
        run(key),
        asText(clock),
        asText(reference),
      ),
  };
}

/** Stores parsed rows. @returns a function that tells how many rows were new. */
function inserter(connection: Connection): (row: ParsedRow) => number {
  const find = lookups(connection);
  const values: Readonly<Record<ExportKind, (cells: Cell[]) => Cell[]>> = {
    host: (cells) => cells,
    run: ([key, host, ...rest]) => [asText(key), find.host(host), ...rest],
    series: ([run, ...rest]) => [find.run(run), ...rest],
    sample: ([run, clock, reference, ...rest]) => [find.series(run, clock, reference), ...rest],
    rollup: ([run, clock, reference, ...rest]) => [find.series(run, clock, reference), ...rest],
    event: ([run, clock, reference, ...rest]) => [
      find.run(run),
      clock === null ? null : find.series(run, clock, reference),
      ...rest,
    ],
  };
  return ({ kind, cells }) => connection.run(INSERTS[kind], ...values[kind](cells));
}

/** Cuts text that comes in pieces into rows. */
function parser(file: string, take: (row: ParsedRow) => void): { add(text: string): void; end(): void } {
  const at = (line: number, parse: () => ParsedRow) => {
    try {
      take(parse());
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw usageError(`${file}: line ${line} ${error.message}.`, 'Nothing was imported.');
    }
  };
  if (formatOf(file) === 'csv') {
    const reader = new CsvReader();
    let head: ReadonlyArray<string | null> | null = null;
    const records = (found: ReturnType<CsvReader['add']>) => {
      for (const { line, cells } of found) {
        if (head === null) head = cells;
        else at(line, () => parseCsvRecord(head ?? [], cells));
      }
    };
    return { add: (text) => records(reader.add(text)), end: () => records(reader.end()) };
  }
  let rest = '';
  let line = 0;
  const add = (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const json of lines) {
      line += 1;
      if (json.trim() !== '') at(line, () => parseJsonLine(json));
    }
  };
  return { add, end: () => add('\n') };
}

/**
 * Reads what `exportStore` wrote. What the store has already is not stored twice. All of it is imported, or nothing.
 *
 * @returns how many rows were new.
 * @throws TscopeError USAGE naming the first bad line; IO where the file cannot be read; INTERRUPTED.
 */
export function importInto(store: Store, file: string, control: Control): number {
  let added = 0;
  const insert = inserter(store.connection);
  const { add, end } = parser(file, (row) => {
    added += insert(row);
  });
  const read = (descriptor: number) => {
    const size = fstatSync(descriptor).size;
    const buffer = Buffer.alloc(CHUNK_BYTES);
    const decoder = new StringDecoder('utf8');
    let done = 0;
    for (let count = readSync(descriptor, buffer); count > 0; count = readSync(descriptor, buffer)) {
      if (control.cancelled()) throw new TscopeError('INTERRUPTED', 'stopped; nothing was imported.');
      add(decoder.write(buffer.subarray(0, count)));
      done += count;
      control.progress(done, size);
    }
    end();
  };
  try {
    const descriptor = openSync(file, 'r');
    try {
      store.transaction(() => read(descriptor));
    } finally {
      closeSync(descriptor);
    }
    return added;
  } catch (error) {
    if (error instanceof TscopeError || systemCode(error) === null) throw error;
    throw new TscopeError('IO', `cannot read ${file} (${systemCode(error)}).`, null, { cause: error });
  }
}

import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { Control } from '../clock/control.ts';
import { systemCode, TscopeError, usageError } from '../errors.ts';
import { asBigint, asText } from './cells.ts';
import type { Cell, Connection, Row } from './connection.ts';
import { CSV_HEAD, csvLines, type Format, jsonLines } from './export-format.ts';
import type { ExportKind } from './export-rows.ts';
import type { Store } from './store.ts';

const PAGE = 5_000n;

/** Tables with a number for each row, which comes last: what follows the row of that number. */
const NUMBERED: ReadonlyArray<readonly [ExportKind, string]> = [
  ['host', 'SELECT key, name, facts, id FROM host WHERE id > ? ORDER BY id LIMIT ?'],
  [
    'run',
    `SELECT run.key, host.key, command, started_at, ended_at, options, document, run.id
     FROM run JOIN host ON host.id = run.host WHERE run.id > ? ORDER BY run.id LIMIT ?`,
  ],
  [
    'series',
    `SELECT run.key, clock, reference, independent, reason, origin, rolled_at, s.id
     FROM series s JOIN run ON run.id = s.run WHERE s.id > ? ORDER BY s.id LIMIT ?`,
  ],
  [
    'event',
    `SELECT run.key, s.clock, s.reference, at, kind, detail, event.id
     FROM event JOIN run ON run.id = event.run LEFT JOIN series s ON s.id = event.series
     WHERE event.id > ? ORDER BY event.id LIMIT ?`,
  ],
];

const SAMPLES = 'SELECT at, offset, window FROM sample WHERE series = ? AND at > ? ORDER BY at LIMIT ?';
const ROLLUPS = `
SELECT width, at, count, min, max, mean, first_at, first, last_at, last FROM rollup
WHERE series = ? AND (width, at) > (?, ?) ORDER BY width, at LIMIT ?`;

const BEFORE_ALL = -(2n ** 62n);

/** Pages of a query that goes on after the key of its last row. */
function* paged(query: (after: Row | null) => Row[]): Generator<Row[]> {
  for (let last: Row | null = null; ; ) {
    const rows = query(last);
    if (rows.length === 0) return;
    yield rows;
    last = rows.at(-1) ?? null;
  }
}

function* pagesOf(connection: Connection): Generator<readonly [ExportKind, Row[]]> {
  for (const [kind, sql] of NUMBERED) {
    const next = (after: Row | null) =>
      connection.all(sql, after === null ? -1n : asBigint(after.at(-1)), PAGE);
    for (const rows of paged(next)) yield [kind, rows];
  }
  const series = connection.all(
    'SELECT s.id, run.key, clock, reference FROM series s JOIN run ON run.id = s.run ORDER BY s.id',
  );
  for (const [cell, run, clock, reference] of series) {
    const id = asBigint(cell);
    const names: Cell[] = [asText(run), asText(clock), asText(reference)];
    const named = (rows: Row[]) => rows.map((row) => [...names, ...row]);
    const samples = (after: Row | null) => connection.all(SAMPLES, id, after?.[0] ?? BEFORE_ALL, PAGE);
    const rollups = (after: Row | null) =>
      connection.all(ROLLUPS, id, after?.[0] ?? -1n, after?.[1] ?? BEFORE_ALL, PAGE);
    for (const rows of paged(samples)) yield ['sample', named(rows)];
    for (const rows of paged(rollups)) yield ['rollup', named(rows)];
  }
}

/** The format that a file's name asks for. @throws TscopeError USAGE for another ending. */
export function formatOf(file: string): 'csv' | 'jsonl' {
  if (/\.csv$/i.test(file)) return 'csv';
  if (/\.(jsonl|ndjson)$/i.test(file)) return 'jsonl';
  throw usageError(`'${file}' ends neither in .csv nor in .jsonl, so its format is not known.`);
}

/**
 * Writes the whole store, as it is at one moment, to a file: CSV or JSON lines by its name. The file appears when it is
 * complete.
 *
 * @returns how many rows; null where `control` asked to stop, and there is no file.
 * @throws TscopeError USAGE for another name; IO where the file cannot be written.
 */
export function exportStore({ connection }: Store, file: string, control: Control): number | null {
  const format: Format = formatOf(file) === 'csv' ? csvLines : jsonLines;
  const partial = `${file}.partial-${process.pid}`;
  let count = 0;
  try {
    const descriptor = openSync(partial, 'w');
    try {
      // One transaction sees one state, whatever is written meanwhile.
      connection.exec('BEGIN');
      if (format === csvLines) writeSync(descriptor, `${CSV_HEAD.join(',')}\n`);
      for (const [kind, rows] of pagesOf(connection)) {
        if (control.cancelled()) return null;
        writeSync(descriptor, format(kind, rows));
        count += rows.length;
      }
    } finally {
      connection.exec('COMMIT');
      closeSync(descriptor);
    }
    renameSync(partial, file);
    return count;
  } catch (error) {
    if (error instanceof TscopeError || systemCode(error) === null) throw error;
    throw new TscopeError('IO', `cannot write ${file} (${systemCode(error)}).`, null, { cause: error });
  } finally {
    rmSync(partial, { force: true });
  }
}

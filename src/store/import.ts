import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Control } from '../clock/control.ts';
import { TscopeError, usageError } from '../errors.ts';
import { fileError } from '../system-error.ts';
import { textChunks } from '../text-file.ts';
import { asBigint, asReal, asText, orNull } from './cells.ts';
import type { Cell } from './connection.ts';
import { csvCells, recordsIn, type TextRecord } from './csv.ts';
import { EVENT, putEvent } from './events.ts';
import { fileFormat } from './export.ts';
import { EXPORT_FORMAT, type ParsedRow, parseCsvRecord, parseJsonLine } from './export-format.ts';
import { putRollup, ROLLUP, readRollup } from './rollups.ts';
import { HOST, putHost, putRun, RUN } from './runs.ts';
import { mergeSamples, type Sample } from './samples.ts';
import { putSeries, SERIES } from './series.ts';
import type { Store } from './store-on.ts';

/** Samples of one series that are stored at once. */
const BATCH = 8_192;

/** What an import did. */
export interface Imported {
  readonly newRows: number;
  /** False for a file without an end mark, as older versions wrote them: nothing shows whether it is complete. */
  readonly checked: boolean;
}

/** Stores parsed rows; what is there already stays, but a roll-up gives way to one of more samples. */
class Inserter {
  readonly #store: Store;
  readonly #known = new Map<string, bigint>();
  #series: bigint | null = null;
  #samples: Sample[] = [];
  added = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  take({ kind, cells }: ParsedRow): void {
    if (kind === 'sample') this.#sample(cells);
    else {
      this.flush();
      this.added += Number(this.#put(kind, cells));
    }
  }

  /** @returns how many were new, or whether it was. */
  #put(kind: ParsedRow['kind'], cells: Cell[]): number | boolean {
    const [first, ...rest] = cells;
    if (kind === 'host') return putHost(this.#store, HOST.read(cells), 'NOTHING');
    if (kind === 'run') {
      const [host, ...row] = rest;
      const id = this.#find('host', 'SELECT id FROM host WHERE key = ?', asText(host));
      return putRun(this.#store, RUN.read([first ?? null, id, ...row]), orNull(asText)(cells.at(-1)));
    }
    if (kind === 'series') return putSeries(this.#store, SERIES.read([this.#runOf(first), ...rest]));
    if (kind === 'event') return this.#event(cells);
    return kind === 'rollup' && this.#rollup(cells);
  }

  /** Stores the samples that wait. */
  flush(): void {
    if (this.#series === null) return;
    const ascending = this.#samples.sort((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0));
    const once = ascending.filter(({ atNs }, i) => atNs !== ascending[i - 1]?.atNs);
    this.added += mergeSamples(this.#store, this.#series, once);
    this.#series = null;
    this.#samples = [];
  }

  #find(what: string, sql: string, ...names: Cell[]): bigint {
    const key = [sql, ...names].join('\0');
    const id = this.#known.get(key) ?? this.#store.connection.value(sql, ...names);
    if (id === null) throw new RangeError(`names the ${what} ${names.join(' ')}, which is not there`);
    this.#known.set(key, asBigint(id));
    return asBigint(id);
  }

  #runOf = (key: Cell | undefined): bigint =>
    this.#find('run', 'SELECT id FROM run WHERE key = ?', asText(key));

  #seriesOf = (run: Cell | undefined, clock: Cell | undefined, reference: Cell | undefined): bigint =>
    this.#find(
      'series',
      'SELECT id FROM series WHERE run = ? AND clock = ? AND reference = ?',
      this.#runOf(run),
      asText(clock),
      asText(reference),
    );

  #event([run, clock, reference, ...row]: Cell[]): boolean {
    const series = clock === null ? null : this.#seriesOf(run, clock, reference);
    return putEvent(this.#store, this.#runOf(run), EVENT.read([series, ...row]));
  }

  #rollup([run, clock, reference, width, ...row]: Cell[]): boolean {
    const series = this.#seriesOf(run, clock, reference);
    const rollup = ROLLUP.read(row);
    const known = readRollup(this.#store, series, asBigint(width), rollup.atNs);
    if (known !== null && known.count >= rollup.count) return false;
    putRollup(this.#store, series, asBigint(width), rollup);
    return true;
  }

  #sample([run, clock, reference, at, offset, window]: Cell[]): void {
    const series = this.#seriesOf(run, clock, reference);
    if (series !== this.#series || this.#samples.length === BATCH) this.flush();
    this.#series = series;
    this.#samples.push({ atNs: asBigint(at), offsetNs: asReal(offset), windowNs: asReal(window) });
  }
}

/** Reads an export record by record, and holds its end mark against what came before it. */
class ExportReader {
  readonly #file: string;
  readonly #format: 'csv' | 'jsonl';
  readonly #take: (row: ParsedRow) => void;
  readonly #digest = createHash('sha256');
  #head: ReadonlyArray<string | null> | null = null;
  #rows = 0;
  #marked = false;
  #ended = false;

  constructor(file: string, format: 'csv' | 'jsonl', take: (row: ParsedRow) => void) {
    this.#file = file;
    this.#format = format;
    this.#take = take;
  }

  record({ line, text }: TextRecord): void {
    try {
      this.#record(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw this.refused(error.message, line);
    }
    if (!this.#ended) this.#digest.update(text);
  }

  #record(text: string): void {
    if (text.trim() === '') return;
    if (this.#ended) throw new RangeError('comes after the end mark');
    if (this.#format === 'jsonl') this.#row(parseJsonLine(text));
    else if (this.#head === null) this.#head = csvCells(text);
    else this.#row(parseCsvRecord(this.#head, csvCells(text)));
  }

  #row(row: ParsedRow): void {
    if (row.kind === 'end') {
      this.#end(row.cells);
      return;
    }
    this.#rows += 1;
    if (row.kind !== 'export') {
      this.#take(row);
      return;
    }
    if (this.#rows > 1) throw new RangeError('begins another export');
    const format = asReal(row.cells[0]);
    if (format !== EXPORT_FORMAT)
      throw new RangeError(`is of format ${format}; this tscope reads ${EXPORT_FORMAT}`);
    this.#marked = true;
  }

  #end([rows, sha256]: Cell[]): void {
    if (rows !== this.#rows)
      throw new RangeError(`says that ${asReal(rows)} rows come before it, but there are ${this.#rows}`);
    if (sha256 !== this.#digest.copy().digest('hex'))
      throw new RangeError('has another digest than what comes before it: the file was changed or damaged');
    this.#ended = true;
  }

  /** @returns whether an end mark has shown that it is complete. */
  end(): boolean {
    if (this.#marked && !this.#ended) {
      throw this.refused(`the end mark is missing, so it was cut off; ${this.#rows} rows were read`);
    }
    if (this.#rows === 0) throw this.refused('there is no row in it');
    return this.#ended;
  }

  refused(what: string, line?: number): TscopeError {
    const where = line === undefined ? '' : `line ${line} `;
    return usageError(`${this.#file}: ${where}${what}.`, 'Nothing was imported.');
  }
}

/** The size of a file that can be read without waiting for anybody. */
function sizeOfRegular(file: string): number {
  try {
    const found = statSync(file);
    if (found.isFile()) return found.size;
  } catch (error) {
    throw fileError(`cannot read ${file}`, error);
  }
  throw new TscopeError('IO', `cannot read ${file}: it is not a regular file.`);
}

/** The format by the file's name, whether it is packed or not. */
export const importFormatOf = (file: string): 'csv' | 'jsonl' => fileFormat(file.replace(/\.gz$/i, ''));

/**
 * Gives back the line feeds that an export was written with, where the first line shows that its line ends were
 * changed: what stands in quotes was changed with them. Other text stays as it is, carriage returns in quotes with it.
 */
export async function* withLineFeeds(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let changed: boolean | null = null;
  let held = '';
  for await (const chunk of chunks) {
    const first: string | undefined = changed === null ? /[\r\n]/.exec(chunk)?.[0] : undefined;
    if (first !== undefined) changed = first === '\r';
    if (changed !== true) {
      yield chunk;
      continue;
    }
    const text = held + chunk;
    // It may be half of a CRLF.
    held = text.endsWith('\r') ? '\r' : '';
    yield text.slice(0, text.length - held.length).replaceAll(/\r\n?/g, '\n');
  }
  if (held !== '') yield '\n';
}

/** The text of an export. @throws TscopeError INTERRUPTED where `control` was cancelled before its end. */
async function* textOf(file: string, control: Control): AsyncGenerator<string> {
  const size = sizeOfRegular(file);
  const limits = {
    cancelled: () => control.cancelled(),
    progress: (done: number) => control.progress(done, size),
  };
  yield* withLineFeeds(textChunks(file, limits));
  if (control.cancelled()) throw new TscopeError('INTERRUPTED', 'interrupted; nothing was imported.');
}

/**
 * Reads what `exportStore` wrote, also where it was packed with gzip or saved with a byte order mark, in UTF-16 or with
 * other line ends. What the store has already is not stored twice. All of it is imported, or nothing.
 *
 * @throws TscopeError USAGE naming the first bad line, and for a file that is cut off or changed; IO where the file
 * cannot be read; INTERRUPTED.
 */
export async function importInto(store: Store, file: string, control: Control): Promise<Imported> {
  const format = importFormatOf(file);
  return store.longTransaction(async () => {
    const inserter = new Inserter(store);
    const reader = new ExportReader(file, format, (row) => inserter.take(row));
    const refused = (line: number, what: string) => reader.refused(what, line);
    for await (const records of recordsIn(textOf(file, control), format, refused)) {
      for (const record of records) reader.record(record);
    }
    inserter.flush();
    return { newRows: inserter.added, checked: reader.end() };
  });
}

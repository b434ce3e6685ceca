/** A CSV cell (RFC 4180). Null is nothing at all; an empty text is quoted, so that the two stay apart. */
export const csvCell = (value: string | null): string => {
  if (value === null) return '';
  return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
};

/**
 * The cells of one record.
 *
 * @throws RangeError where its quotes are not those of CSV.
 */
export function csvCells(record: string): Array<string | null> {
  const cells: Array<string | null> = [];
  let end = 0;
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*)),/y;
  const text = `${record.replace(/\r?\n?$/, '')},`;
  for (let match = cell.exec(text); match !== null; match = cell.exec(text)) {
    const [, quoted, plain] = match;
    end = cell.lastIndex;
    cells.push(quoted === undefined ? plain || null : quoted.replaceAll('""', '"'));
  }
  if (end !== text.length) throw new RangeError('has a quote where CSV allows none');
  return cells;
}

/** One record as it stands in the file, with its line end, and the line on which it starts. */
export interface TextRecord {
  readonly line: number;
  readonly text: string;
}

const QUOTE = 34;
const LINE_END = 10;

/** Cuts text, which comes in pieces, into records: at line ends, in CSV at those outside quotes. */
export class RecordReader {
  readonly #csv: boolean;
  #parts: string[] = [];
  #quoted = false;
  #line = 1;
  #linesWithin = 0;

  constructor(format: 'csv' | 'jsonl') {
    this.#csv = format === 'csv';
  }

  /** Characters that wait for the end of their record. */
  get pending(): number {
    return this.#parts.reduce((sum, part) => sum + part.length, 0);
  }

  /** The line on which the record starts that is not complete. */
  get line(): number {
    return this.#line;
  }

  /** @returns the records that are complete. */
  add(text: string): TextRecord[] {
    const records: TextRecord[] = [];
    let start = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE && this.#csv) this.#quoted = !this.#quoted;
      if (code !== LINE_END) continue;
      this.#linesWithin += 1;
      if (this.#quoted) continue;
      this.#parts.push(text.slice(start, at + 1));
      records.push(this.#take());
      start = at + 1;
    }
    if (start < text.length) this.#parts.push(text.slice(start));
    return records;
  }

  #take(): TextRecord {
    const record = { line: this.#line, text: this.#parts.join('') };
    this.#parts = [];
    this.#line += this.#linesWithin;
    this.#linesWithin = 0;
    return record;
  }

  /**
   * What follows the last line end.
   *
   * @throws RangeError where that is within quotes.
   */
  end(): TextRecord[] {
    if (this.#quoted) throw new RangeError('ends within quotes');
    return this.#parts.length === 0 ? [] : [this.#take()];
  }
}

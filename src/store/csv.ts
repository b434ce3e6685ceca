/** A CSV cell (RFC 4180). Null is nothing at all; an empty text is quoted, so that the two stay apart. */
export const csvCell = (value: string | null): string => {
  if (value === null) return '';
  return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
};

/** Splits CSV text, which comes in pieces, into records. Quoted cells may hold commas, quotes and line ends. */
export class CsvReader {
  #rest = '';
  #line = 1;

  /** @returns the records that are complete, each with the line on which it starts. */
  add(text: string): Array<{ line: number; cells: Array<string | null> }> {
    const records = [];
    const input = this.#rest + text;
    let start = 0;
    for (let end = recordEnd(input, start); end >= 0; end = recordEnd(input, start)) {
      const record = input.slice(start, end);
      records.push({ line: this.#line, cells: cellsOf(record.replace(/\r$/, '')) });
      this.#line += record.split('\n').length;
      start = end + 1;
    }
    this.#rest = input.slice(start);
    return records;
  }

  /** What follows the last line end. */
  end(): Array<{ line: number; cells: Array<string | null> }> {
    return this.#rest === '' ? [] : this.add('\n');
  }
}

/** The line end that ends the record at `start`: the first with an even number of quotes before it; -1 for none. */
function recordEnd(input: string, start: number): number {
  let end = input.indexOf('\n', start);
  let quote = input.indexOf('"', start);
  for (let open = false; end >= 0; ) {
    if (quote < 0 || quote > end) {
      if (!open) return end;
      if (quote < 0) return -1;
      end = input.indexOf('\n', quote);
      continue;
    }
    open = !open;
    quote = input.indexOf('"', quote + 1);
  }
  return -1;
}

function cellsOf(record: string): Array<string | null> {
  const cells: Array<string | null> = [];
  for (const [, quoted, plain] of `${record},`.matchAll(/(?:"((?:[^"]|"")*)"|([^",]*)),/g)) {
    cells.push(quoted === undefined ? plain || null : quoted.replaceAll('""', '"'));
  }
  return cells;
}

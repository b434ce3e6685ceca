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

/** A record holds a run's document at most, bytes. */
const LONGEST_RECORD = 32 * 2 ** 20;

const QUOTE = 34;
const LINE_END = 10;

/**
 * Cuts text, which comes in pieces, into records: at line ends, in CSV at those outside quotes.
 *
 * @param refused makes the error for a record that begins on a line and cannot be one.
 */
export async function* recordsIn(
  pieces: AsyncIterable<string>,
  format: 'csv' | 'jsonl',
  refused: (line: number, what: string) => Error,
): AsyncGenerator<TextRecord[]> {
  let parts: string[] = [];
  let quoted = false;
  let line = 1;
  let linesWithin = 0;
  const take = (): TextRecord => {
    const record = { line, text: parts.join('') };
    parts = [];
    line += linesWithin;
    linesWithin = 0;
    return record;
  };
  for await (const text of pieces) {
    const records: TextRecord[] = [];
    let start = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE && format === 'csv') quoted = !quoted;
      if (code !== LINE_END) continue;
      linesWithin += 1;
      if (quoted) continue;
      parts.push(text.slice(start, at + 1));
      records.push(take());
      start = at + 1;
    }
    if (start < text.length) parts.push(text.slice(start));
    yield records;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length > LONGEST_RECORD) throw refused(line, `is longer than ${LONGEST_RECORD / 2 ** 20} MB`);
  }
  if (quoted) throw refused(line, 'ends within quotes, so it was cut off');
  if (parts.length > 0) yield [take()];
}

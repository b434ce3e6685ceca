import { dateSeconds, isGap, isNumber } from './cells.ts';

/** How the columns of a text of numbers are written. */
export interface Layout {
  readonly separator: RegExp;
  readonly decimalComma: boolean;
  /** The most columns of a line. */
  readonly columns: number;
}

const SPACE = /\s+/;

/** DOS's end-of-file mark. */
const END_OF_TEXT = '\x1a';

/** A per cent sign that is a unit: behind a number at the end of a line, and in brackets. */
const PER_CENT = /\d\s*%$|[([]\s*%\s*[)\]]/;

/** A line without its comment: `#` and `%` anywhere, `;`, `!`, `//` and `*` before a word at its start. */
export function withoutComment(line: string): string {
  const text = line.trim();
  const first = text[0];
  if (first === ';' || first === '!' || first === END_OF_TEXT || (first === '/' && text[1] === '/'))
    return '';
  if (first === '*' && /^\*+\s*[a-z]/i.test(text)) return '';
  const hash = text.indexOf('#');
  let percent = text.indexOf('%');
  if (hash < 0 && percent < 0) return text;
  if (percent > 0 && PER_CENT.test(text)) percent = -1;
  if (hash < 0 && percent < 0) return text;
  return text.slice(0, Math.min(...[hash, percent].filter((end) => end >= 0))).trimEnd();
}

/** The cells of a line, without quotes, and without the empty one after a trailing separator. */
export function cellsOf(line: string, { separator }: Pick<Layout, 'separator'>): string[] {
  // Splitting at a character is several times faster than at a pattern.
  const plain = separator === SPACE && !/ {2}|[^\S ]/.test(line);
  const cells = line.split(plain ? ' ' : separator);
  if (line.includes('"') || line.includes("'")) {
    for (const [k, cell] of cells.entries())
      cells[k] = cell
        .trim()
        .replace(/^(["'])(.*)\1$/, '$2')
        .trim();
  }
  if (cells.length > 1 && cells.at(-1)?.trim() === '') cells.pop();
  return line.includes(':') ? joinedDates(cells) : cells;
}

/** A date and the time of day beside it are one cell. */
function joinedDates(cells: string[]): string[] {
  for (let k = 0; k + 1 < cells.length; k += 1) {
    const joined = `${cells[k]} ${cells[k + 1]}`;
    if (/^\d[\d./-]{9} \d\d:/.test(joined) && dateSeconds(joined) !== undefined) cells.splice(k, 2, joined);
  }
  return cells;
}

const isValue = (cell: string): boolean => isNumber(cell) || isGap(cell) || dateSeconds(cell) !== undefined;

/** The cells of a line that count: all, or those of the columns (from 0) where they are known. */
function counting(line: string, layout: Pick<Layout, 'separator'>, columns: readonly number[]): string[] {
  const cells = cellsOf(line, layout);
  return columns.length === 0 ? cells : columns.map((column) => cells[column] ?? '');
}

/** Whether a line holds readings, missing ones included, and no words. */
export const isRow = (line: string, layout: Pick<Layout, 'separator'>, columns: readonly number[]): boolean =>
  counting(line, layout, columns).every(isValue);

/** Whether a line holds readings, one of them not missing, and no words. */
export const isData = (
  line: string,
  layout: Pick<Layout, 'separator'>,
  columns: readonly number[] = [],
): boolean =>
  isRow(line, layout, columns) &&
  counting(line, layout, columns).some((cell) => isNumber(cell) || dateSeconds(cell) !== undefined);

/** Full stops in dates and times are not decimal points. */
const DATES = /\d\d\.\d\d\.\d{4}|\d{4}\.\d\d\.\d\d|\d\d:\d\d:\d\d\.\d+/g;
const SEMICOLON = /\s*;\s*/;
const COMMA = /\s*,\s*/;
const TAB = /[ ]*\t[ ]*/;

/**
 * The layout of the first lines of a text. A comma is a decimal comma where something else separates the columns, or
 * where every line is a single number with one.
 */
export function layoutOf(lines: readonly string[]): Layout {
  const bare = lines.map((line) => line.replace(/["']/g, ''));
  const numeric = bare.filter(
    (line) => /\d/.test(line) && !/[a-ce-z]{2}/i.test(line.replace(/nan|n\/?a|null/gi, '')),
  );
  const some = numeric.length > 0 ? numeric : bare;
  const all = (pattern: RegExp) => some.length > 0 && some.every((line) => pattern.test(line));
  const widest = (layout: Omit<Layout, 'columns'>): Layout => ({
    ...layout,
    columns: some.reduce((most, line) => Math.max(most, cellsOf(line, layout).length), 0),
  });
  const undated = some.map((line) => line.replace(DATES, ''));
  const commaInside =
    undated.some((line) => /\d,\d/.test(line)) && !undated.some((line) => /\d\.\d/.test(line));
  if (all(/;/)) return widest({ separator: SEMICOLON, decimalComma: commaInside });
  if (all(/\t/)) return widest({ separator: TAB, decimalComma: commaInside });
  if (!some.some((line) => line.includes(','))) return widest({ separator: SPACE, decimalComma: false });
  const alone = /^\s*[+-]?\d*,\d+(?:[eEdD][+-]?\d+)?\s*$/;
  const spaced = some.every((line) =>
    line
      .trim()
      .split(SPACE)
      .every((cell) => isNumber(cell) || isGap(cell)),
  );
  if (commaInside && spaced && !some.every((line) => alone.test(line)))
    return widest({ separator: SPACE, decimalComma: true });
  if (
    some.every((line) => alone.test(line) || isGap(line.trim()) || /^\s*[+-]?\d+\s*$/.test(line)) &&
    !counts(some)
  )
    return widest({ separator: SPACE, decimalComma: true });
  return widest({ separator: COMMA, decimalComma: false });
}

/** Whether the part before the comma counts up line by line, and so is a column of its own. */
function counts(lines: readonly string[]): boolean {
  const wholes = lines.map((line) => Number(line.split(',')[0]));
  return wholes.length > 1 && wholes.every((whole, k) => k === 0 || whole === (wholes[k - 1] as number) + 1);
}

/** The one character that separates the columns of most lines; null where cells need more care. */
export function plainSeparator({ separator, decimalComma }: Layout): string | null {
  if (decimalComma) return null;
  return separator === SPACE ? ' ' : separator === COMMA ? ',' : separator === SEMICOLON ? ';' : '\t';
}

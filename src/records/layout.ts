import { dateSeconds, isGap, isNumber } from './cells.ts';

/** How the columns of a text of numbers are written. */
export interface Layout {
  readonly separator: RegExp;
  readonly decimalComma: boolean;
  /** The most columns of a line. */
  readonly columns: number;
}

/** What a line is divided by, and into how many columns where that is known. */
type Separation = Pick<Layout, 'separator'> & Partial<Pick<Layout, 'columns'>>;

const SPACE = /\s+/;
const TAB = /[ ]*\t[ ]*/;

/** DOS's end-of-file mark. */
const END_OF_TEXT = '\x1a';

/** A per cent sign that is a unit: behind a number at the end of a line, and in brackets. */
const PER_CENT = /\d\s*%$|[([]\s*%\s*[)\]]/;

/** What Microsoft's C library of old prints for what is not a number, `-1.#IND`, and for what is infinite, `1.#INF`. */
const NO_NUMBER = /[+-]?1\.#(?:(?:IND|[QS]NAN)|(INF))0*/gi;

/** What surrounds a line is of no account, but for tabs where they separate columns: an empty one may come first or last. */
const trimmed = (line: string, tabbed: boolean): string =>
  tabbed && line.trim() !== '' ? line.replace(/^[^\S\t]+|[^\S\t]+$/g, '') : line.trim();

/**
 * A line without its comment: `#` and `%` anywhere, `;`, `!`, `//` and `*` before a word at its start.
 *
 * @param tabbed whether tabs separate the columns.
 */
export function withoutComment(line: string, tabbed = false): string {
  const whole = trimmed(line, tabbed);
  const text = whole.includes('.#') ? whole.replace(NO_NUMBER, (_, inf) => inf ?? 'nan') : whole;
  const words = text.trimStart();
  const first = words[0];
  if (first === ';' || first === '!' || first === END_OF_TEXT || (first === '/' && words[1] === '/'))
    return '';
  if (first === '*' && /^\*+\s*[a-z]/i.test(words)) return '';
  const hash = text.indexOf('#');
  let percent = text.indexOf('%');
  if (hash < 0 && percent < 0) return text;
  if (percent > 0 && PER_CENT.test(text)) percent = -1;
  if (hash < 0 && percent < 0) return text;
  return trimmed(text.slice(0, Math.min(...[hash, percent].filter((end) => end >= 0))), tabbed);
}

/** The cells of a line, without quotes and without what a separator at its end leaves beyond the last column. */
export function cellsOf(text: string, { separator, columns = 1 }: Separation): string[] {
  const line = separator === TAB ? text : text.trim();
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
  if (cells.length > Math.max(1, columns) && cells.at(-1)?.trim() === '') cells.pop();
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
function counting(line: string, layout: Separation, columns: readonly number[]): string[] {
  const cells = cellsOf(line, layout);
  return columns.length === 0 ? cells : columns.map((column) => cells[column] ?? '');
}

/** Whether a line holds readings, missing ones included, and no words. */
export const isRow = (line: string, layout: Separation, columns: readonly number[]): boolean =>
  counting(line, layout, columns).every(isValue);

/** Whether a line holds readings, one of them not missing, and no words. */
export const isData = (line: string, layout: Separation, columns: readonly number[] = []): boolean =>
  isRow(line, layout, columns) &&
  counting(line, layout, columns).some((cell) => isNumber(cell) || dateSeconds(cell) !== undefined);

/** Full stops in dates and times are not decimal points. */
const DATES = /\d\d\.\d\d\.\d{4}|\d{4}\.\d\d\.\d\d|\d\d:\d\d:\d\d\.\d+/g;
const SEMICOLON = /\s*;\s*/;
const COMMA = /\s*,\s*/;

/** The lines that hold a number and no words; all where none does. */
function numericOf(lines: readonly string[]): readonly string[] {
  const numeric = lines.filter(
    (line) => /\d/.test(line) && !/[a-ce-z]{2}/i.test(line.replace(/nan|n\/?a|null/gi, '')),
  );
  return numeric.length > 0 ? numeric : lines;
}

/** Whether tabs separate the columns of these lines, which are as they stand; one before each line only indents it. */
export function isTabbed(lines: readonly string[]): boolean {
  const some = numericOf(lines.map((line) => withoutComment(line, true)));
  return (
    some.length > 0 &&
    some.every((line) => line.includes('\t')) &&
    !some.every((line) => line.startsWith('\t'))
  );
}

/**
 * The layout of the first lines of a text. A comma is a decimal comma where something else separates the columns, or
 * where every line is a single number with one.
 */
export function layoutOf(lines: readonly string[]): Layout {
  const some = numericOf(lines.map((line) => line.replace(/["']/g, '')));
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

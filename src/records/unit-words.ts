import { cellsOf, type Layout } from './layout.ts';
import { type Fail, UNIT_NAMES, type Unit } from './record.ts';

/** Units as people write them, behind a number, in a column beside it and in a heading. */

const SECONDS = '(?:m|u|µ|μ|n|p|milli|micro|nano|pico)?s(?:ec(?:ond)?s?)?';
const WORDS = `${SECONDS}|ppm|ppb|hz|ratio`;
/** Units that readings may be in, but that are not known here. */
const FOREIGN = '[kmg]hz|fs|%|percent';

const SUFFIX = new RegExp(`([\\d.])\\s*(${WORDS})$`, 'i');
const WORD = new RegExp(`^(?:${WORDS}|${FOREIGN})$`, 'i');
const IN_HEADING = new RegExp(`(?:^|[\\s_([/])(${WORDS}|${FOREIGN})(?:$|[\\s)\\]])`, 'i');

const PREFIXES: Readonly<Record<string, string>> = {
  milli: 'm',
  micro: 'u',
  µ: 'u',
  μ: 'u',
  nano: 'n',
  pico: 'p',
};

/** The unit that a word names; as it is written where the unit is not known here; null for no unit. */
function unitNamed(written: string | undefined): string | null {
  if (written === undefined || !WORD.test(written)) return null;
  const word = written.toLowerCase();
  const time = /^(.*?)s(?:ec(?:ond)?s?)?$/.exec(word);
  const unit = time === null ? word : `${PREFIXES[time[1] ?? ''] ?? time[1]}s`;
  return isUnit(unit) ? unit : written;
}

const isUnit = (word: string | null): word is Unit => UNIT_NAMES.includes(word as Unit);

/** A line without this unit at its end; another unit stays, and the line is then not a number. */
export const withoutSuffix = (line: string, unit: Unit): string =>
  line.replace(SUFFIX, (all, digit: string, written: string) => (unitNamed(written) === unit ? digit : all));

const QUANTITY = new RegExp(`^[+-]?\\.?\\d[\\d.,]*(?:e[+-]?\\d+)?\\s*(?:${WORDS})$`, 'i');

/** Whether a line is a number with its unit, and not a heading. */
export const isQuantity = (line: string): boolean => QUANTITY.test(line);

/** The unit behind the number at the end of every line; null where a line has none, or another. */
export function suffixOf(lines: readonly string[]): Unit | null {
  const found = new Set(
    lines
      .filter((line) => /\d\S?\s*\S*$/.test(line) && /^[\d."'+-]/.test(line))
      .map((line) => unitNamed(SUFFIX.exec(line)?.[2])),
  );
  const [unit = null] = found;
  return found.size === 1 && isUnit(unit) ? unit : null;
}

/** The unit that a heading names for a column. */
export function headingUnitOf(words: string, column: number, layout: Layout): string | null {
  // A unit in brackets belongs to the word before it.
  const cells = [words, words.replace(/\s+(?=[([][^\s)\]]+[)\]])/g, '_')].map((text) =>
    cellsOf(text, layout),
  );
  const matching = cells.find(({ length }) => length === layout.columns);
  const cell = matching?.[column] ?? (layout.columns === 1 ? words : '');
  return unitNamed(IN_HEADING.exec(cell)?.[1]);
}

const IN_COMMENT = new RegExp(`[([]\\s*(${WORDS})\\s*[)\\]]|\\b(?:in|unit:?|units:?)\\s+(${WORDS})\\b`, 'gi');

/** A unit that comments name, other than the defaults s and ratio. */
export function commentUnitOf(comments: readonly string[]): Unit | null {
  const found = comments.flatMap((line) =>
    [...line.matchAll(IN_COMMENT)].map(([, a, b]) => unitNamed(a ?? b)),
  );
  return found.filter(isUnit).find((unit) => unit !== 's' && unit !== 'ratio') ?? null;
}

/** The unit in the cell beside each reading; null where there is none, or not the same in every row. */
export function unitBeside(rows: readonly string[], column: number, layout: Layout): string | null {
  const found = new Set(rows.map((row) => unitNamed(cellsOf(row, layout)[column + 1])));
  const [unit = null] = found;
  return found.size === 1 ? unit : null;
}

/** Whether a cell names this unit. */
export const names = (cell: string | undefined, unit: Unit): boolean => unitNamed(cell) === unit;

/** The unit, if it is known here. */
export const knownUnit = (unit: string | null): Unit | null => (isUnit(unit) ? unit : null);

/** The same, refusing readings in any other. */
export function readable(unit: string | null, fail: Fail): Unit | null {
  if (unit === null || isUnit(unit)) return unit;
  return fail(
    `its readings are in ${unit}, which is not a unit that can be read.`,
    `Convert them to one of ${UNIT_NAMES.join(', ')}, or say what they are with \`unit\`.`,
  );
}

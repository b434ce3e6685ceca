/** One reading as people write it: `D` exponents, decimal commas, and marks of missing readings. */

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?$/;
const GAP = /^(?:[+-]?nan(?:\(\w*\))?|-{1,3}|n\/?a|null|none|missing|\?|\*|)$/i;
/** SCPI instruments print 9.91E37 for not-a-number and 9.9E37 for what is beyond their range. */
const isScpiNone = (value: number): boolean => Math.abs(value) === 9.9e37 || value === 9.91e37;

/** Whether a cell is a number, a decimal comma included. */
export const isNumber = (cell: string): boolean =>
  NUMBER.test(cell.replace(',', '.').replaceAll('\u2212', '-'));

/** Whether a cell says that its reading is missing: `nan`, `-`, `NA`, nothing at all. */
export const isGap = (cell: string): boolean => GAP.test(cell);

/**
 * The number in a cell; NaN where the reading is missing.
 *
 * @param power of ten that it is multiplied by, before it is rounded to a double: `5` in ns is the same as `5e-9` in s.
 * @returns undefined for anything else, and for what a double cannot hold.
 */
export function numberOf(cell: string, decimalComma: boolean, power = 0): number | undefined {
  const point = decimalComma ? cell.replace(',', '.') : cell;
  const text = point.includes('\u2212') ? point.replaceAll('\u2212', '-') : point;
  if (NUMBER.test(text)) {
    const written = numberIn(text);
    const value = power === 0 ? written : shifted(text, power);
    if (!Number.isFinite(value)) return undefined;
    return isScpiNone(written) ? Number.NaN : value;
  }
  return isGap(cell) ? Number.NaN : undefined;
}

const [ZERO, NINE, PLUS, MINUS, POINT] = [48, 57, 43, 45, 46] as const;

/** The number in a cell that is written in the usual way, much faster than `numberOf`; NaN for anything else, a number or not. */
export function plainNumber(cell: string): number {
  const first = cell.charCodeAt(0);
  if (!(first >= ZERO && first <= NINE) && first !== MINUS && first !== POINT && first !== PLUS)
    return Number.NaN;
  // `0x10` is a number to JavaScript, and `Infinity` too.
  const second = cell.charCodeAt(1);
  if (first === ZERO && second > NINE && second !== 101 && second !== 69) return Number.NaN;
  const value = Number(cell);
  return value - value === 0 && !isScpiNone(value) ? value : Number.NaN;
}

function numberIn(text: string): number {
  const value = Number(text);
  return Number.isNaN(value) ? Number(text.replace(/[dD]/, 'e')) : value;
}

function shifted(text: string, power: number): number {
  const [digits = '', exponent = '0'] = text.split(/[eEdD]/);
  return Number(`${digits}e${Number(exponent) + power}`);
}

const CLOCK = /^(\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)(Z|[+-]\d\d:?\d\d)?$/;
/** Year first, or day first with full stops; with slashes day and month could be in either order. */
const DATE = /^(?:(\d{4})([-/.])(\d\d)\2(\d\d)|(\d\d)\.(\d\d)\.(\d{4}))$/;
const DATE_LENGTH = 10;

/** Whether a cell begins as a date does; most times are numbers. */
const isDated = (text: string): boolean =>
  text[4] === '-' || /^(?:\d{4}\/|\d{4}\.\d\d\.|\d\d\.\d\d\.\d{4})/.test(text);

/** Seconds since 1970 of a date and a time of day, in UTC unless they name a zone; undefined for anything else. */
export function dateSeconds(text: string): number | undefined {
  if (!isDated(text)) return undefined;
  const date = DATE.exec(text.slice(0, DATE_LENGTH));
  const rest = text.slice(DATE_LENGTH);
  if (date === null || !/^(?:[T ]|$)/.test(rest)) return undefined;
  const time = rest === '' ? ['', '00:00:00'] : CLOCK.exec(rest.slice(1));
  if (time === null) return undefined;
  const [, , , , , dayFirst, monthThen, yearLast] = date;
  const [, year = yearLast, , month = monthThen, day = dayFirst] = date;
  const [, clock = '', zone = 'Z'] = time;
  const [whole = '', fraction = ''] = clock.replace(',', '.').split('.');
  const ms = Date.parse(`${year}-${month}-${day}T${whole}${zone}`);
  return Number.isNaN(ms) ? undefined : ms / 1000 + (fraction === '' ? 0 : Number(`0.${fraction}`));
}

/** One reading as people write it: `D` exponents, decimal commas, quotes, and the marks of a missing one. */

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?$/;
const GAP = /^(?:[+-]?nan|-{1,3}|n\/?a|null|none|missing|\?|\*|)$/i;

/** Whether a cell is a number, a decimal comma included. */
export const isNumber = (cell: string): boolean => NUMBER.test(cell.replace(',', '.'));

/** Whether a cell says that its reading is missing: `nan`, `-`, `NA`, nothing at all. */
export const isGap = (cell: string): boolean => GAP.test(cell);

/**
 * The number in a cell; NaN where the reading is missing.
 *
 * @param power of ten that it is multiplied by, before it is rounded to a double: `5` in ns is the same as `5e-9` in s.
 * @returns undefined for anything else, and for what a double cannot hold.
 */
export function numberOf(cell: string, decimalComma: boolean, power = 0): number | undefined {
  const text = decimalComma ? cell.replace(',', '.') : cell;
  if (NUMBER.test(text)) {
    const value = power === 0 ? numberIn(text) : shifted(text, power);
    return Number.isFinite(value) ? value : undefined;
  }
  return isGap(cell) ? Number.NaN : undefined;
}

const [ZERO, NINE, PLUS, MINUS, POINT] = [48, 57, 43, 45, 46] as const;

/** The number in a cell that is written as most are, much faster than `numberOf`; NaN for anything else, a number or not. */
export function plainNumber(cell: string): number {
  const first = cell.charCodeAt(0);
  if (!(first >= ZERO && first <= NINE) && first !== MINUS && first !== POINT && first !== PLUS)
    return Number.NaN;
  // `0x10` is a number to JavaScript, and `Infinity` too.
  const second = cell.charCodeAt(1);
  if (first === ZERO && second > NINE && second !== 101 && second !== 69) return Number.NaN;
  const value = Number(cell);
  return value - value === 0 ? value : Number.NaN;
}

function numberIn(text: string): number {
  const value = Number(text);
  return Number.isNaN(value) ? Number(text.replace(/[dD]/, 'e')) : value;
}

function shifted(text: string, power: number): number {
  const [digits = '', exponent = '0'] = text.split(/[eEdD]/);
  return Number(`${digits}e${Number(exponent) + power}`);
}

const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)(Z|[+-]\d\d:?\d\d)?$|^(\d{4}-\d\d-\d\d)$/;

/** Seconds since 1970 of an ISO date and time (UTC where it names no zone); undefined for anything else. */
export function isoSeconds(text: string): number | undefined {
  // Most times are numbers; a date has its first hyphen here.
  if (text[4] !== '-') return undefined;
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [, date = match[4] ?? '', clock = '00:00:00', zone = 'Z'] = match;
  const [whole = '', fraction = ''] = clock.replace(',', '.').split('.');
  const ms = Date.parse(`${date}T${whole}${zone}`);
  return Number.isNaN(ms) ? undefined : ms / 1000 + (fraction === '' ? 0 : Number(`0.${fraction}`));
}

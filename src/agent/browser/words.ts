import { type Dimension, plusMinus } from '../../digits.ts';
import { typeset } from '../../report/words.ts';
import { formatNs, formatRatio } from '../../units.ts';

/** A duration as a page prints it. */
export const nsText = (ns: number): string => typeset(formatNs(ns));

/** A figure and its error, to two digits of that; a dash where it is not known. */
export const withError = (value: number | null, error: number | null, measure: Dimension): string =>
  value === null ? '-' : typeset(plusMinus(value, error, measure));

/** A rate less 1, with its sign. */
export const ratioText = (ratio: number): string => typeset(formatRatio(ratio));

const CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false } as const;

/** A time in the reader's zone, with milliseconds where there are any. @param at Unix seconds. */
export function timeText(at: number): string {
  const date = new Date(at * 1000);
  const fraction = date.getMilliseconds() === 0 ? {} : ({ fractionalSecondDigits: 3 } as const);
  return `${date.toLocaleDateString('sv-SE')} ${date.toLocaleTimeString('en-GB', { ...CLOCK, ...fraction })}`;
}

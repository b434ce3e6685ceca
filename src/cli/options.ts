import { usageError } from '../errors.ts';
import { formatDuration, parseDuration } from '../units.ts';

/** Turns a flag's text into its value, or throws a usage error; what commander calls for each flag. */
export type Parser<T> = (text: string) => T;

/**
 * A duration within [min, max], as a bigint of ns.
 *
 * @param flag the flag's name, for the message.
 * @param min,max durations as a user would write them.
 */
export function duration(flag: string, min: string, max: string): Parser<bigint> {
  const least = parseDuration(min, flag);
  const most = parseDuration(max, flag);
  return (text) => {
    const ns = parseDuration(text, flag);
    if (ns >= least && ns <= most) return ns;
    throw usageError(`${flag}: ${text} is outside ${formatDuration(least)} to ${formatDuration(most)}.`);
  };
}

/** An integer in [min, max]. */
export function integer(flag: string, min: number, max: number): Parser<number> {
  return (text) => {
    const value = /^-?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw usageError(`${flag}: '${text}' is not an integer between ${min} and ${max}.`);
  };
}

/** One of `choices`. */
export function choice<T extends string>(flag: string, choices: readonly T[]): Parser<T> {
  return (text) => {
    const found = choices.find((name) => name === text);
    if (found !== undefined) return found;
    throw usageError(`${flag}: '${text}' is not one of ${choices.join(', ')}.`);
  };
}

/** A comma-separated list of what `parse` accepts, without repeats, at most `most` long. */
export function list<T>(flag: string, parse: Parser<T>, most = 64): Parser<T[]> {
  return (text) => {
    const items = text.split(',').map((item) => parse(item.trim()));
    if (items.length > most) throw usageError(`${flag}: ${items.length} entries are more than ${most}.`);
    return [...new Set(items)];
  };
}

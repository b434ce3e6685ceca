import type { Command, OptionValues } from '@commander-js/extra-typings';
import { usageError } from '../errors.ts';

/**
 * Turns a flag's text into its value; what commander calls for each flag. What is wrong is thrown without the flag's
 * name: the program adds it.
 */
export type Parser<T> = (text: string) => T;

/** An integer in [min, max]. */
export const integer =
  (min: number, max: number): Parser<number> =>
  (text) => {
    const value = /^-?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw usageError(`'${text}' is not an integer between ${min} and ${max}.`);
  };

/** One of `choices`. */
export const choice =
  <const T extends string>(choices: readonly T[]): Parser<T> =>
  (text) => {
    const found = choices.find((name) => name === text);
    if (found !== undefined) return found;
    throw usageError(`'${text}' is not one of ${choices.join(', ')}.`);
  };

/** A comma-separated list of what `parse` accepts, without repeats, at most `most` long. */
export const list =
  <T>(parse: Parser<T>, most = 64): Parser<T[]> =>
  (text) => {
    const items = text.split(',').map((item) => parse(item.trim()));
    if (items.length > most) throw usageError(`${items.length} entries are more than ${most}.`);
    return [...new Set(items)];
  };

/** Adds --cpu and --priority: how a measuring thread asks to run. */
export const quietOptions = <Args extends unknown[], Options extends OptionValues>(
  command: Command<Args, Options>,
  { priority }: { readonly priority: number },
) =>
  command
    .option('--cpu <n>', 'stay on this CPU', integer(0, 65_535))
    .option('--priority <n>', 'SCHED_FIFO priority; 0 is an ordinary thread', integer(0, 99), priority);

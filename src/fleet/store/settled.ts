import { asCount } from '../../store/cells.ts';
import type { Row } from '../../store/connection.ts';
import type { Settled } from './fleet-store.ts';

/** Messages of a stream that are dealt with: sequences from the first to the last, both included. */
export interface Range {
  readonly first: number;
  readonly last: number;
  readonly refused: boolean;
}

/** A range of a row of `first, last, refused`. */
export const rangeOf = ([first, last, refused]: Row): Range => ({
  first: asCount(first),
  last: asCount(last),
  refused: asCount(refused) === 1,
});

/** Ranges that overlap or touch as one; refused and stored ones stay apart. */
export function merged(ranges: readonly Range[]): Range[] {
  return [false, true].flatMap((refused) => {
    const whole: { first: number; last: number; refused: boolean }[] = [];
    for (const { first, last } of ranges
      .filter((range) => range.refused === refused)
      .toSorted((a, b) => a.first - b.first)) {
      const before = whole.at(-1);
      if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last);
      else whole.push({ first, last, refused });
    }
    return whole;
  });
}

/** Sequences as few ranges as there can be. */
export const rangesOf = (sequences: readonly number[], refused: boolean): Range[] =>
  merged(sequences.map((sequence) => ({ first: sequence, last: sequence, refused })));

/** How many sequences ranges hold, each counted once. */
export function countIn(ranges: readonly Range[]): Settled {
  const count = (refused: boolean): number =>
    merged(ranges)
      .filter((range) => range.refused === refused)
      .reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return { stored: count(false), refused: count(true) };
}

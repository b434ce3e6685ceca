import { group } from 'd3-array';
import type { FleetLedger } from '../../schema/fleet-hub.ts';
import { asCount, asText } from '../../store/cells.ts';
import type { Row } from '../../store/connection.ts';
import type { FleetStore, Statements } from './fleet-store.ts';

/** How many of the stream's messages are dealt with: each is counted once, however often it was delivered. */
export interface Settled {
  readonly stored: number;
  readonly refused: number;
}

/** Messages of a stream that are dealt with: sequences from the first to the last, both included. */
export interface SettledRange {
  readonly first: number;
  readonly last: number;
  readonly refused: boolean;
}

const rangeOf = ([first, last, refused]: Row): SettledRange => ({
  first: asCount(first),
  last: asCount(last),
  refused: asCount(refused) === 1,
});

/** Ranges that overlap or touch as one; refused and stored ones stay apart. */
export function merged(ranges: readonly SettledRange[]): SettledRange[] {
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
export const rangesOf = (sequences: readonly number[], refused: boolean): SettledRange[] =>
  merged(sequences.map((sequence) => ({ first: sequence, last: sequence, refused })));

/** How many sequences ranges hold, each counted once. */
export function countIn(ranges: readonly SettledRange[]): Settled {
  const count = (refused: boolean): number =>
    merged(ranges)
      .filter((range) => range.refused === refused)
      .reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return { stored: count(false), refused: count(true) };
}

/**
 * Where every message of the stream is. What is stored but not yet acknowledged is counted as stored, not as waiting.
 *
 * @param waiting as the hub says it: not acknowledged.
 */
export function ledgerOf(received: number, waiting: number, { stored, refused }: Settled): FleetLedger {
  const left = Math.max(0, received - stored - refused);
  const stillWaiting = Math.min(waiting, left);
  return { received, stored, refused, waiting: stillWaiting, expired: left - stillWaiting };
}

export async function settledOf(store: FleetStore, stream: string): Promise<Settled> {
  const rows = await store.ask('SELECT first, last, refused FROM settled WHERE stream = ?1', [stream]);
  return countIn(rows.map(rangeOf));
}

const COLUMNS = 'stream text, first bigint, last bigint, refused int';
const cellsOf = (stream: string, ranges: readonly SettledRange[]) =>
  ranges.map(({ first, last, refused }) => [stream, first, last, Number(refused)]);

/** Notes within a transaction that messages are dealt with. */
export const addRanges = (own: Statements, stream: string, ranges: readonly SettledRange[]) =>
  own.each(
    COLUMNS,
    cellsOf(stream, ranges),
    'INSERT INTO settled (stream, first, last, refused) SELECT * FROM u',
  );

/** Makes of the ranges of each stream as few as there can be, in a transaction. Those that come meanwhile stay. */
export async function mergeSettled(own: Statements): Promise<void> {
  const rows = await own.run('SELECT stream, first, last, refused FROM settled');
  for (const [stream, of] of group(rows, ([stream]) => asText(stream))) {
    const known = of.map((row) => rangeOf(row.slice(1)));
    const ranges = merged(known);
    if (ranges.length === known.length) continue;
    await own.each(
      COLUMNS,
      cellsOf(stream, known),
      `DELETE FROM settled WHERE (stream, first, last, refused) IN (SELECT u.stream, u.first, u.last, u.refused FROM u)`,
    );
    await addRanges(own, stream, ranges);
  }
}

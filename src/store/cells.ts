import type { Cell } from './connection.ts';

const wrong = (cell: Cell | undefined, wanted: string): TypeError =>
  new TypeError(`the store holds ${String(cell)} where it should hold ${wanted}`);

/** An integer: a time in ns. */
export function asBigint(cell: Cell | undefined): bigint {
  if (typeof cell === 'bigint') return cell;
  throw wrong(cell, 'an integer');
}

/** A small integer: a count or an identifier. */
export const asCount = (cell: Cell | undefined): number => Number(asBigint(cell));

/** A real number. SQLite may hand a whole one out as an integer. */
export function asReal(cell: Cell | undefined): number {
  if (typeof cell === 'number') return cell;
  if (typeof cell === 'bigint') return Number(cell);
  throw wrong(cell, 'a number');
}

export function asText(cell: Cell | undefined): string {
  if (typeof cell === 'string') return cell;
  throw wrong(cell, 'text');
}

/** `read`, but null for NULL. */
export const orNull =
  <T>(read: (cell: Cell | undefined) => T) =>
  (cell: Cell | undefined): T | null =>
    cell === null ? null : read(cell);

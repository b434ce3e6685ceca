import { TscopeError } from '../errors.ts';
import type { Cell } from './connection.ts';

const wrong = (cell: Cell | undefined, wanted: string): TscopeError =>
  new TscopeError(
    'STORE_DAMAGED',
    `the store holds ${String(cell).slice(0, 60)} where it should hold ${wanted}.`,
    '`tscope runs --check` names what is lost.',
  );

/** An integer: a time in ns. */
export function asBigint(cell: Cell | undefined): bigint {
  if (typeof cell === 'bigint') return cell;
  throw wrong(cell, 'an integer');
}

/** A small integer: a count or an identifier. */
export const asCount = (cell: Cell | undefined): number => Number(asBigint(cell));

/** A real number. */
export function asReal(cell: Cell | undefined): number {
  if (typeof cell === 'number') return cell;
  throw wrong(cell, 'a number');
}

export function asText(cell: Cell | undefined): string {
  if (typeof cell === 'string') return cell;
  throw wrong(cell, 'text');
}

export function asBytes(cell: Cell | undefined): Uint8Array {
  if (cell instanceof Uint8Array) return cell;
  throw wrong(cell, 'bytes');
}

/** `read`, but null for NULL. */
export const orNull =
  <T>(read: (cell: Cell | undefined) => T) =>
  (cell: Cell | undefined): T | null =>
    cell === null || cell === undefined ? null : read(cell);

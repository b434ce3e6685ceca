import { TscopeError } from '../errors.ts';
import type { Cell } from './connection.ts';

const wrong = (cell: Cell | undefined, wanted: string): TscopeError =>
  new TscopeError(
    'STORE_DAMAGED',
    `the store holds ${cell instanceof Uint8Array ? 'other bytes' : String(cell ?? 'nothing')} where it should hold ${wanted}.`,
    "`tscope runs --check` names what a host's store has lost; a fleet's is restored from a backup.",
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

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function asText(cell: Cell | undefined): string {
  if (typeof cell === 'string') return cell;
  if (!(cell instanceof Uint8Array)) throw wrong(cell, 'text');
  try {
    return utf8.decode(cell);
  } catch {
    throw wrong(cell, 'text');
  }
}

/** Text as well as it can be read, for a sentence about damage. */
export const anyText = (cell: Cell | undefined): string | null =>
  cell instanceof Uint8Array ? new TextDecoder().decode(cell) : null;

export function asBytes(cell: Cell | undefined): Uint8Array {
  if (cell instanceof Uint8Array) return cell;
  throw wrong(cell, 'bytes');
}

/** `read`, but null for NULL. */
export const orNull =
  <T>(read: (cell: Cell | undefined) => T) =>
  (cell: Cell | undefined): T | null =>
    cell === null || cell === undefined ? null : read(cell);

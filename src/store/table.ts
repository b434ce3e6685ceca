import { asBigint, asCount, asReal, asText, orNull } from './cells.ts';
import { rowChecksum, type Summed } from './checksum.ts';
import type { Cell, Row } from './connection.ts';

/** What a column holds. */
interface Kind<T> {
  /** @throws TscopeError STORE_DAMAGED where the cell holds something else. */
  read(cell: Cell | undefined): T;
  cell(value: T): Cell;
  /** What the row's checksum has of it. */
  sum(value: T): Summed;
}

const same = <T>(value: T): T => value;
const plain = <T extends Summed & Cell>(read: (cell: Cell | undefined) => T): Kind<T> => ({
  read,
  cell: same,
  sum: same,
});

export const text = plain(asText);
/** The number of a row, or a checksum. */
export const int64: Kind<bigint> = { read: asBigint, cell: same, sum: String };
/** A time or a time's difference. */
export const ns = int64;
export const real = plain(asReal);
export const count: Kind<number> = { read: asCount, cell: BigInt, sum: String };
/** The number of a row, small enough for a double. */
export const small: Kind<number> = { ...count, sum: same };
export const flag: Kind<boolean> = { read: (cell) => asCount(cell) === 1, cell: BigInt, sum: same };

/** The same where NULL may stand for it. */
export const nullable = <T>({ read, cell, sum }: Kind<T>): Kind<T | null> => ({
  read: orNull(read),
  cell: (value) => (value === null ? null : cell(value)),
  sum: (value) => (value === null ? null : sum(value)),
});

/** `started_at` for `startedAtNs`: all times in the store are ns. */
const columnOf = (field: string): string =>
  field.replace(/Ns$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * Describes the rows of a table: how they are read, written and summed up.
 *
 * @param keys columns that come first, and whose values whoever reads or writes a row has already.
 * @param fields the others in their order.
 */
export function tableOf<Fields extends Readonly<Record<string, Kind<unknown>>>>(
  name: string,
  keys: readonly string[],
  fields: Fields,
) {
  type Values = { readonly [Name in keyof Fields]: ReturnType<Fields[Name]['read']> };
  const names = Object.keys(fields) as (keyof Fields & string)[];
  const kinds = Object.values(fields) as Kind<unknown>[];
  const columns = names.map(columnOf).join(', ');
  const all = [...keys, columns, 'checksum'].join(', ');
  const cells = (values: Values): Cell[] => kinds.map(({ cell }, i) => cell(values[names[i] as string]));
  const checksum = (key: readonly bigint[], values: Values): bigint =>
    rowChecksum([name, ...key.map(String), ...kinds.map(({ sum }, i) => sum(values[names[i] as string]))]);
  // Copied, a row has its fields' places from the start.
  const blank = Object.fromEntries(names.map((name) => [name, null as unknown]));
  const read = (row: Row, summed?: Summed[]): Values => {
    const values = { ...blank };
    for (let i = 0; i < kinds.length; i++) {
      const kind = kinds[i] as Kind<unknown>;
      const value = kind.read(row[i]);
      values[names[i] as string] = value;
      summed?.push(kind.sum(value));
    }
    return values as Values;
  };
  return {
    columns,
    /** What follows INSERT, for the values of `row`. */
    into: `INTO ${name} (${all}) VALUES (${all.replace(/\w+/g, '?')})`,
    /** The cells of `columns`. */
    cells,
    checksum,
    row: (key: readonly bigint[], values: Values): Cell[] => [
      ...key,
      ...cells(values),
      checksum(key, values),
    ],
    /** A row from `columns` on. @throws TscopeError STORE_DAMAGED where a cell holds something else. */
    read,
    /** The same of one with its checksum behind them, and whether it is what was written. */
    check: (key: readonly bigint[], row: Row): [values: Values, sound: boolean] => {
      const summed: Summed[] = [name, ...key.map(String)];
      const values = read(row, summed);
      return [values, rowChecksum(summed) === row[kinds.length]];
    },
  };
}

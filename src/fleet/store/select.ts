import { isoOf } from '../../store/buckets.ts';
import { asBigint, asCount, asReal, asText } from '../../store/cells.ts';
import type { Cell, Row } from '../../store/connection.ts';
import type { FleetStore, Value } from './fleet-store.ts';

/** ms since the epoch as ISO text; what no calendar holds as its nearest end. */
export const isoMs = (ms: number): string =>
  new Date(Math.min(8.64e15, Math.max(-8.64e15, ms))).toISOString();

/** Columns of a query, and what is made of their cells. */
export interface Shape<T> {
  readonly columns: readonly string[];
  /** @param from where in the row its columns begin. */
  read(row: Row, from: number): T;
}

/** What a shape makes of a row. */
export type Read<S> = S extends Shape<infer T> ? T : never;

/** One column, of an expression. */
export const column =
  <T>(read: (cell: Cell | undefined) => T) =>
  (sql: string): Shape<T> => ({ columns: [sql], read: (row, from) => read(row[from]) });

export const int = column(asCount);
export const real = column(asReal);
export const text = column(asText);
export const flag = column((cell) => asCount(cell) === 1);
export const isoOfMs = column((cell) => isoMs(asCount(cell)));
export const isoOfNs = column((cell) => isoOf(asBigint(cell)));
export const json = <T>(sql: string): Shape<T> => column((cell) => JSON.parse(asText(cell)) as T)(sql);

/** Null where the first of its columns is. */
export const nullable = <T>({ columns, read }: Shape<T>): Shape<T | null> => ({
  columns,
  read: (row, from) => (row[from] == null ? null : read(row, from)),
});

/** Shapes side by side, as an object's members. */
export function shape<T>(members: { readonly [Name in keyof T]: Shape<T[Name]> }): Shape<T> {
  const columns: string[] = [];
  const parts = Object.entries<Shape<unknown>>(members).map(([name, member]) => {
    const at = columns.length;
    columns.push(...member.columns);
    return [name, member, at] as const;
  });
  return {
    columns,
    read: (row, from) => {
      const made: Record<string, unknown> = {};
      for (const [name, member, at] of parts) made[name] = member.read(row, from + at);
      return made as T;
    },
  };
}

/** Asks for rows of a shape. @param rest of the query, from FROM on. */
export const select = async <T>(
  store: FleetStore,
  { columns, read }: Shape<T>,
  rest: string,
  values: readonly Value[] = [],
): Promise<T[]> => (await store.ask(`SELECT ${columns} ${rest}`, values)).map((row) => read(row, 0));

/** Values of a statement, numbered as they are added. */
export class StatementValues {
  readonly all: Value[] = [];

  add(value: Value): string {
    this.all.push(value);
    return `?${this.all.length}`;
  }

  /** What may stand in the parentheses of IN. */
  list(values: readonly Value[]): string {
    return values.map((value) => this.add(value)).join() || 'NULL';
  }
}

export const whereOf = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;

/** A part of a list, and how many there are in all. */
export interface Page<T> {
  readonly rows: readonly T[];
  readonly total: number;
}

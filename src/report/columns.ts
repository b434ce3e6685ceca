import type { Table } from './content.ts';

/** The columns of a table: each one's head, and its cell for a row. */
export const columns = <Row>(
  rows: readonly Row[],
  all: ReadonlyArray<readonly [head: string, cell: (row: Row, index: number) => string]>,
): Pick<Table, 'head' | 'rows'> => ({
  head: all.map(([head]) => head),
  rows: rows.map((row, index) => all.map(([, cell]) => cell(row, index))),
});

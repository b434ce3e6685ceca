import { type Dialect, rollupColumns, sampleColumns, tables, version2 } from '../tables.ts';

/** All tables are in a schema of their own: whatever else the database holds is left alone. */
export const SCHEMA = 'tscope_fleet';

const DIALECT: Dialect = {
  key: 'INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  longKey: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  small: 'INTEGER',
  integer: 'BIGINT',
  real: 'DOUBLE PRECISION',
  bytes: 'BYTEA',
  table: '',
  keyed: '',
  // Room for the next version of a row on its own page: no index is touched then.
  busy: ' WITH (fillfactor = 60)',
  last: ' NULLS LAST',
  // A row of an index has room for 2,700 bytes only.
  detail: 'md5(detail)',
  // In whatever order this database's collation has.
  beginning: ' text_pattern_ops',
};

/** The tables that grow with time. `span` is how much of `at` one partition holds. */
export const PARTITIONED = {
  sample: { span: 86_400_000_000_000n, perDay: 86_400_000_000_000n },
  minute: { span: 1_440n, perDay: 1_440n },
  hour: { span: 720n, perDay: 24n },
} as const;
export type Partitioned = keyof typeof PARTITIONED;

const partitioned = (table: Partitioned, columns: string): string => `
CREATE TABLE ${table} (${columns}) PARTITION BY RANGE (at);
CREATE INDEX ${table}_in_time ON ${table} USING brin (at);
CREATE TABLE ${table}_other PARTITION OF ${table} DEFAULT;`;

/**
 * Samples, minutes and hours are partitioned by time; rows of a time for which there is no partition (a clock a year off,
 * an agent that catches up) are in the partition `_other` until upkeep makes one for them.
 */
const VERSION_1 = `
${tables(DIALECT)}
${partitioned('minute', rollupColumns(DIALECT))}
${partitioned('hour', rollupColumns(DIALECT))}
${partitioned('sample', sampleColumns(DIALECT))}
`;

/** Step k brings a store of version k to version k + 1. Released steps never change. */
export const POSTGRES_STEPS: readonly string[] = [VERSION_1, version2(DIALECT)];

import { ROLLUP_COLUMNS, SAMPLE_COLUMNS, TABLES, VERSION_2 } from '../tables.ts';

/** All tables are in a schema of their own: whatever else the database holds is left alone. */
export const SCHEMA = 'tscope_fleet';

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
${TABLES}
${partitioned('minute', ROLLUP_COLUMNS)}
${partitioned('hour', ROLLUP_COLUMNS)}
${partitioned('sample', SAMPLE_COLUMNS)}
`;

/** Step k brings a store of version k to version k + 1. Released steps never change. */
export const POSTGRES_STEPS: readonly string[] = [VERSION_1, VERSION_2];

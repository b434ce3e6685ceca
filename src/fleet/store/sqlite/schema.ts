import { ROLLUP_COLUMNS, SAMPLE_COLUMNS, TABLES, VERSION_2 } from '../tables.ts';
import { inSqlite } from './words.ts';

const VERSION_1 = `
${TABLES}
CREATE TABLE minute (${ROLLUP_COLUMNS}
);
CREATE TABLE hour (${ROLLUP_COLUMNS}
);
CREATE TABLE sample (${SAMPLE_COLUMNS}
);
`;

/** Step k brings a store of version k to version k + 1. Released steps never change. */
export const SQLITE_STEPS: readonly string[] = [VERSION_1, VERSION_2].map(inSqlite);

/** 'tsfl': no other SQLite database is taken for a fleet store. */
export const FLEET_APPLICATION_ID = 0x7473666c;

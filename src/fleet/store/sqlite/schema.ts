import { type Dialect, rollupColumns, sampleColumns, tables, version2 } from '../tables.ts';

const DIALECT: Dialect = {
  key: 'INTEGER PRIMARY KEY',
  longKey: 'INTEGER PRIMARY KEY',
  small: 'INTEGER',
  integer: 'INTEGER',
  real: 'REAL',
  bytes: 'BLOB',
  table: ' STRICT',
  keyed: ' STRICT, WITHOUT ROWID',
  busy: ' STRICT',
  last: '',
  detail: 'detail',
  beginning: '',
};

const VERSION_1 = `
${tables(DIALECT)}
CREATE TABLE minute (${rollupColumns(DIALECT)}) STRICT, WITHOUT ROWID;
CREATE TABLE hour (${rollupColumns(DIALECT)}) STRICT, WITHOUT ROWID;
CREATE TABLE sample (${sampleColumns(DIALECT)}) STRICT, WITHOUT ROWID;
`;

/** Step k brings a store of version k to version k + 1. Released steps never change. */
export const SQLITE_STEPS: readonly string[] = [VERSION_1, version2(DIALECT)];

/** 'tsfl': no other SQLite database is taken for a fleet store. */
export const FLEET_APPLICATION_ID = 0x7473666c;

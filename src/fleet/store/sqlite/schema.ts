import { ROLLUP_COLUMNS, SAMPLE_COLUMNS, TABLES, VERSION_2 } from '../tables.ts';

/** What PostgreSQL is told of tables, and what SQLite is. */
const WORDS: ReadonlyArray<readonly [postgres: RegExp, sqlite: string]> = [
  [/\b(INTEGER|BIGINT) GENERATED ALWAYS AS IDENTITY\b/g, 'INTEGER'],
  [/\bBIGINT\b/g, 'INTEGER'],
  [/\bDOUBLE PRECISION\b/g, 'REAL'],
  [/\bBYTEA\b/g, 'BLOB'],
  // Where it sorts downwards SQLite has them last.
  [/ WITH \(fillfactor = \d+\)| NULLS LAST| text_pattern_ops/g, ''],
  [/\bmd5\(detail\)/g, 'detail'],
  // A table that is found by its primary key only has no numbers of rows.
  [/(PRIMARY KEY \(\w+, \w+\))\n\);/g, '$1\n) STRICT, WITHOUT ROWID;'],
  [/^(CREATE TABLE .*|)\);/gm, '$1) STRICT;'],
];

const inSqlite = (step: string): string =>
  WORDS.reduce((text, [postgres, sqlite]) => text.replace(postgres, sqlite), step);

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

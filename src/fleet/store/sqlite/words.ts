/** What PostgreSQL says, and what SQLite says for it. */
const WORDS: ReadonlyArray<readonly [postgres: RegExp, sqlite: string]> = [
  [/\bgreatest\(/g, 'max('],
  [/\bleast\(/g, 'min('],
  [/''::bytea/g, "x''"],
  [/\b(INTEGER|BIGINT) GENERATED ALWAYS AS IDENTITY\b/g, 'INTEGER'],
  [/\bBIGINT\b/g, 'INTEGER'],
  [/\bDOUBLE PRECISION\b/g, 'REAL'],
  [/\bBYTEA\b/g, 'BLOB'],
  [/ WITH \(fillfactor = \d+\)| NULLS LAST| text_pattern_ops/g, ''],
  [/\bmd5\(detail\)/g, 'detail'],
];

/** A statement for SQLite. */
export const inSqlite = (sql: string): string =>
  WORDS.reduce((text, [postgres, sqlite]) => text.replace(postgres, sqlite), sql)
    // A table that is found by its primary key only has no numbers of rows.
    .replace(/(PRIMARY KEY \(\w+, \w+\))\n\);/g, '$1\n) STRICT, WITHOUT ROWID;')
    .replace(/^(CREATE TABLE .*|)\);/gm, '$1) STRICT;');

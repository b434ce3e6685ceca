import { expect, test } from 'vitest';
import { asText } from '../../src/store/cells.ts';
import { connect } from '../../src/store/connection.ts';
import { EVENT } from '../../src/store/events.ts';
import {
  columnsOf,
  type ExportKind,
  type ParsedRow,
  parseCsvRecord,
  parseJsonLine,
} from '../../src/store/export-format.ts';
import { migrate } from '../../src/store/migrations.ts';
import { ROLLUP } from '../../src/store/rollups.ts';
import { HOST, RUN } from '../../src/store/runs.ts';
import { SERIES } from '../../src/store/series.ts';

const pair = { run: 'r', clock: 'tsc', reference: 'monotonic_raw' };
/** A good row of each kind that has another type of column. */
const ROWS = {
  run: { run: 'r', host: 'h', command: 'agent', startedAtNs: '5' },
  series: { ...pair, reason: 'one counter', originNs: '0' },
  sample: { ...pair, atNs: '7', offsetNs: 0, windowNs: 1 },
  rollup: {
    ...pair,
    widthNs: '60',
    atNs: '0',
    count: 1,
    minNs: 0,
    maxNs: 0,
    meanNs: 0,
    firstAtNs: '0',
    firstNs: 0,
    lastAtNs: '0',
    lastNs: 0,
  },
} as const satisfies Partial<Record<ExportKind, object>>;
type Kind = keyof typeof ROWS;

/** The cell that becomes of a value, or what is said about it. */
function read(kind: Kind, column: string, parse: () => ParsedRow): unknown {
  try {
    return parse().cells[columnsOf(kind).findIndex(({ name }) => name === column)];
  } catch (error) {
    return error instanceof RangeError ? error.message : error;
  }
}

const refused = (column: string, shown: string) => `has ${shown} for ${column}`;
const HIGHEST = 2n ** 63n - 1n;

test.each<[Kind, string, ReadonlyArray<readonly [json: string, outcome: unknown]>]>([
  [
    'run',
    'startedAtNs',
    [
      ['"0"', 0n],
      [`"${HIGHEST}"`, HIGHEST],
      [`"${-HIGHEST - 1n}"`, -HIGHEST - 1n],
      ['null', 'has no startedAtNs'],
      ...[
        `"${HIGHEST + 1n}"`,
        `"${-HIGHEST - 2n}"`,
        '"10000000000000000000"',
        '"00000000000000000001"',
        '""',
        '"-"',
        '"1.5"',
        '"1e3"',
        '"0x1f"',
        '" 1"',
        '"1 "',
        '"7x"',
        '7',
        'true',
      ].map((json) => [json, refused('startedAtNs', json)] as const),
    ],
  ],
  [
    'run',
    'endedAtNs',
    [
      ['"7"', 7n],
      ['null', null],
      ['"x"', refused('endedAtNs', '"x"')],
    ],
  ],
  [
    'series',
    'independent',
    [
      ['true', 1n],
      ['false', 0n],
      ['null', null],
      ...['1', '0', '"true"', '""'].map((json) => [json, refused('independent', json)] as const),
    ],
  ],
  [
    'sample',
    'offsetNs',
    [
      ['-0.5', -0.5],
      ['0', 0],
      ['null', 'has no offsetNs'],
      ...['"1"', '""', 'true', '[1]'].map((json) => [json, refused('offsetNs', json)] as const),
    ],
  ],
  [
    'rollup',
    'count',
    [
      ['1', 1n],
      ['9007199254740991', 2n ** 53n - 1n],
      ['null', 'has no count'],
      ...['0', '-1', '1.5', '9007199254740992', '"1"'].map((json) => [json, refused('count', json)] as const),
    ],
  ],
  [
    'run',
    'command',
    [
      ['""', ''],
      ['"é"', 'é'],
      ['null', 'has no command'],
      ['7', refused('command', '7')],
    ],
  ],
])('JSON: what a %s takes for %s', (kind, column, table) => {
  const found = table.map(([json]) => {
    const row = JSON.stringify({ row: kind, ...ROWS[kind], [column]: '@' }).replace('"@"', json);
    return [json, read(kind, column, () => parseJsonLine(row))];
  });
  expect(found).toEqual(table);
});

test.each<[Kind, string, ReadonlyArray<readonly [cell: string | null, outcome: unknown]>]>([
  [
    'run',
    'startedAtNs',
    [
      ['5', 5n],
      [null, 'has no startedAtNs'],
      ['00000000000000000001', refused('startedAtNs', '"00000000000000000001"')],
    ],
  ],
  [
    'series',
    'independent',
    [
      ['true', 1n],
      ['false', 0n],
      [null, null],
      ...['', '1', 'TRUE', 'no'].map((cell) => [cell, refused('independent', `"${cell}"`)] as const),
    ],
  ],
  [
    'sample',
    'offsetNs',
    [
      ['-0.5', -0.5],
      ['1e-9', 1e-9],
      [null, 'has no offsetNs'],
      ...['', ' ', 'abc', '1,5', 'NaN', 'Infinity', '-Infinity', '1e999'].map(
        (cell) => [cell, refused('offsetNs', `"${cell}"`)] as const,
      ),
    ],
  ],
  [
    'rollup',
    'count',
    [
      ['2', 2n],
      [null, 'has no count'],
      ['0', refused('count', '0')],
      ['1.5', refused('count', '1.5')],
      ['many', refused('count', '"many"')],
    ],
  ],
])('CSV: what a %s takes for %s', (kind, column, table) => {
  const row: Record<string, string | number> = { row: kind, ...ROWS[kind] };
  const head = [...new Set([...Object.keys(row), column])];
  const found = table.map(([cell]) => {
    const cells = head.map((name) => (name === column ? cell : String(row[name])));
    return [cell, read(kind, column, () => parseCsvRecord(head, cells))];
  });
  expect(found).toEqual(table);
});

/** Name, type and whether it is never null, of each column of a table in a new store. */
function columnsInStore(table: string) {
  const connection = connect(':memory:', ':memory:');
  migrate(connection);
  const rows = connection.all('SELECT name, type, "notnull" FROM pragma_table_info(?)', table);
  connection.close();
  return rows.map(([name, type, notNull]) => ({
    name: asText(name),
    type: asText(type),
    notNull: notNull === 1n,
  }));
}

/** What a table's columns are in an export: all but the numbers of rows and the checksums. */
function tableColumns(kind: ExportKind): string[] {
  const referred = kind === 'event' ? ['clock TEXT?', 'reference TEXT?'] : ['clock TEXT', 'reference TEXT'];
  return columnsInStore(kind).flatMap(({ name, type, notNull }) => {
    if (/^id$|checksum$/.test(name)) return [];
    // Rows refer to one another by name.
    if (name === 'key') return [`${kind} TEXT`];
    if (name === 'host' || name === 'run') return [`${name} TEXT`];
    if (name === 'series') return kind === 'event' ? referred : ['run TEXT', ...referred];
    return [`${name} ${type}${notNull ? '' : '?'}`];
  });
}

const SQL_TYPES = { text: 'TEXT', number: 'REAL', ns: 'INTEGER', count: 'INTEGER', flag: 'INTEGER' };

test.each(['host', 'run', 'series', 'sample', 'rollup', 'event'] as const)(
  'an exported %s has the columns of its table, in their order',
  (kind) => {
    const exported = columnsOf(kind).map(({ name, type, nullable }) => {
      const column = name.replace(/Ns$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return `${column} ${SQL_TYPES[type]}${nullable ? '?' : ''}`;
    });
    expect(exported).toEqual(tableColumns(kind));
  },
);

test.each([
  ['host', HOST, []],
  ['run', RUN, ['document']],
  ['series', SERIES, []],
  ['rollup', ROLLUP, ['series', 'width']],
  ['event', EVENT, ['run']],
] as const)('a row of %s is read by the columns of its table, in their order', (kind, table, apart) => {
  const names = columnsInStore(kind).map(({ name }) => name);
  const left: string[] = ['id', 'checksum', 'document_checksum', ...apart];
  expect(table.columns.split(', ')).toEqual(names.filter((name) => !left.includes(name)));
});

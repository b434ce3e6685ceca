import type { Cell } from './connection.ts';
import { csvCell } from './csv.ts';

/**
 * What a column holds. `ns` is an absolute time or a large count of ns, a decimal string outside the store; `count` is a
 * number there, a whole one above 0.
 */
type ColumnType = 'text' | 'ns' | 'number' | 'count' | 'flag';

/** The columns of every kind of exported row, in order: names and types; a `?` follows those that may be null. */
const EXPORT_ROWS = {
  /** The first row. */
  export: 'format number',
  host: 'host text, name text, facts text?',
  run: 'run text, host text, command text, startedAtNs ns, endedAtNs ns?, options text?, document text?',
  series: 'run text, clock text, reference text, independent flag?, reason text, originNs ns, rolledAtNs ns?',
  sample: 'run text, clock text, reference text, atNs ns, offsetNs number, windowNs number',
  rollup:
    'run text, clock text, reference text, widthNs ns, atNs ns, count count, minNs number, maxNs number, ' +
    'meanNs number, firstAtNs ns, firstNs number, lastAtNs ns, lastNs number',
  event: 'run text, clock text?, reference text?, atNs ns, kind text, detail text',
  /** The last row: how many came before it, the first included, and the SHA-256 of all the bytes before it. */
  end: 'rows number, sha256 text',
} as const;

/** The kinds of exported rows, in the order in which they refer to one another. */
export type ExportKind = keyof typeof EXPORT_ROWS;

/** Exports from before there was an `end`, which nothing tells from cut ones, had no `export` row either. */
export const EXPORT_FORMAT = 2;

/** What a value is outside the store. */
export type Plain = string | number | boolean | null;

interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

const EXPORT_KINDS = Object.keys(EXPORT_ROWS) as ExportKind[];

function columnsIn(text: string): Column[] {
  return text.split(', ').map((column) => {
    const [name = '', type = ''] = column.split(' ');
    return { name, type: type.replace('?', '') as ColumnType, nullable: type.endsWith('?') };
  });
}
const COLUMNS = new Map(EXPORT_KINDS.map((kind) => [kind, columnsIn(EXPORT_ROWS[kind])]));

/** The columns of a kind of row, in order. */
export const columnsOf = (kind: ExportKind): readonly Column[] => COLUMNS.get(kind) ?? [];

/** The head of the CSV form: one table with the columns of all kinds, `row` first. */
export const CSV_HEAD: readonly string[] = [
  'row',
  ...new Set(EXPORT_KINDS.flatMap((kind) => columnsOf(kind).map(({ name }) => name))),
];

function plain(cell: Cell, type: ColumnType): Plain {
  if (cell === null || cell instanceof Uint8Array) return null;
  if (type === 'ns') return String(cell);
  if (type === 'flag') return cell === 1n;
  return type === 'text' ? String(cell) : Number(cell);
}

/** Writes rows of one kind, each with its line end. */
export type Format = (kind: ExportKind, rows: ReadonlyArray<readonly Cell[]>) => string;

export const jsonLines: Format = (kind, rows) => {
  const columns = columnsOf(kind);
  const object = (row: readonly Cell[]) =>
    Object.fromEntries([
      ['row', kind],
      ...columns.map(({ name, type }, i) => [name, plain(row[i] ?? null, type)]),
    ]);
  return rows.map((row) => `${JSON.stringify(object(row))}\n`).join('');
};

/** A cell of a row as CSV has it; nothing for a column that its kind does not have. */
const csvText = (row: readonly Cell[], index: number, columns: readonly Column[]): string => {
  const column = columns[index];
  const value = column === undefined ? null : plain(row[index] ?? null, column.type);
  return csvCell(value === null ? null : String(value));
};

export const csvLines: Format = (kind, rows) => {
  const columns = columnsOf(kind);
  const places = CSV_HEAD.slice(1).map((name) => columns.findIndex((column) => column.name === name));
  return rows
    .map((row) => `${[kind, ...places.map((index) => csvText(row, index, columns))].join()}\n`)
    .join('');
};

/** The head and the rows of one kind as a table of their own, for `pandas.read_csv` and its like. */
export const tableLines = {
  head: (kind: ExportKind): string => `${columnsOf(kind).map(({ name }) => name)}\n`,
  rows: ((kind, rows) => {
    const columns = columnsOf(kind);
    return rows.map((row) => `${columns.map((_, index) => csvText(row, index, columns))}\n`).join('');
  }) satisfies Format,
};

/** A value short enough for a sentence. */
const shown = (value: unknown): string => {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length > 60 ? `${json.slice(0, 60)}...` : json;
};

/** A value as the store takes it, or a complaint. */
function cellOf(value: Plain | undefined, { name, type, nullable }: Column): Cell {
  if (value === null || value === undefined) {
    if (nullable) return null;
    throw new RangeError(`has no ${name}`);
  }
  if (type === 'text' && typeof value === 'string') return value;
  if (type === 'number' && typeof value === 'number' && Number.isFinite(value)) return value;
  if (type === 'count' && Number.isSafeInteger(value) && Number(value) > 0) return BigInt(value);
  if (type === 'flag' && typeof value === 'boolean') return BigInt(value);
  if (type === 'ns' && typeof value === 'string' && /^-?\d{1,19}$/.test(value)) {
    const ns = BigInt(value);
    if (BigInt.asIntN(64, ns) === ns) return ns;
  }
  throw new RangeError(`has ${shown(value)} for ${name}`);
}

/** One row as it is read back: its kind, and the cells in the order of its columns. */
export interface ParsedRow {
  readonly kind: ExportKind;
  readonly cells: Cell[];
}

function parsed(row: unknown, field: (column: Column) => Plain | undefined): ParsedRow {
  const kind = EXPORT_KINDS.find((name) => name === row);
  if (kind === undefined) throw new RangeError(`is not a row of a store: its kind is ${shown(row)}`);
  return { kind, cells: columnsOf(kind).map((column) => cellOf(field(column), column)) };
}

/** @throws RangeError saying what is wrong with the line. */
export function parseJsonLine(line: string): ParsedRow {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new RangeError('is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RangeError('is not a JSON object');
  const fields = new Map<string, Plain>(Object.entries(value));
  return parsed(fields.get('row'), ({ name }) => fields.get(name));
}

/** @param head the names of the columns, from the first line. @throws RangeError saying what is wrong with the line. */
export function parseCsvRecord(
  head: ReadonlyArray<string | null>,
  cells: ReadonlyArray<string | null>,
): ParsedRow {
  if (cells.length !== head.length)
    throw new RangeError(`has ${cells.length} columns instead of ${head.length}`);
  const text = (name: string) => cells[head.indexOf(name)] ?? null;
  return parsed(text('row'), ({ name, type }) => {
    const value = text(name);
    if (value === null || type === 'text' || type === 'ns') return value;
    if (type === 'flag') return value === 'true' || value === 'false' ? value === 'true' : value;
    // What is no number stays as it is, for the sentence about it.
    return value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
  });
}

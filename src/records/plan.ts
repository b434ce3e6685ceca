import { dateSeconds, isNumber, numberOf } from './cells.ts';
import {
  cellsOf,
  isData,
  isRow,
  isTabbed,
  type Layout,
  layoutOf,
  plainSeparator,
  withoutComment,
} from './layout.ts';
import { LOG_FORMATS, type LogName, logOf } from './logs.ts';
import {
  type Fail,
  OF_FREQUENCY,
  quoted,
  type RecordOptions,
  UNIT_NAMES,
  UNITS,
  type Unit,
} from './record.ts';
import {
  commentUnitOf,
  headingUnitOf,
  isQuantity,
  knownUnit,
  readable,
  suffixOf,
  unitBeside,
  withoutSuffix,
} from './unit-words.ts';

/** How the lines of a file are read, decided from its first ones. */
export interface LinePlan {
  readonly log: LogName | null;
  readonly layout: Layout;
  /** Whether tabs separate its columns. */
  readonly tabbed: boolean;
  /** Lines before this one are a heading. */
  readonly firstLine: number;
  /** From 0. */
  readonly column: number;
  readonly timeColumn: number | null;
  /** The unit that the file names for the readings: behind them, beside them or in a heading. */
  readonly namedUnit: Unit | null;
  /** The unit that only its comments name: it is not used, but reported. */
  readonly commentUnit: Unit | null;
  /** An example of the numbers whose comma may separate thousands; null where none can. */
  readonly thousands: string | null;
  /** The unit that it names for the times. */
  readonly timeUnit: Unit | null;
  /** The unit at the end of every line, which is that of the last column. */
  readonly suffix: Unit | null;
  /** The unit in the cell beside every reading. */
  readonly beside: Unit | null;
  /** Power of ten from the unit to seconds or a ratio. */
  readonly power: number;
  /** What separates the cells of a line of plain numbers; null where every line needs care. */
  readonly plain: string | null;
}

/** The readings of a file, as they are written. */
export interface Readings {
  readonly plan: LinePlan;
  /** In seconds or as a ratio, but in the log's own unit for a log, and in Hz for Hz. */
  readonly values: Float64Array;
  /** As they are written, or seconds since 1970 for dates; empty where there are none. */
  readonly times: Float64Array;
  /** Whether times are dates. */
  readonly dated: boolean;
  /** The line of a reading, for messages. */
  lineOf(index: number): number;
  readonly lines: number;
  readonly skipped: ReadonlyMap<string, number>;
}

/** Lines looked at before the layout is decided. */
export const PROBED = 256;

/**
 * How a file is taken whose first lines these are.
 *
 * @param fail called for what cannot be a record.
 */
export function linePlanOf(lines: readonly string[], options: RecordOptions, fail: Fail): LinePlan {
  const { format = 'auto', column, timeColumn } = options;
  const named = format !== 'auto' && format in LOG_FORMATS ? (format as LogName) : null;
  const log =
    named ?? (format === 'auto' && column === undefined && timeColumn === undefined ? logOf(lines) : null);
  const tabbed = isTabbed(lines);
  const commented = lines.map((line) => withoutComment(line, tabbed));
  const suffix = suffixOf(commented);
  const bare = suffix === null ? commented : commented.map((line) => withoutSuffix(line, suffix));
  // TimeLab writes words above and below its readings, some with a number.
  const counted = bare.filter((line) => line !== '' && (format !== 'timelab' || /^[\d.+-]/.test(line)));
  const layout = layoutOf(counted);
  const counting =
    column === undefined ? [] : [column - 1, ...(timeColumn === undefined ? [] : [timeColumn - 1])];
  const none = {
    log,
    layout,
    tabbed,
    firstLine: 0,
    column: 0,
    timeColumn: null,
    namedUnit: null,
    commentUnit: null,
    thousands: null,
    timeUnit: null,
    suffix,
    beside: null,
    power: 0,
    plain: null,
  };
  if (log !== null) return none;
  refuseSummaries(bare, fail);
  let first = bare.findIndex((line) => isData(line, layout, counting));
  // Missing readings may come before the first one.
  while (first > 0 && bare[first - 1] !== '' && isRow(bare[first - 1] as string, layout, counting))
    first -= 1;
  const following = bare
    .slice(first)
    .filter((line) => line !== '')
    .slice(0, 8);
  const heading =
    first > 0 &&
    (format === 'timelab' ||
      (following.every((line) => isRow(line, layout, counting)) && !bare.slice(0, first).some(isQuantity)));
  // Where nothing can be read, the first line that begins like a number shows why, not the heading.
  const firstLine = heading
    ? first
    : first < 0
      ? Math.max(
          0,
          bare.findIndex((line) => /^["']?[+-]?\d/.test(line)),
        )
      : 0;
  const rows = bare.slice(Math.max(0, first)).filter((line) => line !== '' && isData(line, layout, counting));
  if (first < 0 && column === undefined && layout.columns > 1) refuseWords(bare, layout, fail);
  const chosen =
    first < 0 && column === undefined
      ? { column: 0, timeColumn: null }
      : columnsOf(rows, layout, lines, bare, options, fail);
  const words = heading ? (bare.slice(0, first).findLast((line) => line !== '') ?? '') : '';
  const unitOfColumn = (at: number) =>
    (at === layout.columns - 1 ? suffix : null) ?? headingUnitOf(words, at, layout);
  const read = (unit: string | null) => (options.unit === undefined ? readable(unit, fail) : knownUnit(unit));
  const beside = column === undefined ? null : read(unitBeside(rows, chosen.column, layout));
  const namedUnit = beside ?? read(unitOfColumn(chosen.column));
  const timeUnit = chosen.timeColumn === null ? null : knownUnit(unitOfColumn(chosen.timeColumn));
  const comments = lines.filter((line, k) => commented[k] === '' && line.trim() !== '');
  const commentUnit = namedUnit === null && options.unit === undefined ? commentUnitOf(comments) : null;
  const thousands =
    layout.columns === 1 && layout.decimalComma && rows.every((row) => THOUSANDS.test(row))
      ? (rows[0] ?? null)
      : null;
  const plan = { ...none, firstLine, ...chosen, namedUnit, commentUnit, thousands, timeUnit, beside };
  const power = Math.round(Math.log10(UNITS[unitOf(plan, options, fail)]));
  const simple = power === 0 && suffix === null && beside === null && options.gap === undefined;
  const plain = simple ? plainSeparator(layout) : null;
  return { ...plan, power, plain };
}

/** A number whose comma may separate thousands. */
const THOUSANDS = /^[+-]?[1-9]\d{0,2},\d{3}$/;

/** Other output of the programs whose logs are read, and what to give instead. */
const SUMMARIES: ReadonlyArray<readonly [RegExp, string, string]> = [
  [
    /\b(ptp4l|phc2sys|ts2phc)\b.*\brms\s+\d+\s+max\s+\d+/,
    'only the rms and max of many offsets, as linuxptp sums them up',
    'Have linuxptp log every offset: summary_interval no longer than the Sync interval (ptp4l), without -u (phc2sys).',
  ],
  [
    /^\d{5}\s+\S+\s+\S+\s+\S+(\s+\d{9,10}\.\d+){4}/,
    "the four time stamps of each packet, as ntpd's rawstats",
    'Give peerstats, which has the offsets that ntpd makes of them.',
  ],
];

function refuseSummaries(lines: readonly string[], fail: Fail): void {
  for (const [pattern, what, hint] of SUMMARIES) {
    const found = lines.filter((line) => pattern.test(line)).length;
    if (found * 2 > lines.length) fail(`holds ${what}, not the offsets.`, hint);
  }
}

/** Refuses numbers with words beside them, which may be anything: `10.5 MHz`. */
function refuseWords(lines: readonly string[], layout: Layout, fail: Fail): void {
  const at = lines.findIndex((line) => isNumber(cellsOf(line, layout)[0] ?? ''));
  if (at >= 0) fail(`line ${at + 1} holds more than a number: ${quoted(lines[at] ?? '')}.`);
}

function columnsOf(
  rows: readonly string[],
  layout: Layout,
  lines: readonly string[],
  bare: readonly string[],
  options: RecordOptions,
  fail: Fail,
): { column: number; timeColumn: number | null } {
  const { column, timeColumn } = options;
  if (column !== undefined)
    return { column: column - 1, timeColumn: timeColumn === undefined ? null : timeColumn - 1 };
  if (timeColumn !== undefined) {
    if (layout.columns === 2) return { column: timeColumn === 1 ? 1 : 0, timeColumn: timeColumn - 1 };
    const columns = layout.columns === 1 ? 'one column' : `${layout.columns} columns`;
    return fail(
      `has ${columns}; say which one holds the readings.`,
      'Add `column`, the number of the one that counts.',
    );
  }
  if (layout.columns <= 1) return { column: 0, timeColumn: null };
  const firsts = rows.map((row) => timeOf(cellsOf(row, layout)[0] ?? '', layout.decimalComma));
  if (layout.columns === 2 && looksLikeTime(firsts)) return { column: 1, timeColumn: 0 };
  const at = bare.findIndex((line) => isData(line, layout) && cellsOf(line, layout).length > 1);
  return fail(
    `line ${Math.max(at, 0) + 1} has ${layout.columns} columns: ${quoted(lines[at] ?? '')}; say which one holds the readings.`,
    'Give `column`, and `timeColumn` where one of them is the time.',
  );
}

/** What the readings are: as asked, or by their unit, or else phase. */
export function dataOf({ log, namedUnit }: LinePlan, options: RecordOptions): 'phase' | 'frequency' {
  const { data, unit } = options;
  const named = unit ?? (log === null ? namedUnit : null);
  return data ?? (named !== null && OF_FREQUENCY.includes(named) ? 'frequency' : 'phase');
}

/** Their unit: the log's, the one asked for, the one that the file names, or else s or ratio. */
export function unitOf(plan: LinePlan, options: RecordOptions, fail: Fail): Unit {
  const data = dataOf(plan, options);
  const { unit } = options;
  const log = plan.log === null ? null : LOG_FORMATS[plan.log];
  const logged = log === null ? null : data === 'phase' ? log.phaseUnit : log.frequencyUnit;
  const found = unit ?? (log === null ? plan.namedUnit : logged);
  const usual = data === 'phase' ? 's' : 'ratio';
  if (found === null || found === undefined) {
    if (log !== null && data === 'frequency') return fail(`${log.title} holds no frequency.`, null);
    return usual;
  }
  if (log !== null && found !== logged && logged !== null)
    return fail(`the ${data} of ${log.title} is in ${logged}, not in ${found}.`, 'Leave `unit` out.');
  if (OF_FREQUENCY.includes(found) === (data === 'frequency')) return found;
  // The file contradicts what was asked for: `understood` reports it.
  if (unit === undefined) return usual;
  return fail(
    `${found} is not a unit of ${data}.`,
    `Units of ${data}: ${UNIT_NAMES.filter((name) => OF_FREQUENCY.includes(name) === (data === 'frequency')).join(', ')}.`,
  );
}

/** A time as a number: seconds since 1970 for an ISO date; NaN for anything else. */
export function timeOf(cell: string, decimalComma: boolean): number {
  return dateSeconds(cell) ?? numberOf(cell, decimalComma) ?? Number.NaN;
}

/** Whether numbers go up by steps that are mostly the same. */
function looksLikeTime(times: readonly number[]): boolean {
  if (times.length < 4 || times.some((time) => Number.isNaN(time))) return false;
  const steps = times.slice(1).map((time, k) => time - (times[k] as number));
  if (steps.some((step) => step <= 0)) return false;
  const usual = [...steps].sort((a, b) => a - b)[steps.length >> 1] as number;
  return steps.filter((step) => Math.abs(step - usual) < usual / 2).length > 0.8 * steps.length;
}

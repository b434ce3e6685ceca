import { usageError } from '../errors.ts';
import { printableLine } from '../printable.ts';
import { dateSeconds, isNumber, numberOf, plainNumber } from './cells.ts';
import { onGrid, timeUnit } from './grid.ts';
import { cellsOf, isData, isRow, type Layout, layoutOf, plainSeparator, withoutComment } from './layout.ts';
import { LOG_FORMATS, type LogName, logOf } from './logs.ts';
import {
  frequencyDoubt,
  jumpOf,
  markOf,
  nominalOf,
  phaseDoubt,
  unwrapped,
  wrapOf,
  zerosOf,
} from './plausible.ts';

/** Units of phase, in seconds, and of frequency, as a ratio; `hz` needs the nominal frequency. */
export const UNITS = {
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  ns: 1e-9,
  ps: 1e-12,
  ratio: 1,
  ppm: 1e-6,
  ppb: 1e-9,
  hz: 1,
} as const;
export type Unit = keyof typeof UNITS;
export const UNIT_NAMES = Object.keys(UNITS) as Unit[];

const OF_FREQUENCY: readonly Unit[] = ['ratio', 'ppm', 'ppb', 'hz'];

/** What a file may be read as. */
export const FORMAT_NAMES = [
  'auto',
  ...(Object.keys(LOG_FORMATS) as LogName[]),
  'stable32',
  'timelab',
] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

/** How to read a record; what is left out is found from the text. */
export interface RecordOptions {
  readonly format?: FormatName | undefined;
  readonly data?: 'phase' | 'frequency' | undefined;
  /** Columns are counted from 1. */
  readonly column?: number | undefined;
  readonly timeColumn?: number | undefined;
  readonly unit?: Unit | undefined;
  /** Hz. */
  readonly nominal?: number | undefined;
  /** The value that stands for a missing reading. */
  readonly gap?: number | undefined;
  /** Seconds between two readings; needed where no times are given. */
  readonly tau0?: number | undefined;
}

/** What was understood of a text. */
export interface RecordRead {
  readonly format: string;
  readonly columns: number;
  /** From 1; null for a log, whose columns are known. */
  readonly column: number | null;
  readonly timeColumn: number | null;
  readonly unit: string;
  readonly nominalHz: number | null;
  readonly spacing: {
    readonly tau0: number;
    readonly source: 'given' | 'times';
    readonly times: string | null;
  };
  readonly lines: number;
  readonly readings: number;
  /** Readings marked as missing, zeros taken for that mark, and grid points without a reading. */
  readonly gaps: { readonly marked: number; readonly zeros: number; readonly absent: number };
  /** Range of a counter that wraps, s; null for none. */
  readonly wraps: number | null;
  /** Lines that hold no reading, by what they are. */
  readonly skipped: ReadonlyArray<{ readonly what: string; readonly lines: number }>;
}

/** A doubt about a record. */
export interface RecordDoubt {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** A record, ready for analysis. */
export interface TextRecord {
  /** Seconds of phase or a ratio of frequency; NaN where a reading is missing. */
  readonly values: Float64Array;
  readonly data: 'phase' | 'frequency';
  readonly tau0: number;
  readonly read: RecordRead;
  readonly doubts: readonly RecordDoubt[];
}

/** Lines looked at before the layout is decided. */
const PROBED = 256;
/** A year and a half of one reading a second, 0.4 GB; more is refused before memory ends. */
const MOST_READINGS = 50_000_000;
/** Times that are off their grid by more than this share are unevenly spaced. */
const UNEVEN = 0.05;

const quoted = (text: string): string => {
  const plain = printableLine(text.length > 40 ? `${text.slice(0, 40)}...` : text);
  return `'${plain}'`;
};

/** A Float64Array that grows. */
class Column {
  #values = new Float64Array(1 << 12);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  get values(): Float64Array {
    return this.#values.subarray(0, this.length);
  }
}

/** How the lines of one file are taken, once its first ones were seen. */
interface Plan {
  readonly log: LogName | null;
  readonly layout: Layout;
  /** Lines before this one are a heading. */
  readonly firstLine: number;
  /** From 0. */
  readonly column: number;
  readonly timeColumn: number | null;
  readonly headingUnit: Unit | null;
  /** That stands after the reading in every line, for which the readings are taken from the last column. */
  readonly suffix: Unit | null;
  /** Of ten, from the unit to seconds or a ratio. */
  readonly power: number;
  /** What separates the cells of a line that is written as most are; null where every line needs care. */
  readonly plain: string | null;
}

/** What a text may hold, for messages. */
export const ACCEPTED =
  'Give one number a line, or columns with `column` and `timeColumn`; `nan` is a gap, and `#` starts a comment.';

/** Reads one record from lines of text, as they come. */
export class RecordReader {
  readonly #name: string;
  readonly #options: RecordOptions;
  readonly #values = new Column();
  readonly #times = new Column();
  readonly #lines = new Column();
  readonly #skipped = new Map<string, number>();
  #probe: string[] | null = [];
  #plan: Plan | null = null;
  #line = 0;
  #source: string | null = null;
  /** Whether times are dates. */
  #dated = false;

  /** @param name of the file, for messages. */
  constructor(name: string, options: RecordOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** @throws TscopeError USAGE for the first line that cannot be read. */
  add(lines: readonly string[]): void {
    if (this.#probe === null) {
      for (const line of lines) this.#take(line);
      return;
    }
    for (const line of lines) this.#probe.push(line);
    if (this.#probe.length >= PROBED) this.#begin();
  }

  /** @throws TscopeError USAGE for what cannot be a record. */
  end(): TextRecord {
    if (this.#probe !== null) this.#begin();
    return this.#record(this.#plan as Plan);
  }

  #fail(message: string, hint: string | null = ACCEPTED): never {
    throw usageError(`${this.#name}: ${message}`, hint);
  }

  #begin(): void {
    const lines = this.#probe ?? [];
    this.#probe = null;
    this.#plan = this.#planOf(lines.slice(0, PROBED));
    for (const line of lines) this.#take(line);
  }

  #planOf(lines: readonly string[]): Plan {
    const { format = 'auto', column, timeColumn } = this.#options;
    const named = format !== 'auto' && format in LOG_FORMATS ? (format as LogName) : null;
    const log =
      named ?? (format === 'auto' && column === undefined && timeColumn === undefined ? logOf(lines) : null);
    const commented = lines.map(withoutComment);
    const suffix = suffixOf(commented);
    const bare = suffix === null ? commented : commented.map(withoutSuffix);
    const layout = layoutOf(bare.filter((line) => line !== ''));
    const counting =
      column === undefined ? [] : [column - 1, ...(timeColumn === undefined ? [] : [timeColumn - 1])];
    const none = {
      log,
      layout,
      firstLine: 0,
      column: 0,
      timeColumn: null,
      headingUnit: null,
      suffix,
      power: 0,
      plain: null,
    };
    if (log !== null) return none;
    let first = bare.findIndex((line) => isData(line, layout, counting));
    // Readings that are missing may stand above the first that is not.
    while (first > 0 && bare[first - 1] !== '' && isRow(bare[first - 1] as string, layout, counting))
      first -= 1;
    const following = bare
      .slice(first)
      .filter((line) => line !== '')
      .slice(0, 8);
    const heading =
      first > 0 && (format === 'timelab' || following.every((line) => isRow(line, layout, counting)));
    // Where nothing can be read, the first line that begins as a number shows why, and not its heading.
    const firstLine = heading
      ? first
      : first < 0
        ? Math.max(
            0,
            bare.findIndex((line) => /^["']?[+-]?\d/.test(line)),
          )
        : 0;
    const rows = bare
      .slice(Math.max(0, first))
      .filter((line) => line !== '' && isData(line, layout, counting));
    const chosen =
      first < 0 && column === undefined
        ? { column: 0, timeColumn: null }
        : this.#columnsOf(rows, layout, lines, bare);
    const words = heading ? (bare.slice(0, first).findLast((line) => line !== '') ?? '') : '';
    const headingUnit = suffix ?? unitIn(words, chosen.column, layout);
    const plan = { ...none, firstLine, ...chosen, headingUnit };
    const power = Math.round(Math.log10(UNITS[this.#unit(plan, this.#data(plan))]));
    const simple = power === 0 && suffix === null && this.#options.gap === undefined;
    const plain = simple ? plainSeparator(layout) : null;
    return { ...plan, power, plain };
  }

  #columnsOf(
    rows: readonly string[],
    layout: Layout,
    lines: readonly string[],
    bare: readonly string[],
  ): { column: number; timeColumn: number | null } {
    const { column, timeColumn } = this.#options;
    if (column !== undefined)
      return { column: column - 1, timeColumn: timeColumn === undefined ? null : timeColumn - 1 };
    if (timeColumn !== undefined) {
      if (layout.columns === 2) return { column: timeColumn === 1 ? 1 : 0, timeColumn: timeColumn - 1 };
      return this.#fail(
        `has ${layout.columns} columns; say which one holds the readings.`,
        'Add `column`, the number of the one that counts.',
      );
    }
    if (layout.columns <= 1) return { column: 0, timeColumn: null };
    const firsts = rows.map((row) => timeOf(cellsOf(row, layout)[0] ?? '', layout.decimalComma));
    if (layout.columns === 2 && looksLikeTime(firsts)) return { column: 1, timeColumn: 0 };
    const at = bare.findIndex((line) => isData(line, layout) && cellsOf(line, layout).length > 1);
    return this.#fail(
      `line ${at + 1} has ${layout.columns} columns: ${quoted(lines[at] ?? '')}; say which one holds the readings.`,
      'Give `column`, and `timeColumn` where one of them is the time.',
    );
  }

  #skip(what: string): void {
    this.#skipped.set(what, (this.#skipped.get(what) ?? 0) + 1);
  }

  #take(line: string): void {
    this.#line += 1;
    const plan = this.#plan as Plan;
    if (plan.log !== null) {
      this.#takeLog(line, plan.log);
      return;
    }
    if (plan.plain !== null && this.#line > plan.firstLine && this.#takePlain(line, plan, plan.plain)) return;
    const bare = withoutComment(line);
    const text = plan.suffix === null ? bare : withoutSuffix(bare);
    if (text === '') {
      if (line.trim() !== '') this.#skip('comments');
      return;
    }
    if (this.#line <= plan.firstLine) {
      this.#skip('headings');
      return;
    }
    const { layout, column, timeColumn } = plan;
    const { gap, format } = this.#options;
    if (format === 'timelab' && !isData(text, layout)) {
      this.#skip('lines of words');
      return;
    }
    const cells = layout.columns === 1 && !/["',;\t]/.test(text) ? [text] : cellsOf(text, layout);
    const cell = cells[column];
    if (cell === undefined) this.#fail(`line ${this.#line} has no column ${column + 1}: ${quoted(text)}.`);
    const value = numberOf(cell, layout.decimalComma, plan.power);
    if (value === undefined || (layout.columns === 1 && cells.length > 1)) {
      this.#fail(`line ${this.#line} ${complaint(text, cell, cells)}.`);
    }
    if (timeColumn !== null) {
      const time = timeOf(cells[timeColumn] ?? '', layout.decimalComma);
      this.#dated ||= dateSeconds(cells[timeColumn] ?? '') !== undefined;
      if (Number.isNaN(time)) {
        this.#fail(
          `line ${this.#line}: ${quoted(cells[timeColumn] ?? '')} in column ${timeColumn + 1} is not a time.`,
          'Times are seconds, MJD, or dates such as 2026-01-31T12:00:00Z, 2026/01/31 12:00:00 or 31.01.2026 12:00:00.',
        );
      }
      this.#times.push(time);
      this.#lines.push(this.#line);
    }
    this.#checkCount();
    // The mark of a gap is in the unit of the file.
    const marked = gap !== undefined && numberOf(cell, layout.decimalComma) === gap;
    this.#values.push(marked ? Number.NaN : value);
  }

  /** Takes a line of plain numbers. @returns false where it is not one, and nothing was taken. */
  #takePlain(line: string, { layout: { columns }, column, timeColumn }: Plan, separator: string): boolean {
    const cells = columns === 1 ? [line] : line.split(separator);
    // A comment may stand in a column that is not looked at.
    if (cells.length !== columns || (columns > 2 && /[#%"']/.test(line))) return false;
    const value = plainNumber(cells[column] ?? '');
    if (Number.isNaN(value)) return false;
    if (timeColumn !== null) {
      const time = plainNumber(cells[timeColumn] ?? '');
      if (Number.isNaN(time)) return false;
      this.#times.push(time);
      this.#lines.push(this.#line);
    }
    this.#checkCount();
    this.#values.push(value);
    return true;
  }

  #checkCount(): void {
    if (this.#values.length < MOST_READINGS) return;
    this.#fail(
      `holds more than ${MOST_READINGS} readings.`,
      'Cut the file, or average neighbouring readings first.',
    );
  }

  #takeLog(line: string, name: LogName): void {
    if (line.trim() === '') return;
    const reading = LOG_FORMATS[name].read(line);
    if (reading === null) {
      this.#skip('other lines');
      return;
    }
    this.#source ??= reading.source;
    if (reading.source !== this.#source) {
      this.#skip(`of another source than ${this.#source ?? 'the first'}`);
      return;
    }
    const value = this.#options.data === 'frequency' ? reading.frequency : reading.phase;
    if (value === null) {
      this.#skip('lines without a frequency');
      return;
    }
    this.#checkCount();
    this.#times.push(reading.time);
    this.#lines.push(this.#line);
    this.#values.push(value);
  }

  #data({ log, headingUnit }: Plan): 'phase' | 'frequency' {
    const { data, unit } = this.#options;
    const named = unit ?? (log === null ? headingUnit : null);
    return data ?? (named !== null && OF_FREQUENCY.includes(named) ? 'frequency' : 'phase');
  }

  #unit(plan: Plan, data: 'phase' | 'frequency'): Unit {
    const { unit } = this.#options;
    const log = plan.log === null ? null : LOG_FORMATS[plan.log];
    const found =
      unit ?? (log === null ? plan.headingUnit : data === 'phase' ? log.phaseUnit : log.frequencyUnit);
    const usual = data === 'phase' ? 's' : 'ratio';
    if (found === null || found === undefined) {
      if (log !== null && data === 'frequency') return this.#fail(`${log.title} holds no frequency.`, null);
      return usual;
    }
    if (OF_FREQUENCY.includes(found) === (data === 'frequency')) return found;
    // A word in a heading that does not fit what was asked for says nothing.
    if (unit === undefined) return usual;
    return this.#fail(
      `${found} is not a unit of ${data}.`,
      `Units of ${data}: ${UNIT_NAMES.filter((name) => OF_FREQUENCY.includes(name) === (data === 'frequency')).join(', ')}.`,
    );
  }

  #record(plan: Plan): TextRecord {
    const options = this.#options;
    const doubts: RecordDoubt[] = [];
    const data = this.#data(plan);
    const unit = this.#unit(plan, data);
    if (plan.log !== null && this.#values.length === 0) {
      return this.#fail(
        `no line is one of ${LOG_FORMATS[plan.log].title}.`,
        'Give the right `format`, or `column`.',
      );
    }
    let values: Float64Array = this.#values.values;
    let marked = 0;
    for (let i = 0; i < values.length; i += 1) {
      if (Number.isNaN(values[i])) marked += 1;
    }
    const zeros = this.#takeZeros(values, data, doubts);
    const mark = options.gap === undefined ? markOf(values) : null;
    if (mark !== null) {
      doubts.push({
        code: 'gap-value',
        message: `${mark.count} readings are exactly ${mark.value} and no other is near it.`,
        hint: `Give \`gap\` ${mark.value} where it marks a missing reading.`,
      });
    }
    const wraps = data === 'phase' ? wrapOf(values) : null;
    if (wraps !== null) {
      values = unwrapped(values, wraps);
      doubts.push({
        code: 'counter-wraps',
        message: `The readings jump by ${wraps} s and stay below it: a counter that wraps; its turns were added up.`,
        hint: null,
      });
    }
    const nominalHz = this.#nominal(values, data, unit);
    const scaled = scaledTo(values, plan.log === null && unit !== 'hz' ? 's' : unit, nominalHz);
    const timed = this.#spaced(scaled, doubts);
    this.#doubtUnit(timed.values, data, timed.spacing.tau0, doubts);
    if (timed.spacing.times === null && data === 'phase' && mark === null) doubtJump(timed.values, doubts);
    const log = plan.log === null ? null : LOG_FORMATS[plan.log];
    return {
      values: timed.values,
      data,
      tau0: timed.spacing.tau0,
      doubts,
      read: {
        format:
          log?.title ??
          (options.format === undefined || options.format === 'auto' ? 'columns of numbers' : options.format),
        columns: plan.layout.columns,
        column: log === null ? plan.column + 1 : null,
        timeColumn: plan.timeColumn === null ? null : plan.timeColumn + 1,
        unit,
        nominalHz,
        spacing: timed.spacing,
        lines: this.#line,
        readings: this.#values.length,
        gaps: { marked, zeros, absent: timed.absent },
        wraps,
        skipped: [...this.#skipped].map(([what, lines]) => ({ what, lines })),
      },
    };
  }

  /** Stable32 writes 0 for a gap; a phase may begin with one. */
  #takeZeros(values: Float64Array, data: 'phase' | 'frequency', doubts: RecordDoubt[]): number {
    if (this.#options.gap !== undefined) return 0;
    const first = data === 'phase' && this.#options.format === 'stable32' ? 1 : 0;
    const { count, outside } = zerosOf(values.subarray(first));
    const taken = count > 0 && (outside || this.#options.format === 'stable32');
    if (taken) {
      for (let i = first; i < values.length; i += 1) if (values[i] === 0) values[i] = Number.NaN;
      doubts.push({
        code: 'zeros-are-gaps',
        message: `${count} readings are exactly 0 and no other is near it: they were taken as gaps, as Stable32 writes them.`,
        hint: 'Give `gap` nan to keep them as readings.',
      });
    } else if (
      count > 1 &&
      data === 'frequency' &&
      this.#options.unit === undefined &&
      count < values.length / 2
    ) {
      doubts.push({
        code: 'zeros',
        message: `${count} readings are exactly 0.`,
        hint: 'Give `gap` 0 where a 0 is a gap, as Stable32 writes it.',
      });
    }
    return taken ? count : 0;
  }

  #nominal(values: Float64Array, data: 'phase' | 'frequency', unit: Unit): number | null {
    const { nominal } = this.#options;
    const likely = data === 'frequency' ? nominalOf(values) : null;
    if (unit === 'hz') {
      if (nominal !== undefined) return nominal;
      const hint = likely === null ? 'Add `nominal`, in Hz.' : `Add \`nominal\` ${likely}.`;
      return this.#fail('readings in Hz need the nominal frequency.', hint);
    }
    if (likely !== null && this.#options.unit === undefined) {
      return this.#fail(
        `the readings are near ${likely}: no fractional frequency is; they look like Hz.`,
        `Add \`unit\` hz and \`nominal\` ${likely}, or \`unit\` ratio to take them as they are.`,
      );
    }
    return null;
  }

  #spaced(values: Float64Array, doubts: RecordDoubt[]) {
    const { tau0 } = this.#options;
    if (this.#times.length === 0) {
      if (tau0 === undefined) {
        return this.#fail(
          'holds no times, so `tau0` is needed: the seconds between two readings.',
          'Give `tau0`, in seconds, or `timeColumn`.',
        );
      }
      return { values, spacing: { tau0, source: 'given', times: null } as const, absent: 0 };
    }
    const raw = this.#times.values;
    const log = this.#plan?.log ?? null;
    const named = log === null ? (this.#dated ? 'dates' : null) : LOG_FORMATS[log].times;
    const { seconds, name } = named === null ? timeUnit(raw, tau0 ?? null) : { seconds: 1, name: named };
    const origin = raw[0] ?? 0;
    const lines = this.#lines.values;
    const grid = (() => {
      try {
        return onGrid(
          raw.map((time) => (time - origin) * seconds),
          values,
          tau0 ?? null,
          (index) => lines[index] ?? 0,
        );
      } catch (error) {
        if (error instanceof Error)
          return this.#fail(error.message, (error as { hint?: string }).hint ?? null);
        throw error;
      }
    })();
    const given = tau0 !== undefined && grid.tau0 === tau0;
    if (tau0 !== undefined && !given) {
      doubts.push({
        code: 'tau0-differs',
        message: `The readings come every ${grid.tau0} s, not ${tau0} s; their own times were used.`,
        hint: 'Leave `tau0` out where the file has times.',
      });
    }
    if (grid.doubled > 0) {
      doubts.push({
        code: 'readings-doubled',
        message: `${grid.doubled} readings fall on a time that has one already, and were left out.`,
        hint: null,
      });
    }
    if (grid.offGrid > UNEVEN) {
      doubts.push({
        code: 'uneven-spacing',
        message: `${(100 * grid.offGrid).toFixed(0)} % of the readings lie more than a quarter of ${grid.tau0} s from a regular time.`,
        hint: 'Stability statistics need regular readings; `tau0` sets another step.',
      });
    }
    return {
      values: grid.values,
      spacing: { tau0: grid.tau0, source: given ? 'given' : 'times', times: name } as const,
      absent: grid.missing,
    };
  }

  #doubtUnit(values: Float64Array, data: 'phase' | 'frequency', tau0: number, doubts: RecordDoubt[]): void {
    if (this.#options.unit !== undefined) return;
    const likely = data === 'phase' ? phaseDoubt(values, tau0) : frequencyDoubt(values);
    if (likely === null) return;
    const what =
      data === 'phase'
        ? 'Taken as seconds, the phase moves by more than 1 % of the time'
        : 'Taken as fractional frequencies, most readings are above 1 %';
    doubts.push({
      code: 'implausible-unit',
      message: `${what}; no clock is so far off.`,
      hint: `If they are in ${likely}, say so with \`unit\`.`,
    });
  }
}

/** Values in seconds or as a ratio. Hz are taken relative to the nominal before they are divided, so that no digit is lost. */
function scaledTo(values: Float64Array, unit: Unit, nominalHz: number | null): Float64Array {
  if (unit === 'hz' && nominalHz !== null) return values.map((value) => (value - nominalHz) / nominalHz);
  // Division by a whole number gives the double that the same decimal in the smaller unit is.
  const divisor = Math.round(1 / UNITS[unit]);
  return divisor === 1 ? values : values.map((value) => value / divisor);
}

/** A time as a number: seconds since 1970 for an ISO date; NaN for anything else. */
function timeOf(cell: string, decimalComma = false): number {
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

function doubtJump(values: Float64Array, doubts: RecordDoubt[]): void {
  const jump = jumpOf(values);
  if (jump === null) return;
  doubts.push({
    code: 'phase-jump',
    message: `The phase jumps by ${jump.seconds.toPrecision(3)} s at reading ${jump.at + 1}, ${jump.times.toFixed(0)} times the usual step: the clock was stepped, or readings are missing there.`,
    hint: 'Where the file has a column of times, give it as `timeColumn`: gaps are found from it.',
  });
}

const SUFFIX = /([\d.])\s*(ms|us|µs|μs|ns|ps|s|ppm|ppb|hz)$/i;
const withoutSuffix = (line: string): string => line.replace(SUFFIX, '$1');

/** The unit that stands after the reading in every line that ends in a number. */
function suffixOf(lines: readonly string[]): Unit | null {
  const found = new Set(
    lines
      .filter((line) => /\d\S?\s*\S*$/.test(line) && /^[\d."'+-]/.test(line))
      .map((line) => unitNamed(SUFFIX.exec(line)?.[2])),
  );
  const [unit = null] = found;
  return found.size === 1 ? unit : null;
}

const HEADING_UNIT = /(?:^|[\s_([/])(ms|us|µs|μs|ns|ps|s|sec|seconds|ppm|ppb|hz|ratio)(?:$|[\s)\]])/i;

/** The unit that a heading names for a column. */
function unitIn(words: string, column: number, layout: Layout): Unit | null {
  const cells = cellsOf(words, layout);
  const cell = (cells.length === layout.columns ? cells[column] : layout.columns === 1 ? words : '') ?? '';
  return unitNamed(HEADING_UNIT.exec(cell)?.[1]);
}

/** A unit as people write it. */
function unitNamed(written: string | undefined): Unit | null {
  const word = written?.toLowerCase().replace(/^[µμ]s$/, 'us');
  if (word === undefined) return null;
  return word.startsWith('sec') ? 's' : (word as Unit);
}

/** Why a line is not a reading. */
function complaint(text: string, cell: string, cells: readonly string[]): string {
  const numbers = text.split(/[\s,;]+/).filter(isNumber).length;
  if (cells.length === 1 && numbers > 1) return `has ${numbers} columns: ${quoted(text)}`;
  if (cells.length > 1 && isNumber(cell) && cells.every(isNumber))
    return `has ${cells.length} columns: ${quoted(text)}`;
  return isNumber(cell) ? `is too large: ${quoted(cell)}` : `is not a number: ${quoted(cell)}`;
}

import { dateSeconds, isNumber, numberOf, plainNumber } from './cells.ts';
import { cellsOf, isData, type Layout, withoutComment } from './layout.ts';
import { LOG_FORMATS, type LogName } from './logs.ts';
import { type LinePlan, linePlanOf, PROBED, timeOf } from './plan.ts';
import { type Fail, failOf, quoted, type RecordOptions, type TextRecord } from './record.ts';
import { understood } from './understood.ts';
import { names, withoutSuffix } from './unit-words.ts';

/** A year and a half of one reading a second, 0.4 GB; more is refused before memory ends. */
const MOST_READINGS = 50_000_000;

const TIMES =
  'Times are seconds, MJD, or dates such as 2026-01-31T12:00:00Z, 2026/01/31 12:00:00 or 31.01.2026 12:00:00.';
/** Begins as a time of day or a date. */
const TIME_LIKE = /^\d{1,4}[:/]\d\d?[:/]\d/;

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

/** Reads one record from lines of text, as they come. */
export class RecordReader {
  readonly #fail: Fail;
  readonly #options: RecordOptions;
  readonly #values = new Column();
  readonly #times = new Column();
  readonly #lines = new Column();
  readonly #skipped = new Map<string, number>();
  #probe: string[] = [];
  #plan: LinePlan | null = null;
  #line = 0;
  #source: string | null = null;
  /** Whether times are dates. */
  #dated = false;

  /** @param name of the file, for messages. */
  constructor(name: string, options: RecordOptions) {
    this.#fail = failOf(name);
    this.#options = options;
  }

  /** @throws TscopeError USAGE for the first line that cannot be read. */
  add(lines: readonly string[]): void {
    if (this.#plan !== null) {
      for (const line of lines) this.#take(line, this.#plan);
      return;
    }
    for (const line of lines) this.#probe.push(line);
    if (this.#probe.length >= PROBED) this.#begin();
  }

  /** @throws TscopeError USAGE for what cannot be a record. */
  end(): TextRecord {
    return understood(
      {
        plan: this.#plan ?? this.#begin(),
        values: this.#values.values,
        times: this.#times.values,
        lineOf: (index) => this.#lines.values[index] ?? 0,
        dated: this.#dated,
        lines: this.#line,
        skipped: this.#skipped,
      },
      this.#options,
      this.#fail,
    );
  }

  #begin(): LinePlan {
    const plan = linePlanOf(this.#probe.slice(0, PROBED), this.#options, this.#fail);
    this.#plan = plan;
    for (const line of this.#probe) this.#take(line, plan);
    this.#probe = [];
    return plan;
  }

  #skip(what: string): void {
    this.#skipped.set(what, (this.#skipped.get(what) ?? 0) + 1);
  }

  /** Keeps one reading; `time` is null where the file has no times. */
  #keep(value: number, time: number | null): void {
    if (this.#values.length >= MOST_READINGS) {
      this.#fail(
        `holds more than ${MOST_READINGS} readings.`,
        'Cut the file, or average neighbouring readings first.',
      );
    }
    if (time !== null) {
      this.#times.push(time);
      this.#lines.push(this.#line);
    }
    this.#values.push(value);
  }

  #take(line: string, plan: LinePlan): void {
    this.#line += 1;
    if (plan.log !== null) {
      this.#takeLog(line, plan.log);
      return;
    }
    if (plan.plain !== null && this.#line > plan.firstLine && this.#takePlain(line, plan, plan.plain)) return;
    const bare = withoutComment(line, plan.tabbed);
    const text = plan.suffix === null ? bare : withoutSuffix(bare, plan.suffix);
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
      if (TIME_LIKE.test(cell))
        this.#fail(
          `line ${this.#line} is neither a number nor a date that can be read: ${quoted(cell)}.`,
          TIMES,
        );
      this.#fail(`line ${this.#line} ${complaint(text, cell, cells)}.`);
    }
    const unit = plan.beside ?? (column === layout.columns - 1 ? plan.suffix : null);
    const hasUnit = plan.beside === null ? text !== bare : names(cells[column + 1], plan.beside);
    if (unit !== null && !hasUnit && isNumber(cell))
      this.#fail(`line ${this.#line} is not in ${unit}, as those before it are: ${quoted(bare)}.`);
    // The mark of a gap is in the unit of the file.
    const marked = gap !== undefined && numberOf(cell, layout.decimalComma) === gap;
    const time = timeColumn === null ? null : this.#timeIn(cells[timeColumn] ?? '', timeColumn, layout);
    this.#keep(marked ? Number.NaN : value, time);
  }

  #timeIn(cell: string, column: number, { decimalComma }: Layout): number {
    const time = timeOf(cell, decimalComma);
    this.#dated ||= dateSeconds(cell) !== undefined;
    if (!Number.isNaN(time)) return time;
    return this.#fail(`line ${this.#line}: ${quoted(cell)} in column ${column + 1} is not a time.`, TIMES);
  }

  /** Takes a line of plain numbers. @returns false where it is not one, and nothing was taken. */
  #takePlain(
    line: string,
    { layout: { columns }, column, timeColumn }: LinePlan,
    separator: string,
  ): boolean {
    const cells = columns === 1 ? [line] : line.split(separator);
    // A comment may be in a column that is not read.
    if (cells.length !== columns || (columns > 2 && /[#%"']/.test(line))) return false;
    const value = plainNumber(cells[column] ?? '');
    const time = timeColumn === null ? null : plainNumber(cells[timeColumn] ?? '');
    if (Number.isNaN(value) || Number.isNaN(time)) return false;
    this.#keep(value, time);
    return true;
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
    this.#keep(value, reading.time);
  }
}

/** Why a line is not a reading. */
function complaint(text: string, cell: string, cells: readonly string[]): string {
  const numbers = text.split(/[\s,;]+/).filter(isNumber).length;
  if (cells.length === 1 && numbers > 1) return `has ${numbers} columns: ${quoted(text)}`;
  if (cells.length > 1 && isNumber(cell) && cells.every(isNumber))
    return `has ${cells.length} columns: ${quoted(text)}`;
  return isNumber(cell) ? `is too large: ${quoted(cell)}` : `is not a number: ${quoted(cell)}`;
}

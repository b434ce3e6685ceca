import type { Warning } from '../warning.ts';
import { numberOf } from './cells.ts';
import { LOG_FORMATS } from './logs.ts';
import { dataOf, type Readings, unitOf } from './plan.ts';
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
import { type Fail, type RecordOptions, type TextRecord, UNITS, type Unit } from './record.ts';
import { spaced } from './spacing.ts';

type Data = TextRecord['data'];

/** What the text of a file was, as it was read: its numbers in the unit that `plan` scales them to. */
export function understood(readings: Readings, options: RecordOptions, fail: Fail): TextRecord {
  const { plan } = readings;
  const doubts: Warning[] = [];
  const data = dataOf(plan, options);
  const unit = unitOf(plan, options, fail);
  if (plan.log !== null && readings.values.length === 0) {
    return fail(`no line is one of ${LOG_FORMATS[plan.log].title}.`, 'Give the right `format`, or `column`.');
  }
  if (plan.namedUnit !== null && plan.namedUnit !== unit) {
    doubts.push({
      code: 'unit-differs',
      message: `The file says that its readings are in ${plan.namedUnit}; they were taken in ${inWords(unit)}, as was asked.`,
      hint: 'Leave `unit` and `data` out where the file is right.',
    });
  }
  if (plan.commentUnit !== null && plan.commentUnit !== unit) {
    doubts.push({
      code: 'unit-in-comment',
      message: `A comment names ${plan.commentUnit}; comments are not read, and the readings were taken in ${inWords(unit)}.`,
      hint: `Give \`unit\` ${plan.commentUnit} where they are in it.`,
    });
  }
  if (plan.thousands !== null) {
    const taken = numberOf(plan.thousands, true);
    doubts.push({
      code: 'decimal-comma',
      message: `Every reading has a comma before its last three digits: '${plan.thousands}' was taken as ${taken}.`,
      hint: 'Take the commas out where they separate thousands.',
    });
  }
  let { values } = readings;
  const marked = values.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0);
  const zeros = takeZeros(values, data, options, doubts);
  // A log has no marks of its user's.
  const mark = options.gap === undefined && plan.log === null ? markOf(values) : null;
  if (mark !== null) {
    // As the file has it: `gap` is compared with that.
    const written = numberOf(String(mark.value), false, -plan.power);
    doubts.push({
      code: 'gap-value',
      message: `${mark.count} readings are exactly ${written} and no other is near it.`,
      hint: `Give \`gap\` ${written} where it marks a missing reading.`,
    });
  }
  const wraps = data === 'phase' && plan.log === null ? wrapOf(values) : null;
  if (wraps !== null) {
    values = unwrapped(values, wraps);
    doubts.push({
      code: 'counter-wraps',
      message: `The readings jump by ${wraps} s and stay below it: a counter that wraps; its turns were added up.`,
      hint: null,
    });
  }
  const nominalHz = nominalHzOf(values, data, unit, options, fail);
  const scaled = scaledTo(values, plan.log === null && unit !== 'hz' ? 's' : unit, nominalHz);
  const timed = spaced(readings, scaled, options, fail, doubts);
  if (options.unit === undefined) doubtUnit(timed.values, data, timed.spacing.tau0, doubts);
  if (data === 'phase' && mark === null && (plan.log !== null || timed.spacing.times === null))
    doubtJump(timed.values, plan.log !== null, doubts);
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
      lines: readings.lines,
      readings: readings.values.length,
      gaps: { marked, zeros, absent: timed.absent },
      wraps,
      skipped: [...readings.skipped].map(([what, lines]) => ({ what, lines })),
    },
  };
}

const inWords = (unit: Unit): string => (unit === 'ratio' ? 'parts of the whole' : unit);

/** Stable32 writes 0 for a gap; a phase may begin with one. */
function takeZeros(values: Float64Array, data: Data, options: RecordOptions, doubts: Warning[]): number {
  if (options.gap !== undefined) return 0;
  const first = data === 'phase' && options.format === 'stable32' ? 1 : 0;
  const { count, outside } = zerosOf(values.subarray(first));
  const taken = count > 0 && (outside || options.format === 'stable32');
  if (taken) {
    for (let i = first; i < values.length; i += 1) if (values[i] === 0) values[i] = Number.NaN;
    doubts.push({
      code: 'zeros-are-gaps',
      message:
        count === 1
          ? '1 reading is exactly 0 and no other is near it: it was taken as a gap, as Stable32 writes it.'
          : `${count} readings are exactly 0 and no other is near it: they were taken as gaps, as Stable32 writes them.`,
      hint: 'Give `gap` nan to keep them as readings.',
    });
  } else if (count > 1 && data === 'frequency' && options.unit === undefined && count < values.length / 2) {
    doubts.push({
      code: 'zeros',
      message: `${count} readings are exactly 0.`,
      hint: 'Give `gap` 0 where a 0 is a gap, as Stable32 writes it.',
    });
  }
  return taken ? count : 0;
}

/** The nominal frequency where readings are in Hz; null elsewhere. */
function nominalHzOf(
  values: Float64Array,
  data: Data,
  unit: Unit,
  options: RecordOptions,
  fail: Fail,
): number | null {
  const { nominal } = options;
  const likely = data === 'frequency' ? nominalOf(values) : null;
  if (unit === 'hz') {
    if (nominal !== undefined) return nominal;
    const hint = likely === null ? 'Add `nominal`, in Hz.' : `Add \`nominal\` ${likely}.`;
    return fail('readings in Hz need the nominal frequency.', hint);
  }
  if (likely !== null && options.unit === undefined) {
    return fail(
      `the readings are near ${likely}, as no fractional frequency is; they look like Hz.`,
      `Add \`unit\` hz and \`nominal\` ${likely}, or \`unit\` ratio to take them as they are.`,
    );
  }
  return null;
}

function doubtUnit(values: Float64Array, data: Data, tau0: number, doubts: Warning[]): void {
  const doubt = (message: string, hint: string) => doubts.push({ code: 'implausible-unit', message, hint });
  if (data === 'frequency') {
    const likely = frequencyDoubt(values);
    if (likely === null) return;
    doubt(
      'Taken as fractional frequencies, most readings are above 1 %; no clock is so far off.',
      `If they are in ${likely}, say so with \`unit\`.`,
    );
    return;
  }
  const likely = phaseDoubt(values, tau0);
  const nominal = likely === null ? nominalOf(values) : null;
  if (nominal !== null) {
    doubt(
      `Taken as seconds, the phase stays near ${nominal}: it looks like a frequency in Hz.`,
      `If it is, add \`data\` frequency, \`unit\` hz and \`nominal\` ${nominal}.`,
    );
  } else if (likely === 'times') {
    const digits = Math.max(...[values[0], values.at(-1)].map((x) => Math.abs(x ?? 0))) * Number.EPSILON;
    doubt(
      `The readings advance by about ${tau0} s each, as the times of events do: their phase is their difference from equal steps.`,
      `Subtract those first: numbers of this size are rounded to ${digits.toPrecision(2)} s, and mtie sees the steps.`,
    );
  } else if (likely !== null) {
    doubt(
      'Taken as seconds, the phase moves by more than 1 % of the time; no clock is so far off.',
      `If they are in ${likely}, say so with \`unit\`.`,
    );
  }
}

/** Values in seconds or as a ratio. Hz are taken relative to the nominal before they are divided, so that no digit is lost. */
function scaledTo(values: Float64Array, unit: Unit, nominalHz: number | null): Float64Array {
  if (unit === 'hz' && nominalHz !== null) return values.map((value) => (value - nominalHz) / nominalHz);
  // Division by a whole number gives the double that the same decimal in the smaller unit is.
  const divisor = Math.round(1 / UNITS[unit]);
  return divisor === 1 ? values : values.map((value) => value / divisor);
}

function doubtJump(values: Float64Array, isLog: boolean, doubts: Warning[]): void {
  const jump = jumpOf(values);
  if (jump === null) return;
  const what = `The phase jumps by ${jump.seconds.toPrecision(3)} s at reading ${jump.at + 1}, ${jump.times.toFixed(0)} times the usual step: the clock was stepped`;
  doubts.push({
    code: 'phase-jump',
    message: isLog ? `${what}.` : `${what}, or readings are missing there.`,
    hint: isLog
      ? 'Cut the file there: a step is not clock noise.'
      : 'Where the file has a column of times, give it as `timeColumn`: gaps are found from it.',
  });
}

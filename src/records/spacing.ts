import type { Warning } from '../warning.ts';
import { likelyTimeUnit, onGrid } from './grid.ts';
import { LOG_FORMATS } from './logs.ts';
import type { Readings } from './plan.ts';
import { type Fail, OF_FREQUENCY, type RecordOptions, type RecordRead, UNITS, type Unit } from './record.ts';

/** Readings that are off their grid by more than this share of them are unevenly spaced. */
const UNEVEN = 0.05;
/** A spacing of one digit of a day, with this share of its points missing, is only how the times are printed. */
const OF_PRINT = 0.02;

/** Readings at equal distances. */
interface Spaced {
  readonly values: Float64Array;
  readonly spacing: RecordRead['spacing'];
  /** Grid points without a reading. */
  readonly absent: number;
}

/** Puts readings where their times say, or at the given step; what looks wrong is added to `doubts`. */
export function spaced(
  { plan, times: raw, lineOf, dated }: Readings,
  values: Float64Array,
  { tau0 }: RecordOptions,
  fail: Fail,
  doubts: Warning[],
): Spaced {
  if (raw.length === 0) {
    if (tau0 === undefined) {
      return fail(
        'holds no times, so `tau0` is needed: the seconds between two readings.',
        'Give `tau0`, in seconds, or `timeColumn`.',
      );
    }
    return { values, spacing: { tau0, source: 'given', times: null }, absent: 0 };
  }
  const named = plan.log === null ? (dated ? 'dates' : null) : LOG_FORMATS[plan.log].times;
  const { seconds, name } =
    named === null ? unitOfTimes(raw, plan.timeUnit, tau0) : { seconds: 1, name: named };
  const origin = raw[0] ?? 0;
  const times = raw.map((time) => (time - origin) * seconds);
  const grid = onGrid(times, values, tau0 ?? null, lineOf, fail);
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
      message:
        grid.doubled === 1
          ? '1 reading falls on a time that has one already, and was left out.'
          : `${grid.doubled} readings fall on a time that has one already, and were left out.`,
      hint: null,
    });
  }
  if (!given && grid.missing > OF_PRINT * grid.values.length && isDigit(grid.tau0 / seconds, seconds)) {
    doubts.push({
      code: 'coarse-times',
      message: `The times are written to ${grid.tau0} s only, which was taken as the spacing; what lies between two readings may not be a gap.`,
      hint: 'Give the spacing with `tau0`, in seconds.',
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
    spacing: { tau0: grid.tau0, source: given ? 'given' : 'times', times: name },
    absent: grid.missing,
  };
}

/** The unit that the file names for its times, or else what they look like. */
function unitOfTimes(times: Float64Array, named: Unit | null, tau0: number | undefined) {
  const likely = likelyTimeUnit(times, tau0 ?? null);
  const isTime = named !== null && !OF_FREQUENCY.includes(named);
  return isTime && UNITS[named] !== likely.seconds ? { seconds: UNITS[named], name: named } : likely;
}

/** Whether a step is one unit of a decimal of a day; in seconds, one and a tenth are usual steps. */
const isDigit = (step: number, seconds: number): boolean =>
  seconds > 1 && Math.abs(Math.log10(step) - Math.round(Math.log10(step))) < 1e-6;

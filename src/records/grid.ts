import { mean, median, quantile, sorted } from '../statistics.ts';
import type { Fail } from './record.ts';

/** Readings on a regular grid. */
interface Gridded {
  readonly values: Float64Array;
  /** Seconds between two of them. */
  readonly tau0: number;
  /** Grid points without a reading. */
  readonly missing: number;
  /** Readings that fell on a grid point that already had one. */
  readonly doubled: number;
  /** Share of the readings that lie further than a quarter of a step from their grid point. */
  readonly offGrid: number;
}

/** More grid points than this mean that the spacing was misread, or that the record needs another tool. */
const MOST_POINTS = 100_000_000;
const OFF_GRID = 0.25;
/** A given step is believed from this share of the shortest steps that there are, to this share of the usual one. */
const [NEAREST, FARTHEST] = [0.8, 1.2];

const DAY_S = 86_400;
/** Modified Julian dates of 1968 to 2050; Julian dates of the same time. */
const MJD = [40_000, 70_000] as const;
const JD = [2_440_000, 2_470_000] as const;
const inside = (value: number, [low, high]: readonly [number, number]) => value >= low && value < high;

/** The unit of a column of times, by their size and steps: its seconds and its name. */
export function likelyTimeUnit(times: Float64Array, tau0: number | null): { seconds: number; name: string } {
  const first = times[0] ?? 0;
  const last = times[times.length - 1] ?? 0;
  const step = median(steps(times.subarray(0, 10_000)));
  const isStep = (seconds: number) => tau0 !== null && Math.abs((step * seconds) / tau0 - 1) < 0.2;
  // A given step tells units apart only where it fits one of them.
  const fits = (seconds: number) => isStep(seconds) || !isStep(1);
  if (inside(first, MJD) && inside(last, MJD) && fits(DAY_S)) return { seconds: DAY_S, name: 'MJD' };
  if (inside(first, JD) && inside(last, JD) && fits(DAY_S)) return { seconds: DAY_S, name: 'Julian date' };
  for (const [size, seconds, name] of [
    [1e17, 1e-9, 'ns since 1970'],
    [1e14, 1e-6, 'us since 1970'],
    [1e11, 1e-3, 'ms since 1970'],
  ] as const) {
    if (first >= size && fits(seconds)) return { seconds, name };
  }
  return { seconds: 1, name: 's' };
}

function steps(times: Float64Array): Float64Array {
  const between = new Float64Array(Math.max(0, times.length - 1));
  for (let i = 0; i < between.length; i += 1) between[i] = (times[i + 1] as number) - (times[i] as number);
  return between;
}

/** Enough steps to know the usual one. */
const SAMPLED = 20_000;

/** The step that one in twenty is shorter than. */
const smallest = (between: Float64Array): number =>
  quantile(sorted(between.subarray(0, SAMPLED).filter((step) => step > 0)), 0.05);

/** The number with the fewest digits that is within `tolerance` of `value`. */
function rounded(value: number, tolerance: number): number {
  for (let digits = 1; digits < 15; digits += 1) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.abs(candidate - value) <= tolerance) return candidate;
  }
  return value;
}

/**
 * Puts readings on the grid that their times lie on; what is missing becomes NaN.
 *
 * @param times seconds, in the order of the file.
 * @param tau0 the grid's step where the times allow it; otherwise, and for null, their usual step.
 * @param lineOf the line of a reading, for messages.
 * @param fail called where times go back, stand still throughout, or leave room for too many points.
 */
export function onGrid(
  times: Float64Array,
  readings: Float64Array,
  tau0: number | null,
  lineOf: (index: number) => number,
  fail: Fail,
): Gridded {
  const origin = times[0] ?? 0;
  const between = steps(times);
  const back = between.findIndex((step) => step < 0);
  if (back >= 0) {
    return fail(
      `line ${lineOf(back + 1)}: the time goes back by ${-(between[back] as number)} s.`,
      'Sort the file by its time column, or leave out what was recorded twice.',
    );
  }
  const middle = median(between.subarray(0, SAMPLED).filter((step) => step > 0));
  // A step alone is as coarse as the file prints it; the mean of those of about one step is finer.
  const own = mean(between.filter((step) => step > middle / 2 && step < middle * 1.5));
  const given = tau0 !== null && tau0 > NEAREST * smallest(between) && tau0 < FARTHEST * middle ? tau0 : null;
  const usual = given ?? own;
  if (!(usual > 0)) return fail('the times do not advance.', 'Name the column of times with `timeColumn`.');
  let count = 0;
  for (const step of between) count += Math.round(step / usual);
  const span = (times[times.length - 1] as number) - origin;
  // The whole span over its steps is finer than any one step, which was rounded to what the file prints.
  const step = given ?? (count > 0 ? rounded(span / count, usual * Math.min(1e-2, 0.2 / count)) : usual);
  const points = Math.round(span / step) + 1;
  if (points > MOST_POINTS) {
    return fail(
      `its times span ${points} steps of ${step} s; at most ${MOST_POINTS} are analysed.`,
      'Give the step with `tau0`, or cut the file.',
    );
  }
  const values = new Float64Array(points).fill(Number.NaN);
  const taken = new Uint8Array(points);
  let [doubled, off] = [0, 0];
  for (let i = 0; i < times.length; i += 1) {
    const place = ((times[i] as number) - origin) / step;
    const index = Math.min(points - 1, Math.round(place));
    if (Math.abs(place - index) > OFF_GRID) off += 1;
    if (taken[index] === 1) doubled += 1;
    else values[index] = readings[i] as number;
    taken[index] = 1;
  }
  let missing = 0;
  for (const there of taken) missing += 1 - there;
  return { values, tau0: step, missing, doubled, offGrid: times.length === 0 ? 0 : off / times.length };
}

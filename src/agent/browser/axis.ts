import type uPlot from 'uplot';
import { colour } from './dom.ts';

const DAY = 86_400;

/** Times of the axis in 24 hours, by what lies between two marks; see uPlot's docs on `axis.values`. */
const TIME_MARKS: NonNullable<uPlot.Axis['values']> = [
  [DAY * 28, '{YYYY}-{MM}', null, null, null, null, null, null, 1],
  [DAY, '{MM}-{DD}', '\n{YYYY}', null, null, null, null, null, 1],
  [60, '{HH}:{mm}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
  [1e-3, '{HH}:{mm}:{ss}.{fff}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
];

/** How axes look in this theme. */
export const axisStyle = (): Pick<uPlot.Axis, 'stroke' | 'grid' | 'ticks'> => ({
  stroke: colour('faint'),
  grid: { stroke: colour('line'), width: 1 },
  ticks: { stroke: colour('line'), width: 1 },
});

/** Room for a label of minutes, of seconds and of milliseconds, by the length of the axis in seconds, px. */
const roomOf = (seconds: number): number => (seconds > 900 ? 70 : seconds > 8 ? 84 : 110);

/** The time axis. */
export const timeAxis = (): uPlot.Axis => ({
  ...axisStyle(),
  values: TIME_MARKS,
  space: (_, __, min, max) => roomOf(max - min),
});

/** Sizes of the units that an axis may be in, largest first. */
export type Units = ReadonlyArray<readonly [size: number, name: string]>;

export const NS_UNITS: Units = [
  [86_400e9, 'd'],
  [3_600e9, 'h'],
  [60e9, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
];
export const RATIO_UNITS: Units = [
  [1e-6, 'ppm'],
  [1e-9, 'ppb'],
];

/** Digits of a fraction that multiples of `step` need. */
function digitsOf(step: number): number {
  let digits = 0;
  const whole = (value: number) => Math.abs(value - Math.round(value)) < 1e-6 * value;
  while (digits < 12 && !whole(step * 10 ** digits)) digits += 1;
  return digits;
}

/** Labels of evenly spaced marks: one unit for all, and as many digits as tell neighbours apart. */
export function markTexts(marks: readonly number[], units: Units): string[] {
  const largest = Math.max(...marks.map(Math.abs));
  const [size, name] = units.find(([unit]) => largest >= unit) ?? units.at(-1) ?? [1, ''];
  const step = Math.abs((marks[1] ?? 0) - (marks[0] ?? 0)) / size;
  const digits = digitsOf(step);
  return marks.map((mark) => {
    // A sum of steps may miss 0 by a rounding error.
    const value = Math.abs(mark) < (step * size) / 1e6 ? 0 : mark / size;
    return `${value.toFixed(digits)} ${name}`;
  });
}

/** Width of a character of the labels, and what stands beside them, px. */
const CHARACTER = 7;
const BESIDE = 20;

/** An axis of values, as wide as its labels. */
export const valueAxis = (units: Units): uPlot.Axis => ({
  ...axisStyle(),
  values: (_, marks) => markTexts(marks, units),
  size: (_, texts) => BESIDE + CHARACTER * Math.max(5, ...(texts ?? []).map((text) => text.length)),
});

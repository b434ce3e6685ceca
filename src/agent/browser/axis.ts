import type uPlot from 'uplot';
import type { Dimension } from '../../digits.ts';
import { colour } from './dom.ts';
import { markTexts } from './marks.ts';

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

/** Width of a character of the labels, and what stands beside them, px. */
const CHARACTER = 7;
const BESIDE = 20;

/** An axis of values, as wide as its labels. */
export const valueAxis = (measure: Dimension): uPlot.Axis => ({
  ...axisStyle(),
  values: (_, marks) => markTexts(marks, measure),
  size: (_, texts) => BESIDE + CHARACTER * Math.max(5, ...(texts ?? []).map((text) => text.length)),
});

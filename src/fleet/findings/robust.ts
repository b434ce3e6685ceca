import { median } from '../../statistics.ts';

/** Median distances of a normal distribution in its standard deviation. */
const TO_DEVIATION = 1.4826;
/** Few values come out too narrow by this much: C. Croux and P. J. Rousseeuw, COMPSTAT 1992. */
const SMALL_SAMPLE = 0.8;
/** What the spread is worth beside one from squares, under a normal distribution. */
const EFFICIENCY = 0.37;

/** Standard deviation as the middle of the values shows it, however wild the rest is. @param values distances from their median. */
export const robustDeviation = (values: readonly number[]): number =>
  TO_DEVIATION * (values.length / (values.length - SMALL_SAMPLE)) * median(values.map(Math.abs));

/** How many degrees of freedom `robustDeviation` of this many values is worth. */
export const robustDegrees = (count: number): number => Math.max(1, EFFICIENCY * (count - 1));

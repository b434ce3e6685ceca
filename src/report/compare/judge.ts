import type { Compared } from '../../schema/compare.ts';
import { mean, studentQuantile } from '../../statistics.ts';
import type { Quantity } from './quantities.ts';

/** The share of comparisons that call a figure changed although nothing changed between the runs. */
export const FALSE_ALARM_RATIO = 0.01;

/** How many runs' worth of evidence the typical spread counts as, beside the spread that the runs themselves show. */
const TYPICAL_DEGREES = 20;

/** One figure, of every run that has it. */
export interface ComparedFigure {
  readonly a: readonly Quantity[];
  readonly b: readonly Quantity[];
  /** Earlier runs of the host. */
  readonly history: readonly Quantity[];
}

const squares = (values: readonly number[]): number => {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
};

/** The degrees of freedom that these values give to a spread. */
const degreesOf = (values: readonly number[]): number => Math.max(0, values.length - 1);

const exactly = (one: Quantity): boolean => one.typical === null;

/**
 * Judges one figure. What repeats exactly is compared exactly. For the rest, the spread between runs is the typical one
 * and that of the runs at hand (those of a side among themselves, and the history), pooled by their degrees of freedom, as
 * a moderated t test does (Smyth 2004, doi:10.2202/1544-6115.1027); the difference of the sides' means is held against
 * Student's t.
 *
 * @param figures how many are judged: together they give a false alarm in FALSE_ALARM_RATIO of the comparisons
 * (Bonferroni).
 */
export function judge({ a, b, history }: ComparedFigure, figures: number): Compared {
  const [first] = a;
  if (first === undefined || b.length === 0) throw new RangeError('a figure of both sides is judged');
  const { part, name, unit } = first;
  const all = [...a, ...b];
  const logarithm = first.typical?.of === 'logarithm';
  const scale = unit === 'hz' ? first.value : 1;
  const inside = ({ value }: Quantity) => (logarithm ? Math.log(value) : value / scale);
  const outside = (value: number) => (logarithm ? Math.exp(value) : value * scale);
  const [of, from, known] = [a.map(inside), b.map(inside), history.map(inside)];
  const [meanA, meanB] = [mean(of), mean(from)];
  const sides = { part, quantity: name, unit, a: outside(meanA), b: outside(meanB) };
  const row = { ...sides, difference: (sides.b - sides.a) / scale };
  if (all.every(exactly)) {
    const judgement = all.every(({ value }) => value === first.value) ? 'same' : 'changed';
    return { ...row, differenceLow: row.difference, differenceHigh: row.difference, spread: null, judgement };
  }
  const typical = Math.sqrt(mean(all.map((one) => (one.typical?.deviation ?? 0) ** 2)));
  const degrees = TYPICAL_DEGREES + degreesOf(of) + degreesOf(from) + degreesOf(known);
  const sum =
    TYPICAL_DEGREES * typical ** 2 + squares(of) + squares(from) + (known.length > 1 ? squares(known) : 0);
  const deviation = Math.sqrt(sum / degrees);
  const reach =
    studentQuantile(FALSE_ALARM_RATIO / 2 / figures, degrees) *
    deviation *
    Math.sqrt(1 / of.length + 1 / from.length);
  const at = (moved: number) => (logarithm ? (outside(meanA + moved) - sides.a) / scale : moved);
  const differenceLow = at(meanB - meanA - reach);
  const differenceHigh = at(meanB - meanA + reach);
  const judgement = differenceLow > 0 || differenceHigh < 0 ? 'changed' : 'within-noise';
  return { ...row, differenceLow, differenceHigh, spread: deviation, judgement };
}

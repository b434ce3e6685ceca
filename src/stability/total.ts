import type { Estimate } from './deviations.ts';
import { overGaps, type Series } from './series.ts';

/** Whether the phase that the term at point i needs is known: its own, and what is reflected at the ends. */
export function totalTermIsKnown({ phase, known }: Series, i: number, m: number): boolean {
  const last = phase.length - 1;
  const first = i >= m ? i - m : 0;
  const end = i + m <= last ? i + m : last;
  const mirrored = [...(i < m ? [m - i] : []), ...(i + m > last ? [2 * last - i - m] : [])];
  if (known === null) {
    return ![first, i, end, ...mirrored].some((point) => Number.isNaN(phase[point]));
  }
  // What is reflected lies between these.
  return (known[end] as number) - (known[first] as number) === end - first;
}

/**
 * Total deviation (NIST SP 1065, 5.2.11): the record is continued at both ends by its reflection through the end point,
 * x*[-j] = 2 x[0] - x[j], and the N - 2 inner points each give one second difference, for every m up to N - 1. Its
 * bias at long averaging times is `totalBias`.
 */
export function totdev(series: Series, m: number): Estimate {
  const { phase, known, tau0 } = series;
  const last = phase.length - 1;
  const count = (i: number) => (known === null ? 0 : (known[i] as number));
  const point = (i: number) => phase[i] as number;
  let sum = 0;
  let n = 0;
  for (let i = 1; i < last && m <= last; i += 1) {
    const here = point(i);
    const before = i - m;
    const after = i + m;
    let back = before >= 0 ? here - point(before) : here - point(0) + (point(-before) - point(0));
    let forth =
      after <= last ? point(after) - here : point(last) - here + (point(last) - point(2 * last - after));
    if (known !== null) {
      const backKnown = before >= 0 ? count(i) - count(before) : count(i) + count(-before);
      const forthKnown =
        after <= last ? count(after) - count(i) : 2 * count(last) - count(2 * last - after) - count(i);
      back = overGaps(back, backKnown, m);
      forth = overGaps(forth, forthKnown, m);
    }
    const difference = forth - back;
    if (Number.isNaN(difference)) continue;
    sum += difference * difference;
    n += 1;
  }
  return { value: Math.sqrt(sum / (2 * n)) / (m * tau0), n };
}

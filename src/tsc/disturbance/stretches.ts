import { type Brackets, span } from '../bracket.ts';
import { rateInterval } from '../interval.ts';

/** Brackets from index `from` up to, not including, `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Whether one line may pass through all of them. */
function fits(brackets: Brackets, from: number, to: number): boolean {
  const elapsed = (brackets.ns[to - 1] ?? 0) - (brackets.ns[from] ?? 0);
  if (elapsed < 0) return false;
  return elapsed <= brackets.resolutionNs || rateInterval(span(brackets, from, to)) !== null;
}

/**
 * How many brackets, counted from one end, a line can pass through; `fitting` asks for a count. A line through
 * many passes through fewer, so doubling and then halving finds the most, at a cost that grows with the answer.
 */
function mostFitting(count: number, fitting: (count: number) => boolean): number {
  let good = 1;
  let bad = 2;
  for (; bad < count && fitting(bad); bad *= 2) good = bad;
  if (bad >= count && fitting(count)) return count;
  bad = Math.min(bad, count);
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (fitting(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/**
 * Cuts a run into the fewest stretches through each of which a straight line passes. Where two meet, the counter
 * or the clock provably stepped or changed its rate; no threshold is involved.
 *
 * Cutting from the left puts each break as late as possible, cutting from the right as early as possible;
 * brackets in between belong to neither side and are left out.
 */
export function stretchesOf(brackets: Brackets): Range[] {
  const count = brackets.ns.length;
  if (count === 0) return [];
  // Nearly every run is one.
  if (fits(brackets, 0, count)) return [{ from: 0, to: count }];
  const latest: number[] = [];
  for (let from = 0; from < count; ) {
    const start = from;
    from += mostFitting(count - start, (many) => fits(brackets, start, start + many));
    latest.push(from);
  }
  const earliest: number[] = [];
  for (let to = count; to > 0; ) {
    const end = to;
    to -= mostFitting(end, (many) => fits(brackets, end - many, end));
    earliest.unshift(to);
  }
  return latest.map((_, k) => {
    const from = latest[k - 1] ?? 0;
    return { from, to: Math.max(from, earliest[k + 1] ?? count) };
  });
}

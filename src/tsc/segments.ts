import { NameWatch } from '../clock/changes.ts';
import { formatNs } from '../units.ts';
import { type Brackets, span } from './bracket.ts';
import type { Break } from './breaks.ts';
import type { ClockReadings } from './clock-readings.ts';
import { rateInterval } from './interval.ts';
import type { ClockEvent } from './result.ts';

/** Brackets `from` up to `to` belong to no part, because something happened among them. */
interface Gap {
  readonly from: number;
  readonly to: number;
  readonly cause: (beside: Break | null) => ClockEvent;
}

/** Wherever a TSC reading is lower than one taken before it. */
function backwardsGaps({ before, ns, after, cpu }: Brackets): Gap[] {
  const gaps: Gap[] = [];
  before.forEach((tsc, i) => {
    const earlier = i === 0 ? tsc : (after[i - 1] ?? tsc);
    const within = (after[i] ?? tsc) < tsc;
    if (tsc >= earlier && !within) return;
    const atNs = ns[i] ?? 0;
    const ticks = within ? tsc - (after[i] ?? tsc) : earlier - tsc;
    const moved =
      i > 0 && cpu[i] !== cpu[i - 1] ? `, as the thread moved from CPU ${cpu[i - 1]} to CPU ${cpu[i]}` : '';
    const cause = (beside: Break | null): ClockEvent => ({
      atNs,
      kind: 'counter-backwards',
      detail:
        beside === null || beside.stepNs === 0
          ? `the TSC went back by at least ${ticks} ticks${moved}`
          : `the TSC went back by ${formatNs(Math.abs(beside.stepNs))}${moved}`,
    });
    gaps.push({ from: i, to: within ? i + 1 : i, cause });
  });
  return gaps;
}

/** Wherever the kernel named another clocksource than before; the batches in between may be of either. */
function clocksourceGaps({ batch, ns }: Brackets, readings: readonly ClockReadings[]): Gap[] {
  const indexOf = (number: number) => {
    const index = batch.findIndex((each) => each >= number);
    return index < 0 ? batch.length : index;
  };
  const gaps: Gap[] = [];
  const names = new NameWatch();
  let named = 0;
  for (const reading of readings) {
    const change = names.push(reading.clocksource.value);
    if (change !== null) {
      const to = indexOf(reading.batch);
      const atNs = ns[Math.min(to, ns.length - 1)] ?? 0;
      const detail = `the kernel's clocksource changed from ${change.from} to ${change.to}`;
      gaps.push({ from: indexOf(named), to, cause: () => ({ atNs, kind: 'clocksource-change', detail }) });
    }
    if (reading.clocksource.value !== null) named = reading.batch;
  }
  return gaps;
}

/** Part of a run between two moments at which it certainly broke. */
interface Part {
  readonly brackets: Brackets;
  /** What separates it from the part before, given how the two meet; null for the first. */
  readonly cause: ((beside: Break | null) => ClockEvent) | null;
}

/** Cuts a run where its counter ran backwards and where the kernel changed its clocksource. */
export function partsOf(taken: Brackets, readings: readonly ClockReadings[]): Part[] {
  const gaps = [...backwardsGaps(taken), ...clocksourceGaps(taken, readings)].sort((a, b) => a.from - b.from);
  const parts: Part[] = [];
  let start = 0;
  let cause: Part['cause'] = null;
  for (const gap of gaps) {
    parts.push({ brackets: span(taken, start, Math.max(start, gap.from)), cause });
    start = Math.max(start, gap.to);
    cause = gap.cause;
  }
  return [...parts, { brackets: span(taken, start, taken.ns.length), cause }];
}

/** Brackets from index `from` up to, not including, `to`. */
export interface Segment {
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
 * Cuts a run into the fewest segments through each of which a straight line passes. Where two meet, the counter
 * or the clock provably stepped or changed its rate; no threshold is involved.
 *
 * Cutting from the left puts each break as late as possible, cutting from the right as early as possible;
 * brackets in between belong to neither side and are left out.
 */
export function segmentsOf(brackets: Brackets): Segment[] {
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

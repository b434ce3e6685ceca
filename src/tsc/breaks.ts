import type { ClockName } from '../host/clocks.ts';
import { mean } from '../statistics.ts';
import { formatNs, formatRatio } from '../units.ts';
import { type Brackets, durationOf, endToEndRate, windowsOf } from './bracket.ts';
import { fitRate } from './fit.ts';
import { rateInterval } from './interval.ts';
import type { ClockEvent } from './result.ts';

/** A line through a segment's centre. */
interface Line {
  readonly ticksPerNs: number;
  readonly centreNs: number;
  readonly centreTicks: number;
}

/** A shorter segment, or one of fewer batches, fits any slope: a step between two moments looks like one. */
const LEAST_NS = 500_000;
const LEAST_BATCHES = 4;

/** Whether a segment is long enough for a rate of its own. */
const hasRate = (brackets: Brackets): boolean =>
  durationOf(brackets) >= LEAST_NS && new Set(brackets.batch).size >= LEAST_BATCHES;

/** A segment's own rate, ticks for each ns; null where it has none. */
export const ownRate = (brackets: Brackets): number | null =>
  hasRate(brackets) ? (fitRate(brackets)?.ticksPerNs ?? endToEndRate(brackets)) : null;

/** The line through a segment's centre; one without a rate of its own takes `fallback`. */
function lineOf(brackets: Brackets, fallback: number | null): Line | null {
  const ticksPerNs = ownRate(brackets) ?? fallback;
  if (ticksPerNs === null || brackets.ns.length === 0) return null;
  const { before, ns, after } = brackets;
  return { ticksPerNs, centreNs: mean(ns), centreTicks: (mean(before) + mean(after)) / 2 };
}

const ticksAt = (line: Line, ns: number): number => line.centreTicks + line.ticksPerNs * (ns - line.centreNs);

/** Whether some rate is possible in both segments. */
function ratesOverlap(earlier: Brackets, later: Brackets): boolean {
  if (!hasRate(earlier) || !hasRate(later)) return true;
  const [first, second] = [rateInterval(earlier), rateInterval(later)];
  return first === null || second === null || (first.low <= second.high && second.low <= first.high);
}

/** What changed where two segments of one clock meet. */
export interface Break {
  /** When, ns since the first bracket of the run, by the measured clock. */
  readonly atNs: number;
  /** Change of the clock's rate against the counter, as a ratio; 0 where one rate may hold on both sides. */
  readonly rateChange: number;
  /** How far the clock jumped against the counter, ns; 0 where the two lines meet in between. */
  readonly stepNs: number;
}

/**
 * Compares the lines before and after a break.
 *
 * @param elsewhere the rate of a longer segment of the same run, where one is known, ticks for each ns.
 * @returns null where there is nothing to draw a line through.
 */
export function breakBetween(
  earlier: Brackets,
  later: Brackets,
  elsewhere: number | null = null,
): Break | null {
  const first = lineOf(earlier, ownRate(later) ?? elsewhere);
  const second = lineOf(later, ownRate(earlier) ?? elsewhere);
  if (first === null || second === null) return null;
  const from = earlier.ns.at(-1) ?? 0;
  const to = later.ns[0] ?? 0;
  const gapAt = (ns: number) => ticksAt(second, ns) - ticksAt(first, ns);
  const gaps = [gapAt(from), gapAt(to)].sort((a, b) => Math.abs(a) - Math.abs(b));
  const [smaller = 0, larger = 0] = gaps;
  const blur = 2 * Math.max(...windowsOf(earlier).subarray(-1), ...windowsOf(later).subarray(0, 1));
  const crosses = smaller * larger <= 0 || Math.abs(smaller) <= blur;
  return {
    atNs: (from + to) / 2,
    rateChange: ratesOverlap(earlier, later) ? 0 : first.ticksPerNs / second.ticksPerNs - 1,
    // At one and the same clock reading the counter is ahead: so the clock was set back.
    stepNs: crosses ? 0 : -smaller / first.ticksPerNs,
  };
}

/** Changes of rate below this are what a disciplined clock, or two warm oscillators, do all the time. */
const LEAST_RATE_CHANGE = 2e-6;

/** Whether a break is more than a wandering rate. */
export const isEvent = ({ rateChange, stepNs }: Break): boolean =>
  stepNs !== 0 || Math.abs(rateChange) >= LEAST_RATE_CHANGE;

/** True where CLOCK_MONOTONIC_RAW, made from the counter alone, shows at least half of what the measured clock shows. */
const shares = (raw: number, measured: number): boolean => Math.abs(raw - measured) < Math.abs(measured) / 2;

/**
 * Names what happened where two segments meet.
 *
 * @param raw how CLOCK_MONOTONIC_RAW, which nothing steers, met itself there; null where it was not read. If it
 * took part, then the counter changed, and not the measured clock.
 */
export function nameBreak(clock: ClockName, found: Break, raw: Break | null): ClockEvent[] {
  const { atNs, rateChange, stepNs } = found;
  const events: ClockEvent[] = [];
  const unsteered = clock === 'monotonic_raw';
  if (stepNs !== 0) {
    const counter = unsteered || (raw !== null && shares(raw.stepNs, stepNs));
    const detail = counter
      ? `the TSC and ${clock} moved apart by ${formatNs(Math.abs(stepNs))} at once`
      : `${clock} was set ${stepNs > 0 ? 'forward' : 'back'} by ${formatNs(Math.abs(stepNs))}`;
    events.push({ atNs, kind: counter ? 'counter-step' : 'step', detail });
  }
  if (Math.abs(rateChange) >= LEAST_RATE_CHANGE) {
    const counter = unsteered || (raw !== null && shares(raw.rateChange, rateChange));
    const detail = counter
      ? `the TSC's rate against ${clock} changed by ${formatRatio(-rateChange)}`
      : `the kernel began to slew ${clock}: its rate changed by ${formatRatio(rateChange)}`;
    events.push({ atNs, kind: counter ? 'counter-rate-change' : 'slew', detail });
  }
  return events;
}

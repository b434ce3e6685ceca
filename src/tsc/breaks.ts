import type { ClockName } from '../host/clocks.ts';
import type { ClockEvent } from '../schema/calibrate.ts';
import { formatNs, formatRatio } from '../units.ts';
import { type Brackets, windowsOf } from './bracket.ts';
import { fitRate } from './fit.ts';

/** A line through a stretch's centre. */
interface Line {
  readonly ticksPerNs: number;
  readonly centreNs: number;
  readonly centreTicks: number;
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The line through a stretch; a single moment takes its slope from `neighbour`. */
function lineOf(brackets: Brackets, neighbour: Line | null): Line | null {
  const { before, ns, after } = brackets;
  const last = ns.length - 1;
  const elapsed = (ns[last] ?? 0) - (ns[0] ?? 0);
  const endToEnd = elapsed > LEAST_NS ? ((before[last] ?? 0) - (before[0] ?? 0)) / elapsed : null;
  const ticksPerNs = elapsed > LEAST_NS ? (fitRate(brackets)?.ticksPerNs ?? endToEnd) : neighbour?.ticksPerNs;
  if (ticksPerNs === null || ticksPerNs === undefined || last < 0) return null;
  return { ticksPerNs, centreNs: mean(ns), centreTicks: (mean(before) + mean(after)) / 2 };
}

/** A stretch shorter than this has a rate of its own only to a few hundred ppm. */
const LEAST_NS = 500_000;

const ticksAt = (line: Line, ns: number): number => line.centreTicks + line.ticksPerNs * (ns - line.centreNs);

/** How two stretches of one clock meet. */
export interface Meeting {
  /** When, ns since the first bracket of the run, by the measured clock. */
  readonly atNs: number;
  /** Change of the clock's rate against the counter, as a ratio. */
  readonly rateChange: number;
  /** How far the clock jumped against the counter, ns; 0 where the two lines meet in between. */
  readonly stepNs: number;
}

/**
 * Compares the lines before and after a break.
 *
 * @returns null where one of them holds nothing to draw a line through.
 */
export function meet(earlier: Brackets, later: Brackets): Meeting | null {
  const rough = lineOf(earlier, null) ?? lineOf(later, null);
  const first = lineOf(earlier, rough);
  const second = lineOf(later, rough);
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
    rateChange: first.ticksPerNs / second.ticksPerNs - 1,
    // At one and the same clock reading the counter is ahead: so the clock was set back.
    stepNs: crosses ? 0 : -smaller / first.ticksPerNs,
  };
}

/** Changes of rate below this are what a disciplined clock, or two warm oscillators, do all the time. */
export const LEAST_RATE_CHANGE = 2e-6;

/** Whether a break is more than a wandering rate. */
export const isEvent = ({ rateChange, stepNs }: Meeting): boolean =>
  stepNs !== 0 || Math.abs(rateChange) >= LEAST_RATE_CHANGE;

/** True where `witness`, made from the counter alone, shows at least half of what the measured clock shows. */
const shares = (witness: number, measured: number): boolean =>
  Math.abs(witness - measured) < Math.abs(measured) / 2;

/**
 * Names what happened where two stretches meet.
 *
 * @param raw how CLOCK_MONOTONIC_RAW, which nothing steers, met itself there; null where it was not heard. If it
 * took part, then the counter changed, and not the measured clock.
 */
export function nameBreak(clock: ClockName, meeting: Meeting, raw: Meeting | null): ClockEvent[] {
  const { atNs, rateChange, stepNs } = meeting;
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

import type { ClockName } from '../host/clocks.ts';
import { type Brackets, durationOf, narrow, span } from './bracket.ts';
import { type Break, breakBetween, isEvent, nameBreak, ownRate } from './breaks.ts';
import type { ClockReadings } from './clock-readings.ts';
import { jumpsOf, type Scale, withJumps } from './jumps.ts';
import type { ClockEvent } from './result.ts';
import { partsOf, type Segment, segmentsOf } from './segments.ts';

/** What is left of a run once every disturbed part is taken out. */
interface Undisturbed {
  /** The narrow brackets of the longest segment without an event. */
  readonly longest: Brackets;
  readonly events: readonly ClockEvent[];
  /** True where no single line passes through `longest`, though nothing sudden happened. */
  readonly wanders: boolean;
  /** True where `longest` is the whole run. */
  readonly isWhole: boolean;
}

/** Brackets without an event between them; `wanders` where several lines were joined. */
interface Joined {
  readonly brackets: Brackets;
  readonly wanders: boolean;
}

/**
 * Finds everything that happened to the clock or to the counter, and the longest segment that nothing happened
 * in.
 *
 * @param loosen what the clock's own counter, if it has one, asks of the brackets.
 */
export function withoutDisturbances(
  clock: ClockName,
  taken: Brackets,
  readings: readonly ClockReadings[],
  loosen: (brackets: Brackets) => Brackets,
): Undisturbed {
  const raw = clock === 'monotonic_raw' ? null : rawBrackets(taken, readings);
  const events: ClockEvent[] = [];
  const segments: Joined[] = [];
  let previous: Brackets | null = null;
  for (const part of partsOf(taken, readings)) {
    const brackets = loosen(narrow(part.brackets));
    const inPart = segmentsIn(clock, brackets, raw);
    const [first] = inPart.segments;
    if (first === undefined) continue;
    if (part.cause !== null)
      events.push(part.cause(previous === null ? null : breakBetween(previous, first.brackets)));
    events.push(...inPart.events);
    segments.push(...inPart.segments);
    previous = inPart.segments.at(-1)?.brackets ?? null;
  }
  const [longest] = segments.toSorted((a, b) => worthOf(b) - worthOf(a));
  if (longest === undefined) return { longest: span(taken, 0, 0), events, wanders: false, isWhole: false };
  return {
    longest: longest.brackets,
    events: withJumps(clock, events, jumpsOf(taken, readings, scaleOf(longest.brackets))),
    wanders: longest.wanders,
    isWhole: segments.length === 1,
  };
}

/** A segment through which a line passes is worth one several times as long that was joined from many. */
const worthOf = ({ brackets, wanders }: Joined): number => durationOf(brackets) * (wanders ? 0.25 : 1);

const scaleOf = (brackets: Brackets): Scale => ({
  ticksPerNs: ((brackets.before.at(-1) ?? 0) - (brackets.before[0] ?? 0)) / durationOf(brackets),
  resolutionNs: brackets.resolutionNs,
});

/** The segments of one part, joined where the rate only wandered, and the events between them. */
function segmentsIn(
  clock: ClockName,
  brackets: Brackets,
  raw: Brackets | null,
): { segments: Joined[]; events: ClockEvent[] } {
  const events: ClockEvent[] = [];
  const joined: { segment: Segment; wanders: boolean }[] = [];
  const segments = segmentsOf(brackets).filter(({ from, to }) => to > from);
  const [longest] = segments.toSorted((a, b) => b.to - b.from - (a.to - a.from));
  const usual = longest === undefined ? null : ownRate(span(brackets, longest.from, longest.to));
  let before: Brackets | null = null;
  for (const segment of segments) {
    const later = span(brackets, segment.from, segment.to);
    const found = before === null ? null : breakBetween(before, later, usual);
    const last = joined.at(-1);
    if (before !== null && last !== undefined && (found === null || !isEvent(found))) {
      joined[joined.length - 1] = { segment: { from: last.segment.from, to: segment.to }, wanders: true };
    } else {
      if (before !== null && found !== null) {
        events.push(...nameBreak(clock, found, raw === null ? null : breakWithin(raw, before, later)));
      }
      joined.push({ segment, wanders: false });
    }
    before = later;
  }
  return {
    segments: joined.map(({ segment, wanders }) => ({
      brackets: span(brackets, segment.from, segment.to),
      wanders,
    })),
    events,
  };
}

/** CLOCK_MONOTONIC_RAW as it was read now and then, on the run's own counter. */
function rawBrackets(taken: Brackets, readings: readonly ClockReadings[]): Brackets {
  const rows = readings.map(({ brackets }) => brackets.monotonic_raw);
  const baseNs = rows[0]?.ns ?? 0n;
  const sinceBase = (tsc: bigint) => Number(BigInt.asIntN(64, tsc - taken.baseTsc));
  return {
    baseTsc: taken.baseTsc,
    before: Float64Array.from(rows, ({ before }) => sinceBase(before)),
    ns: Float64Array.from(rows, ({ ns }) => Number(ns - baseNs)),
    after: Float64Array.from(rows, ({ after }) => sinceBase(after)),
    batch: Int32Array.from(readings, ({ batch }) => batch),
    cpu: new Int32Array(rows.length),
    resolutionNs: taken.resolutionNs,
    madeFromTsc: taken.madeFromTsc,
  };
}

/** What happened to it where two segments of the measured clock meet. */
function breakWithin(raw: Brackets, earlier: Brackets, later: Brackets): Break | null {
  const within = (segment: Brackets): Brackets => {
    const [first = 0, last = 0] = [segment.batch[0], segment.batch.at(-1)];
    // What was read after batch n was read before batch n + 1.
    const from = raw.batch.findIndex((batch) => batch > first);
    const to = raw.batch.findLastIndex((batch) => batch <= last) + 1;
    return span(raw, Math.max(0, from), Math.max(0, from, to));
  };
  return breakBetween(within(earlier), within(later));
}

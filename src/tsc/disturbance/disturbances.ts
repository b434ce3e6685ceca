import type { ClockName } from '../../host/clocks.ts';
import { type Brackets, narrow, span } from '../bracket.ts';
import type { ClockEvent } from '../result.ts';
import { isEvent, type Meeting, meet, nameBreak, ownRate } from './breaks.ts';
import { jumpsOf, type Scale, withJumps } from './jumps.ts';
import { piecesOf } from './pieces.ts';
import { type Range, stretchesOf } from './stretches.ts';
import type { Testimony } from './witness.ts';

/** What is left of a run once every disturbed part is taken out. */
export interface Undisturbed {
  /** The narrow brackets of the longest stretch without an event. */
  readonly longest: Brackets;
  readonly events: readonly ClockEvent[];
  /** True where no single line passes through `longest`, though nothing sudden happened. */
  readonly wanders: boolean;
  /** True where `longest` is the whole run. */
  readonly isWhole: boolean;
}

/** A stretch of a piece; `wanders` where it was joined from several lines. */
interface Stretch {
  readonly brackets: Brackets;
  readonly wanders: boolean;
}

/**
 * Finds everything that happened to the clock or to the counter, and the longest stretch that nothing happened
 * in.
 *
 * @param loosen what the clock's own counter, if it has one, asks of the brackets.
 */
export function withoutDisturbances(
  clock: ClockName,
  taken: Brackets,
  heard: readonly Testimony[],
  loosen: (brackets: Brackets) => Brackets,
): Undisturbed {
  const raw = clock === 'monotonic_raw' ? null : rawWitness(taken, heard);
  const events: ClockEvent[] = [];
  const stretches: Stretch[] = [];
  let previous: Brackets | null = null;
  for (const piece of piecesOf(taken, heard)) {
    const brackets = loosen(narrow(piece.brackets));
    const inPiece = stretchesIn(clock, brackets, raw);
    const [first] = inPiece.stretches;
    if (first === undefined) continue;
    if (piece.cause !== null)
      events.push(piece.cause(previous === null ? null : meet(previous, first.brackets)));
    events.push(...inPiece.events);
    stretches.push(...inPiece.stretches);
    previous = inPiece.stretches.at(-1)?.brackets ?? null;
  }
  const [longest] = stretches.toSorted((a, b) => worthOf(b) - worthOf(a));
  if (longest === undefined) return { longest: span(taken, 0, 0), events, wanders: false, isWhole: false };
  return {
    longest: longest.brackets,
    events: withJumps(clock, events, jumpsOf(taken, heard, scaleOf(longest.brackets))),
    wanders: longest.wanders,
    isWhole: stretches.length === 1,
  };
}

/** A stretch through which a line passes is worth one several times as long that was joined from many. */
const worthOf = ({ brackets, wanders }: Stretch): number => durationOf(brackets) * (wanders ? 0.25 : 1);

/** How long a stretch lasted by its own clock, ns. */
export const durationOf = ({ ns }: Brackets): number => (ns.at(-1) ?? 0) - (ns[0] ?? 0);

const scaleOf = (brackets: Brackets): Scale => ({
  ticksPerNs: ((brackets.before.at(-1) ?? 0) - (brackets.before[0] ?? 0)) / durationOf(brackets),
  resolutionNs: brackets.resolutionNs,
});

/** The stretches of one piece, joined where the rate only wandered, and the events between them. */
function stretchesIn(
  clock: ClockName,
  brackets: Brackets,
  raw: Brackets | null,
): { stretches: Stretch[]; events: ClockEvent[] } {
  const events: ClockEvent[] = [];
  const joined: { range: Range; wanders: boolean }[] = [];
  const ranges = stretchesOf(brackets).filter(({ from, to }) => to > from);
  const [longest] = ranges.toSorted((a, b) => b.to - b.from - (a.to - a.from));
  const usual = longest === undefined ? null : ownRate(span(brackets, longest.from, longest.to));
  let before: Brackets | null = null;
  for (const range of ranges) {
    const stretch = span(brackets, range.from, range.to);
    const meeting = before === null ? null : meet(before, stretch, usual);
    const last = joined.at(-1);
    if (before !== null && last !== undefined && (meeting === null || !isEvent(meeting))) {
      joined[joined.length - 1] = { range: { from: last.range.from, to: range.to }, wanders: true };
    } else {
      if (before !== null && meeting !== null) {
        events.push(...nameBreak(clock, meeting, raw === null ? null : meetWithin(raw, before, stretch)));
      }
      joined.push({ range, wanders: false });
    }
    before = stretch;
  }
  return {
    stretches: joined.map(({ range, wanders }) => ({
      brackets: span(brackets, range.from, range.to),
      wanders,
    })),
    events,
  };
}

/** CLOCK_MONOTONIC_RAW as the witnesses heard it, on the run's own counter. */
function rawWitness(taken: Brackets, heard: readonly Testimony[]): Brackets {
  const rows = heard.map(({ brackets }) => brackets.monotonic_raw);
  const baseNs = rows[0]?.[1] ?? 0n;
  const sinceBase = (tsc: bigint) => Number(BigInt.asIntN(64, tsc - taken.baseTsc));
  return {
    baseTsc: taken.baseTsc,
    baseNs,
    before: Float64Array.from(rows, ([before]) => sinceBase(before)),
    ns: Float64Array.from(rows, ([, ns]) => Number(ns - baseNs)),
    after: Float64Array.from(rows, ([, , after]) => sinceBase(after)),
    batch: Int32Array.from(heard, ({ batch }) => batch),
    cpu: new Int32Array(rows.length),
    resolutionNs: taken.resolutionNs,
    madeFromTsc: taken.madeFromTsc,
  };
}

/** How the witness met itself where two stretches of the measured clock meet. */
function meetWithin(raw: Brackets, earlier: Brackets, later: Brackets): Meeting | null {
  const within = (stretch: Brackets): Brackets => {
    const [first = 0, last = 0] = [stretch.batch[0], stretch.batch.at(-1)];
    // A witness heard after batch n was heard before batch n + 1.
    const from = raw.batch.findIndex((batch) => batch > first);
    const to = raw.batch.findLastIndex((batch) => batch <= last) + 1;
    return span(raw, Math.max(0, from), Math.max(0, from, to));
  };
  return meet(within(earlier), within(later));
}

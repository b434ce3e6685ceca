import { formatNs } from '../../units.ts';
import { type Brackets, span } from '../bracket.ts';
import type { ClockEvent } from '../result.ts';
import type { Meeting } from './breaks.ts';
import type { Testimony } from './witness.ts';

/** Part of a run between two moments at which it certainly broke. */
export interface Piece {
  readonly brackets: Brackets;
  /** What separates it from the piece before, given how the two meet; null for the first. */
  readonly cause: ((meeting: Meeting | null) => ClockEvent) | null;
}

/** Brackets `from` up to `to` belong to no piece, because something happened among them. */
interface Cut {
  readonly from: number;
  readonly to: number;
  readonly cause: (meeting: Meeting | null) => ClockEvent;
}

/** Wherever a TSC reading is lower than one taken before it. */
function backwardsCuts({ before, ns, after, cpu }: Brackets): Cut[] {
  const cuts: Cut[] = [];
  before.forEach((tsc, i) => {
    const earlier = i === 0 ? tsc : (after[i - 1] ?? tsc);
    const within = (after[i] ?? tsc) < tsc;
    if (tsc >= earlier && !within) return;
    const atNs = ns[i] ?? 0;
    const ticks = within ? tsc - (after[i] ?? tsc) : earlier - tsc;
    const moved =
      i > 0 && cpu[i] !== cpu[i - 1] ? `, as the thread moved from CPU ${cpu[i - 1]} to CPU ${cpu[i]}` : '';
    const cause = (meeting: Meeting | null): ClockEvent => ({
      atNs,
      kind: 'counter-backwards',
      detail:
        meeting === null || meeting.stepNs === 0
          ? `the TSC went back by at least ${ticks} ticks${moved}`
          : `the TSC went back by ${formatNs(Math.abs(meeting.stepNs))}${moved}`,
    });
    cuts.push({ from: i, to: within ? i + 1 : i, cause });
  });
  return cuts;
}

/** Wherever the kernel named another clocksource than before; the batches in between may be of either. */
function clocksourceCuts({ batch, ns }: Brackets, heard: readonly Testimony[]): Cut[] {
  const cuts: Cut[] = [];
  const indexOf = (number: number) => {
    const index = batch.findIndex((each) => each >= number);
    return index < 0 ? batch.length : index;
  };
  let last = heard[0];
  for (const testimony of heard.slice(1)) {
    const was = last?.clocksource.value ?? null;
    const is = testimony.clocksource.value;
    if (last !== undefined && was !== null && is !== null && was !== is) {
      const from = indexOf(last.batch);
      const to = indexOf(testimony.batch);
      const atNs = ns[Math.min(to, ns.length - 1)] ?? 0;
      const detail = `the kernel's clocksource changed from ${was} to ${is}`;
      cuts.push({ from, to, cause: () => ({ atNs, kind: 'clocksource-change', detail }) });
    }
    if (is !== null) last = testimony;
  }
  return cuts;
}

/** Cuts a run where its counter ran backwards and where the kernel changed its clocksource. */
export function piecesOf(taken: Brackets, heard: readonly Testimony[]): Piece[] {
  const cuts = [...backwardsCuts(taken), ...clocksourceCuts(taken, heard)].sort((a, b) => a.from - b.from);
  const pieces: Piece[] = [];
  let start = 0;
  let cause: Piece['cause'] = null;
  for (const cut of cuts) {
    pieces.push({ brackets: span(taken, start, Math.max(start, cut.from)), cause });
    start = Math.max(start, cut.to);
    cause = cut.cause;
  }
  return [...pieces, { brackets: span(taken, start, taken.ns.length), cause }];
}

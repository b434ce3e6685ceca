import { latenessOn, ticksOn } from './grid.ts';
import { modulo, type Phase, phaseOf, wrapped } from './phase.ts';
import type { StopTrace } from './trace.ts';

/** Where the interrupts after a resume lie: on the timer's old grid, on one that starts at the resume, or on neither. */
export type GridKind = 'old' | 'resume' | 'other' | 'unclear';

/** What a trace shows, before anything is concluded from it. */
export interface StopFinding {
  readonly stopNs: number;
  /** Ticks of the old grid that came due after the last interrupt before the stop, up to the resume. */
  readonly missedTicks: number;
  /** Those of them for which no interrupt came before the next tick was due. */
  readonly lostTicks: number;
  readonly interruptsFirstPeriod: number;
  /** From the resume to the first interrupt; null where none came. */
  readonly firstInterruptNs: number | null;
  /** How far the resume was past a point of the old grid: what a grid that starts at the resume is shifted by. */
  readonly resumePhaseNs: number;
  /** How much later in the period interrupts come than before the stop, as the shorter way round. */
  readonly phaseShiftNs: number | null;
  readonly phaseShiftErrorNs: number | null;
  readonly grid: GridKind;
  /** Why the grid is unclear; else null. */
  readonly unclear: string | null;
}

/** Fewer interrupts on either side say nothing about a phase. */
export const LEAST_INTERRUPTS = 20;
/** The resume must be this far from the old grid, in periods, for the two grids to differ. */
const LEAST_DISTANCE = 1 / 4;
/** A shift belongs to a grid when it is nearer to it than this share of the distance between the two. */
const NEAR = 0.3;
/** Standard errors that must fit into that. */
const SIGMAS = 4;

/** Before the stop, and after it without the first period, which holds the coalesced interrupt. */
function phases(trace: StopTrace): { before: Phase; after: Phase } {
  const { deliveriesNs, periodNs } = trace;
  return {
    before: phaseOf(
      deliveriesNs.filter((time) => time < 0),
      periodNs,
    ),
    after: phaseOf(
      deliveriesNs.filter((time) => time >= periodNs),
      periodNs,
    ),
  };
}

function gridOf(
  shiftNs: number,
  errorNs: number,
  resumePhaseNs: number,
  periodNs: number,
): [GridKind, string | null] {
  const distance = Math.abs(wrapped(resumePhaseNs, periodNs));
  if (distance < periodNs * LEAST_DISTANCE) {
    return ['unclear', 'the resume fell on the old grid, so that both grids are one'];
  }
  if (errorNs * SIGMAS > distance * NEAR)
    return ['unclear', "the interrupts' lateness varies too much on this host"];
  if (Math.abs(shiftNs) < distance * NEAR) return ['old', null];
  if (Math.abs(wrapped(shiftNs - resumePhaseNs, periodNs)) < distance * NEAR) return ['resume', null];
  return ['other', null];
}

/** Pure: what the interrupts of one trace say. */
export function findingOf(trace: StopTrace): StopFinding {
  const { deliveriesNs, periodNs, leftNs } = trace;
  const [start] = trace.startNs;
  const after = deliveriesNs.filter((time) => time >= 0);
  const lastBefore = deliveriesNs.filter((time) => time < 0).at(-1) ?? leftNs;
  const [lastTick = 0, resumeTick = 0] = ticksOn([lastBefore, 0], start, periodNs);
  const [resumePhaseNs = 0] = latenessOn([0], start, periodNs);
  const missedTicks = resumeTick - lastTick;
  const facts = {
    stopNs: -leftNs,
    missedTicks,
    lostTicks: missedTicks - after.filter((time) => time < periodNs - resumePhaseNs).length,
    interruptsFirstPeriod: after.filter((time) => time < periodNs).length,
    firstInterruptNs: after[0] ?? null,
    resumePhaseNs,
  };
  const { before, after: later } = phases(trace);
  if (before.count < LEAST_INTERRUPTS || later.count < LEAST_INTERRUPTS) {
    const unclear = `only ${before.count} interrupts before the stop and ${later.count} after it were recorded`;
    return { ...facts, phaseShiftNs: null, phaseShiftErrorNs: null, grid: 'unclear', unclear };
  }
  const phaseShiftNs = wrapped(modulo(later.meanNs - before.meanNs, periodNs), periodNs);
  const phaseShiftErrorNs = Math.hypot(before.errorNs, later.errorNs);
  const [grid, unclear] = gridOf(phaseShiftNs, phaseShiftErrorNs, resumePhaseNs, periodNs);
  return { ...facts, phaseShiftNs, phaseShiftErrorNs, grid, unclear };
}
